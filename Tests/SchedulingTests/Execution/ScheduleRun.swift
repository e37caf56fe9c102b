// Runs a schedule in Double: every call by its meaning, every value at its planned offset in one arena.
// The arena begins as NaN and is shared by all layers, so a wrong plan gives wrong numbers.

@testable import ComputeGraph
@testable import ReferenceInterpreter
@testable import Scheduling

/// One arena, in which one number stands for four bytes.
final class Arena {
    private let units: [DimensionSymbol: Int]
    private var parts: [DimensionSymbol: [Double]]

    init(_ plan: BufferPlan, sizes: [DimensionSymbol: Int]) {
        let units = sizes.mapValues { roundedUp($0, to: BufferPlan.unitGranularity) }
        self.units = units
        parts = Dictionary(
            uniqueKeysWithValues: plan.bytesPerUnit.map { symbol, bytes in
                (symbol, Array(repeating: .nan, count: bytes / 4 * (units[symbol] ?? 0)))
            }
        )
    }

    private func start(_ buffer: Buffer, base: Int) -> Int {
        (base + buffer.offsetPerUnit) / 4 * (units[buffer.symbol] ?? 0)
    }

    func read(_ buffer: Buffer, base: Int, count: Int) throws -> [Double] {
        let start = start(buffer, base: base)
        guard let part = parts[buffer.symbol], start >= 0, start + count <= part.count else { throw OutsideTheArena() }
        return Array(part[start..<start + count])
    }

    func write(_ elements: [Double], _ buffer: Buffer, base: Int) throws {
        let start = start(buffer, base: base)
        guard let part = parts[buffer.symbol], start >= 0, start + elements.count <= part.count else {
            throw OutsideTheArena()
        }
        parts[buffer.symbol]?.replaceSubrange(start..<start + elements.count, with: elements)
    }

    struct OutsideTheArena: Error {}
}

/// A place that the caller of a routine passes.
private final class Place {
    var value: InterpretedValue<Double>?
    init(_ value: InterpretedValue<Double>?) { self.value = value }
}

/// Runs the entry `name` of `routines` and gives its results, as the reference interpreter does.
func runSchedule(
    _ routines: [Routine],
    _ name: String,
    with parameters: [String: InterpretedValue<Double>],
    weights: WeightTable<Double>,
    sizes: [DimensionSymbol: Int]
) throws -> (results: [String: Tensor<Double>], cache: KeyValueCache<Double>?) {
    let run = ScheduleRun(routines: routines, weights: weights, sizes: sizes)
    return try run.entry(name, with: parameters)
}

private struct ScheduleRun {
    let routines: [Routine]
    let weights: WeightTable<Double>
    let sizes: [DimensionSymbol: Int]

    func routine(_ name: String) throws -> Routine {
        guard let routine = routines.first(where: { $0.block.name == name }) else {
            throw ShapeViolationOfCall(description: "there is no routine \(name)")
        }
        return routine
    }

    func entry(
        _ name: String,
        with parameters: [String: InterpretedValue<Double>]
    ) throws -> (results: [String: Tensor<Double>], cache: KeyValueCache<Double>?) {
        let routine = try routine(name)
        let block = routine.block
        var places: [ValueID: Place] = [:]
        for id in block.parameters { places[id] = Place(parameters[block[id].name]) }
        let frame = Frame(
            run: self,
            routine: routine,
            arena: Arena(routine.plan, sizes: sizes),
            base: 0,
            layer: nil,
            places: places
        )
        try frame.execute()
        var results: [String: Tensor<Double>] = [:]
        for id in block.results { results[block[id].name] = try frame.value(id).tensor }
        let cache = block.parameters.first { block[$0].type == .cache }.flatMap { places[$0]?.value?.cache }
        return (results, cache)
    }
}

/// One routine at work.
private final class Frame {
    let run: ScheduleRun
    let routine: Routine
    let arena: Arena
    /// Bytes per unit before this routine's part of the arena.
    let base: Int
    let layer: Int?
    let places: [ValueID: Place]
    private var outputs: [ValueID: InterpretedValue<Double>] = [:]

    init(run: ScheduleRun, routine: Routine, arena: Arena, base: Int, layer: Int?, places: [ValueID: Place]) {
        self.run = run
        self.routine = routine
        self.arena = arena
        self.base = base
        self.layer = layer
        self.places = places
    }

    private var block: Block { routine.block }

    private func shape(_ id: ValueID) throws -> [Int] {
        let shape = block[id].type.tensor?.shape.compactMap { $0.size(with: run.sizes) }
        guard let shape, shape.count == block[id].type.tensor?.shape.count else {
            throw ShapeViolationOfCall(description: "\(block[id].name) has no size")
        }
        return shape
    }

