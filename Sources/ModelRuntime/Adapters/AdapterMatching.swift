// An adapter and a model that agree: every tensor of the adapter has its place in a matrix of the model.
// Not yet packed: PackedAdapter.swift. What does not agree is reported by AdapterError.swift.

import TensorTypes

/// What an adapter adds to a source of a matrix.
struct AdapterPart {
    /// The inner numbers of the low-rank map.
    let rank: Int
    /// What the product of both factors is multiplied by.
    let scale: Double
    /// lora_A: `[rank, inputs]`; the inner axes of a convolution's kernel count as inputs.
    let down: TensorEntry
    /// lora_B: `[outputs, rank]`.
    let up: TensorEntry
}

/// The tensors of an adapter, in the places where a model needs them.
struct AdapterMatching {
    /// What is added to each source that is adapted.
    private(set) var parts: [AdapterPlace: AdapterPart] = [:]
    /// The number of tensors of the model that are adapted.
    private(set) var moduleCount = 0
    /// Tensors that have no place.
    private(set) var problems = ProblemList<AdapterError.Problem>()

    private let targets: AdapterTargets
    private let configuration: AdapterConfiguration
    private var budget = ModulePattern.Budget()
    private var moduleOfWeight: [String: String] = [:]

    /// Looks up all modules of an adapter.
    init(_ tensors: AdapterTensors, _ configuration: AdapterConfiguration, targets: AdapterTargets, path: String) {
        self.targets = targets
        self.configuration = configuration
        for module in tensors.modules {
            guard match(module.path, module.halves) else {
                problems.append(.patterns(path: path))
                return
            }
        }
        if tensors.modules.isEmpty, tensors.problems.isEmpty {
            problems.append(.noTensors(path: tensors.file.file.path))
        }
    }

    private mutating func report(_ halves: AdapterTensors.Halves, _ fault: AdapterError.Fault) {
        for tensor in [halves.down, halves.up] {
            if let tensor { problems.append(.tensor(name: tensor.name, fault)) }
        }
    }

    /// Finds the place of one module; false if patterns take too long.
    private mutating func match(_ path: String, _ halves: AdapterTensors.Halves) -> Bool {
        let weight = targets.weightName(ofModule: path)
        guard let target = targets.targets[weight] else {
            report(halves, targets.tables.contains(weight) ? .embedding : .noMatrix)
            return true
        }
        guard let module = configuration.module(at: path, &budget) else { return false }
        if !module.isTargeted { report(halves, .notTargeted) }
        guard let down = halves.down, let up = halves.up else {
            let missing = halves.down == nil ? AdapterTensors.downEnding : AdapterTensors.upEnding
            report(halves, .alone(missing: String(missing.dropFirst())))
            return true
        }
        if let other = moduleOfWeight.updateValue(path, forKey: weight) { report(halves, .twice(with: other)) }
        let inner = target.shape.dropFirst()
        let outputs = target.shape.first ?? 1
        let areRight = [
            check(down, shape: [module.rank] + inner),
            check(up, shape: [outputs, module.rank] + [Int](repeating: 1, count: max(inner.count - 1, 0))),
        ]
        guard !areRight.contains(false) else { return true }
        moduleCount += 1
        for place in target.places {
            parts[place] = AdapterPart(rank: module.rank, scale: module.scale, down: down, up: up)
        }
        return true
    }

    private mutating func check(_ tensor: TensorEntry, shape: [Int]) -> Bool {
        if tensor.shape != shape {
            problems.append(.tensor(name: tensor.name, .shape(found: tensor.shape, expected: shape)))
            return false
        }
        if !tensor.element.isFloatingPoint {
            problems.append(.tensor(name: tensor.name, .type(tensor.element)))
            return false
        }
        return true
    }
}
