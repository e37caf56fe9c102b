// Well-formed graphs at random: an entry of a few dozen operations that often, but not always, look like what fusion
// and grouping recognise, in a random order that keeps dependencies.

import ComputeGraph
import ModelDescriptions
import TestRandomness
import TestSupport

struct RandomGraph {
    private var generator: SeededGenerator
    private var builder: BlockBuilder
    /// Values `[rows, width]` that operations may read, by width.
    private var values: [Int: [ValueID]] = [:]
    private var defined: [ValueID] = []
    private var weights = 0
    private let segments: ValueID
    private let table: ValueID
    private let order: ValueID

    private static let headDim = 4
    private static let widths = [8, 12, 16]
    /// Width of the rows that layers carry.
    private static let carried = 16
    /// Rows of the batches that these graphs are run on.
    static let sizes: [DimensionSymbol: Int] = [.rows: 8, .imageRows: 3]

    /// The graph of one seed: a layer, and an entry called `entry`.
    static func graph(seed: UInt64) throws -> Graph {
        let layer = try layerBlock()
        var random = RandomGraph(seed: seed)
        for _ in 0..<Int.random(in: 3...9, using: &random.generator) { try random.appendPattern() }
        let block = try random.finished()
        return Graph(name: "random", blocks: [layer, block])
    }

