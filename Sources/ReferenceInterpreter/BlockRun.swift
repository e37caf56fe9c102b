// One block at work: binds parameters, runs the operations in order, and checks every result against its type.
// What an operator computes is in Operations/.

import ComputeGraph

struct BlockRun<Element: ReferenceElement> {
    let interpreter: Interpreter<Element>
    let block: Block
    let layer: Int?
    let observer: ((Interpreter<Element>.Observation) throws -> Void)?
    /// The sizes that parameters have given to symbols.
    private var sizes: [DimensionSymbol: Int] = [:]
    private var values: [ValueID: InterpretedValue<Element>] = [:]
    /// The cache as it was bound or defined last.
    private(set) var lastCache: KeyValueCache<Element>?

    init(
        interpreter: Interpreter<Element>,
        block: Block,
        layer: Int?,
        observer: ((Interpreter<Element>.Observation) throws -> Void)?
    ) {
        self.interpreter = interpreter
        self.block = block
        self.layer = layer
        self.observer = observer
    }

    func error(_ value: String?, _ problem: InterpretationProblem) -> InterpretationError {
        InterpretationError(block: block.name, layer: layer, value: value, problem: problem)
    }

    // MARK: Parameters

    mutating func bind(_ id: ValueID, to value: InterpretedValue<Element>) throws(InterpretationError) {
        do throws(InterpretationProblem) {
            switch block[id].type {
            case .tensor(let type):
                let shape = type.element == .i32 ? try value.asIndices().shape : try value.asTensor().shape
                try match(shape, type.shape)
            case .segments(let rows, let longest):
                let segments = try value.asSegments()
                try segments.check(longest: longest.constant)
                try match([segments.rows], [rows])
            case .cache:
                lastCache = try value.asCache()
            }
        } catch {
            throw self.error(block[id].name, error)
        }
        values[id] = value
    }

    /// Checks a shape, and learns from it the sizes of symbols that have none yet.
    private mutating func match(_ found: [Int], _ expected: [Dimension]) throws(InterpretationProblem) {
        let mismatch = InterpretationProblem.wrongShape(found: found, expected: spelling(of: expected))
        guard found.count == expected.count else { throw mismatch }
        for (size, dimension) in zip(found, expected) {
            if let symbol = dimension.symbol, sizes[symbol] == nil {
                let (scaled, overflow) = size.multipliedReportingOverflow(by: dimension.divisor)
                guard !overflow, scaled % dimension.factor == 0 else { throw mismatch }
                sizes[symbol] = scaled / dimension.factor
            } else if dimension.size(with: sizes) != size {
                throw mismatch
            }
        }
    }

    private func spelling(of shape: [Dimension]) -> String {
        let known = Set(shape.compactMap(\.symbol)).sorted()
            .compactMap { symbol in sizes[symbol].map { "\(symbol.rawValue) = \($0)" } }
        let suffix = known.isEmpty ? "" : " with \(known.joined(separator: ", "))"
        return "[\(shape.map(\.description).joined(separator: ", "))]\(suffix)"
    }

    // MARK: Operations

    mutating func execute() throws {
        for operation in block.operations {
            let name = operation.results.first.map { block[$0].name }
            let defined: [InterpretedValue<Element>]
            do {
                defined = try results(of: operation)
            } catch let problem as InterpretationProblem {
                throw error(name, problem)
            }
            for (id, value) in zip(operation.results, defined) {
                try check(value, id)
                if case .cache(let cache) = value { lastCache = cache }
                values[id] = value
                try observer?(
                    Interpreter.Observation(block: block.name, layer: layer, name: block[id].name, value: value)
                )
            }
        }
    }

    func results() throws -> [(ValueID, InterpretedValue<Element>)] {
        try block.results.map { ($0, try value($0)) }
    }

    /// Weights are fetched when they are read, so that one layer's weights are in memory at a time.
    private func value(_ id: ValueID) throws -> InterpretedValue<Element> {
        if let value = values[id] { return value }
        guard let weight = block[id].weight else { throw error(block[id].name, .missingParameter) }
        do {
            return .tensor(try interpreter.weights.assembled(weight, layer: layer))
        } catch let problem as InterpretationProblem {
            throw error(block[id].name, problem)
        }
    }

    /// A result must have the type that the graph states. The keys that a query sees are known only here.
    private func check(_ value: InterpretedValue<Element>, _ id: ValueID) throws(InterpretationError) {
        guard case .tensor(let type) = block[id].type, case .tensor(let tensor) = value else { return }
        let fits =
            tensor.shape.count == type.shape.count
            && zip(tensor.shape, type.shape).allSatisfy { size, dimension in
                let isLearntHere = dimension.symbol.map { sizes[$0] == nil } ?? false
                return isLearntHere || dimension.size(with: sizes) == size
            }
        if !fits {
            throw error(block[id].name, .wrongShape(found: tensor.shape, expected: spelling(of: type.shape)))
        }
    }