    func value(_ id: ValueID) throws -> InterpretedValue<Double> {
        switch routine.plan.storage[id] {
        case .buffer(let index):
            let shape = try shape(id)
            let count = shape.reduce(1, *)
            let elements = try arena.read(routine.plan.buffers[index], base: base, count: count)
            return .tensor(try Tensor(shape: shape, elements: elements))
        case .parameter(let place): return try reshaped(places[place]?.value, id)
        case .output(let place): return try reshaped(outputs[place], id)
        case .weight, nil: throw ShapeViolationOfCall(description: "\(block[id].name) has no memory to read")
        }
    }

    private func reshaped(_ value: InterpretedValue<Double>?, _ id: ValueID) throws -> InterpretedValue<Double> {
        guard let value else { throw ShapeViolationOfCall(description: "\(block[id].name) was never written") }
        guard case .tensor(let tensor) = value else { return value }
        return .tensor(try Tensor(shape: shape(id), elements: tensor.elements))
    }

    private func write(_ value: InterpretedValue<Double>, _ id: ValueID) throws {
        switch routine.plan.storage[id] {
        case .buffer(let index):
            try arena.write(value.tensor?.elements ?? [], routine.plan.buffers[index], base: base)
        case .parameter(let place): places[place]?.value = value
        case .output(let place): outputs[place] = value
        case .weight, nil: throw ShapeViolationOfCall(description: "\(block[id].name) has no memory to write")
        }
    }

    func execute() throws {
        for (index, step) in routine.steps.enumerated() {
            if case .layers(let loop, let operands, let results) = step.call {
                try run(loop, operands, results, at: index)
                continue
            }
            let meaning = try meaning(of: step.call, in: block)
            // Weights are named by layer, which an entry does not have.
            let local = Block(
                name: meaning.name,
                role: .entry,
                values: meaning.values.map { value in
                    guard let weight = value.weight, let layer else { return value }
                    return Value(name: value.name, type: value.type, origin: .weight(weight.inLayer(layer)))
                },
                parameters: meaning.parameters,
                operations: meaning.operations,
                results: meaning.results
            )
            let interpreter = try Interpreter(Graph(name: "call", blocks: [local]), weights: run.weights)
            var parameters: [String: InterpretedValue<Double>] = [:]
            for id in local.parameters { parameters[local[id].name] = try value(id) }
            let outcome = try interpreter.run("call", with: parameters)
            for id in step.call.writes {
                guard let result = outcome.results[local[id].name] else { continue }
                try write(result, id)
            }
        }
    }

    /// Runs layers on the memory of the first result, which is that of the first operand where the plan says so.
    private func run(_ loop: LayerLoop, _ operands: [ValueID], _ results: [ValueID], at index: Int) throws {
        let callee = try run.routine(loop.block)
        guard case .operand(let carriedOperand)? = loop.bindings.first else { return }
        let carried = Place(try value(operands[carriedOperand]))
        var caches = try operands.first { block[$0].type == .cache }.map { try value($0) }?.cache
        for layer in 0..<loop.count {
            var places: [ValueID: Place] = [:]
            for (parameter, binding) in zip(callee.block.parameters, loop.bindings) {
                let operand =
                    switch binding {
                    case .operand(let index): operands[index]
                    case .selected(let layers, let index, let otherwise):
                        operands[layers.contains(layer) ? index : otherwise]
                    }
                places[parameter] = Place(
                    block[operand].type == .cache ? caches.map { .cache($0.layer(layer)) } : try value(operand)
                )
            }
            callee.block.parameters.first.map { places[$0] = carried }
            let frame = Frame(
                run: run,
                routine: callee,
                arena: arena,
                base: base + (routine.plan.calleeOffsets[index] ?? 0),
                layer: layer,
                places: places
            )
            try frame.execute()
            // Calls of a layer may touch the arena only in its part: what is carried goes through memory each time.
            try write(carried.value ?? .cache(KeyValueCache(layers: 0, sequences: 0)), results[0])
            carried.value = try value(results[0])
            if let changed = callee.block.parameters.first(where: { callee.block[$0].type == .cache }),
                let cache = places[changed]?.value?.cache
            {
                caches?.layers[layer] = cache.layers[0]
            }
        }
        if results.count > 1, let caches { try write(.cache(caches), results[1]) }
    }
}

extension Weight {
    /// The weight of one layer, under its full name in the checkpoint.
    fileprivate func inLayer(_ layer: Int) -> Weight {
        Weight(
            name: name,
            tensorClass: tensorClass,
            sources: sources.map { source in
                guard let tensor = source.tensor else { return source }
                return Source(tensor: tensor.replacing("{layer}", with: "\(layer)"), shape: source.shape)
            }
        )
    }
}