    private init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
        builder = BlockBuilder(name: "entry", role: .entry, keyPath: "random")
        let rows = Dimension.symbolic(.rows)
        segments = builder.parameter("segments", .segments(of: rows, longest: rows))
        table = builder.parameter("table", .tensor(.real(rows, .constant(Self.headDim))))
        order = builder.parameter("order", .tensor(.index(rows)))
        for width in Self.widths {
            values[width] = [builder.parameter("x\(width)", .tensor(.real(rows, .constant(width))))]
        }
    }

    /// `x + W x`, three times.
    private static func layerBlock() throws -> Block {
        var builder = BlockBuilder(name: "layer", role: .layer(count: 3), keyPath: "random")
        let x = builder.parameter("rows", .tensor(.real(.symbolic(.rows), .constant(carried))))
        let weight = Weight(
            name: "layer",
            tensorClass: .mlp,
            sources: [Weight.Source(tensor: "layers.{layer}.weight", shape: [carried, carried])]
        )
        let product = try builder.append(.linear(bias: false), [x, builder.weight(weight)], named: "product")
        let activated = try builder.append(.activation(.silu), [product], named: "activated")
        let projected = try builder.append(.multiply, [activated, product], named: "projected")
        let sum = try builder.append(.add, [projected, x], named: "sum")
        return builder.build(results: [sum])
    }

    // MARK: Choices

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &generator) < percent }

    private mutating func pick<Element>(_ elements: [Element], or other: Element) -> Element {
        elements.randomElement(using: &generator) ?? other
    }

    private mutating func value(_ width: Int) -> ValueID {
        // Recent values more often, so that chains become long.
        let known = values[width] ?? []
        return chance(60) ? known[known.count - 1] : pick(known, or: known[0])
    }

    private mutating func width() -> Int { pick(Self.widths, or: Self.carried) }

    /// Appends an operation, whose result later ones may read unless it is `private`.
    private mutating func define(
        _ kind: Operator,
        _ operands: [ValueID],
        isPrivate: Bool = false
    ) throws -> ValueID {
        let id = try builder.append(kind, operands, named: kind.name)
        defined.append(id)
        if !isPrivate, let type = builder.type(of: id).tensor, type.shape.count == 2, type.rows == .symbolic(.rows),
            let width = type.width.constant, values[width] != nil, chance(70)
        {
            values[width]?.append(id)
        }
        return id
    }

    private mutating func matrix(_ outputs: Int, _ inputs: Int) -> ValueID {
        weights += 1
        return builder.weight(
            Weight(
                name: "matrix\(weights)",
                tensorClass: .mlp,
                sources: [Weight.Source(tensor: "matrix\(weights)", shape: [outputs, inputs])]
            )
        )
    }

    private mutating func vector(_ count: Int) -> ValueID {
        weights += 1
        return builder.weight(
            Weight(
                name: "vector\(weights)",
                tensorClass: nil,
                sources: [Weight.Source(tensor: "vector\(weights)", shape: [count])]
            )
        )
    }

    // MARK: Patterns

    private mutating func appendPattern() throws {
        switch Int.random(in: 0..<10, using: &generator) {
        case 0, 1:
            let x = try maybeNormed(value(width()))
            let isPrivate = chance(70)
            try behind(linear(x, outputs: width(), isPrivate: isPrivate))
        case 2, 3: try gate()
        case 4, 5: try heads()
        case 6: _ = try define(.activation(.gelu), [value(width())])
        case 7: try elementwise()
        case 8: try movingRows()
        default:
            let loop = LayerLoop(block: "layer", count: 3, bindings: [.operand(0)])
            _ = try define(.layers(loop), [value(Self.carried)])
        }
    }

    private mutating func maybeNormed(_ x: ValueID) throws -> ValueID {
        guard chance(70), let width = builder.type(of: x).tensor?.width.constant else { return x }
        let isRMS = chance(50)
        let norm = Normalization(isRMS ? .rms : .layer, epsilon: 1e-5)
        let isPrivate = chance(80)
        return try define(
            .norm(norm),
            [x, vector(width)] + (isRMS ? [] : [vector(width)]),
            isPrivate: isPrivate
        )
    }

    private mutating func linear(_ x: ValueID, outputs: Int, isPrivate: Bool = false) throws -> ValueID {
        guard let inputs = builder.type(of: x).tensor?.width.constant else { return x }
        let bias = chance(50)
        return try define(
            .linear(bias: bias),
            [x, matrix(outputs, inputs)] + (bias ? [vector(outputs)] : []),
            isPrivate: isPrivate
        )
    }

    /// An activation, a residual, both or none.
    private mutating func behind(_ product: ValueID) throws {
        guard let width = builder.type(of: product).tensor?.width.constant, values[width] != nil else { return }
        var last = product
        if chance(40) { last = try define(.activation(.relu), [last]) }
        if chance(60) {
            let residual = value(width)
            last = try define(.add, chance(50) ? [last, residual] : [residual, last])
        }
    }

    /// Gate and up as columns of one product: halves, or parts that only look like halves.
    private mutating func gate() throws {
        let half = width()
        let parts = chance(80) ? 2 : 3
        let product = try linear(maybeNormed(value(width())), outputs: parts * half, isPrivate: chance(90))
        let upFirst = chance(30)
        var halves: [ValueID] = []
        for part in upFirst ? [1, 0] : [0, 1] {
            halves.append(try define(.columns(from: part * half, count: half), [product], isPrivate: chance(90)))
        }
        if upFirst { halves.reverse() }
        let activated = try define(.activation(.silu), [halves[0]], isPrivate: chance(90))
        if chance(10) { _ = try define(.add, [halves[1], halves[0]]) }
        let gated = try define(.multiply, chance(50) ? [activated, halves[1]] : [halves[1], activated])
        if chance(70) { try behind(linear(gated, outputs: width())) }
    }

    /// Query, key and value as columns of one product, in any order, with norms and rotation in any combination.
    private mutating func heads() throws {
        let (queryHeads, kvHeads, headDim) = (chance(50) ? 4 : 2, 2, Self.headDim)
        let counts = [queryHeads, kvHeads, kvHeads]
        let surplus = chance(15) ? 4 : 0
        let product = try linear(
            maybeNormed(value(width())),
            outputs: counts.reduce(0, +) * headDim + surplus,
            isPrivate: true
        )
        var parts: [ValueID] = []
        var from = chance(50) ? surplus : 0
        let (rotates, norms) = (chance(70), chance(40))
        for (index, count) in counts.enumerated() {
            let columns = try define(
                .columns(from: from, count: count * headDim),
                [product],
                isPrivate: chance(95)
            )
            from += count * headDim
            var head = try define(.splitHeads(count), [columns])
            if index < 2 || chance(10) {
                if norms { head = try define(.norm(Normalization(.rms, epsilon: 1e-5)), [head, vector(headDim)]) }
                if rotates && norms || rotates && chance(90) { head = try define(.rotate, [head, table]) }
            }
            parts.append(head)
        }
        let parameters = AttentionParameters(
            queryHeads: queryHeads,
            kvHeads: kvHeads,
            headDim: headDim,
            scale: 0.5,
            causal: chance(50),
            cached: false
        )
        let attended: ValueID
        if chance(80) {
            let scores = try define(.attentionScores(parameters), [parts[0], parts[1], segments])
            let shares = try define(.softmax, [scores])
            attended = try define(.attentionValues(parameters), [shares, parts[2], segments])
        } else {
            attended = try define(.attention(parameters), parts + [segments])
        }
        if chance(20) { try behind(linear(define(.mergeHeads, [parts[0]]), outputs: width())) }
        let merged = try define(.mergeHeads, [attended])
        if chance(70) { try behind(linear(merged, outputs: width())) }
    }

    private mutating func elementwise() throws {
        let width = width()
        let (left, right) = (value(width), value(width))
        _ = try define(chance(50) ? .add : .multiply, [left, right])
    }

    private mutating func movingRows() throws {
        let width = width()
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: _ = try define(.gatherRows(group: 1), [value(width), order])
        case 1:
            let imageRows = Dimension.symbolic(.imageRows)
            let replacements = builder.parameter("images", .tensor(.real(imageRows, .constant(width))))
            let places = builder.parameter("places", .tensor(.index(imageRows)))
            _ = try define(.scatterRows, [value(width), replacements, places])
        default:
            let joined = try define(.joinRows(4), [value(width)])
            _ = try linear(maybeNormed(joined), outputs: self.width())
        }
    }

    // MARK: Order

    /// The block with its operations in a random order that keeps dependencies, and some of its values as results.
    private mutating func finished() throws -> Block {
        let inOrder = builder.build(results: [])
        let isView: (ValueID) -> Bool = { id in
            inOrder.operations.contains { operation in
                guard operation.results.contains(id) else { return false }
                switch operation.kind {
                case .splitHeads, .mergeHeads, .joinRows: return true
                default: return false
                }
            }
        }
        let context = { (id: ValueID) in inOrder[id].type.tensor?.shape.contains(.symbolic(.context)) ?? false }
        let tensors = defined.filter { !isView($0) && !context($0) && inOrder[$0].type.tensor?.shape.count == 2 }
        var results: [ValueID] = []
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            if let result = tensors.randomElement(using: &generator), !results.contains(result) {
                results.append(result)
            }
        }
        if results.isEmpty { results = [try define(.add, [value(8), value(8)])] }
        let block = builder.build(results: results)
        var remaining = block.operations
        var known = Set(block.values.indices.map(ValueID.init(index:)).filter { block[$0].origin != .operation })
        var shuffled: [Operation] = []
        while !remaining.isEmpty {
            let ready = remaining.indices.filter { remaining[$0].operands.allSatisfy(known.contains) }
            // Mostly the next one, so that patterns stay recognisable.
            let next = chance(70) ? ready[0] : pick(ready, or: ready[0])
            known.formUnion(remaining[next].results)
            shuffled.append(remaining.remove(at: next))
        }
        return Block(
            name: block.name,
            role: block.role,
            values: block.values,
            parameters: block.parameters,
            operations: shuffled,
            results: results
        )
    }
}