    private func results(of operation: Operation) throws -> [InterpretedValue<Element>] {
        let operands = try operation.operands.map(value)
        func tensor(_ index: Int) throws(InterpretationProblem) -> Tensor<Element> { try operands[index].asTensor() }
        func indices(_ index: Int) throws(InterpretationProblem) -> Tensor<Int32> { try operands[index].asIndices() }
        func segments(_ index: Int) throws(InterpretationProblem) -> RowSegments { try operands[index].asSegments() }
        let result: Tensor<Element>
        switch operation.kind {
        case .embedding: result = try embeddingRows(of: tensor(0), at: indices(1))
        case .linear(let bias): result = linear(try tensor(0), weight: try tensor(1), bias: bias ? try tensor(2) : nil)
        case .norm(let norm):
            let shift = operands.count == 3 ? try tensor(2) : nil
            result = normalised(try tensor(0), norm, gain: try tensor(1), shift: shift)
        case .activation(let function): result = activated(try tensor(0), function)
        case .add: result = sum(try tensor(0), try tensor(1))
        case .multiply: result = product(try tensor(0), try tensor(1))
        case .columns(let from, let count): result = columns(of: try tensor(0), from: from, count: count)
        case .splitHeads(let heads):
            let x = try tensor(0)
            result = x.reshaped([x.rows, heads, x.width / heads])
        case .mergeHeads:
            let x = try tensor(0)
            result = x.reshaped([x.rows, x.rowElements])
        case .joinRows(let count): result = try joinedRows(of: tensor(0), count: count)
        case .gatherRows(let group): result = try gatheredRows(of: tensor(0), at: indices(1), group: group)
        case .scatterRows: result = try replacingRows(of: tensor(0), by: tensor(1), at: indices(2))
        case .rotaryTable(let frequencies): result = rotaryTable(frequencies, positions: try indices(0))
        case .rotate: result = rotated(try tensor(0), table: try tensor(1))
        case .appendToCache:
            return [
                .cache(try operands[0].asCache().appending(keys: tensor(1), values: tensor(2), of: segments(3)))
            ]
        case .attentionScores(let parameters):
            result = try attentionScores(
                parameters,
                query: tensor(0),
                keys: keys(operands[1], parameters),
                segments: segments(2)
            )
        case .softmax: result = softmax(try tensor(0))
        case .attentionValues(let parameters):
            result = try attentionValues(
                parameters,
                probabilities: tensor(0),
                values: values(operands[1], parameters),
                segments: segments(2)
            )
        case .attention(let parameters):
            let values = try values(operands[parameters.cached ? 1 : 2], parameters)
            result = try attention(
                parameters,
                query: tensor(0),
                keys: keys(operands[1], parameters),
                values: values,
                segments: segments(parameters.cached ? 2 : 3)
            )
        case .layers(let loop): return try run(loop, operands)
        }
        return [.tensor(result)]
    }

    private func keys(
        _ operand: InterpretedValue<Element>,
        _ parameters: AttentionParameters
    ) throws(InterpretationProblem) -> AttendedRows<Element> {
        parameters.cached ? .cachedKeys(try operand.asCache().onlyLayer()) : .step(try operand.asTensor())
    }

    private func values(
        _ operand: InterpretedValue<Element>,
        _ parameters: AttentionParameters
    ) throws(InterpretationProblem) -> AttendedRows<Element> {
        parameters.cached ? .cachedValues(try operand.asCache().onlyLayer()) : .step(try operand.asTensor())
    }

    // MARK: Layers

    private func run(
        _ loop: LayerLoop,
        _ operands: [InterpretedValue<Element>]
    ) throws -> [InterpretedValue<Element>] {
        guard let callee = interpreter.graph.block(named: loop.block),
            case .operand(let carriedOperand)? = loop.bindings.first
        else { throw InterpretationProblem.malformedGraph([]) }
        var carried = operands[carriedOperand]
        var cache = operands.compactMap(\.cache).first
        if let cache, cache.layers.count != loop.count {
            throw InterpretationProblem.cache("it has \(cache.layers.count) layers, the model \(loop.count)")
        }
        for layer in 0..<loop.count {
            var run = BlockRun(interpreter: interpreter, block: callee, layer: layer, observer: observer)
            for (place, (parameter, binding)) in zip(callee.parameters, loop.bindings).enumerated() {
                let operand =
                    switch binding {
                    case .operand(let index): operands[index]
                    case .selected(let layers, let index, let otherwise):
                        operands[layers.contains(layer) ? index : otherwise]
                    }
                if place == 0 {
                    try run.bind(parameter, to: carried)
                } else if case .cache = operand, let cache {
                    try run.bind(parameter, to: .cache(cache.layer(layer)))
                } else {
                    try run.bind(parameter, to: operand)
                }
            }
            try run.execute()
            let results = try run.results()
            carried = results[0].1
            if results.count > 1 { cache?.layers[layer] = try results[1].1.asCache().onlyLayer() }
        }
        return [carried] + (cache.map { [.cache($0)] } ?? [])
    }
}
