// One rule per operator: which operands it takes and what comes out. Every constraint has a number that errors cite.
// Not the meaning of operators: see Operator.swift and ReferenceInterpreter.

/// Operands that an operator does not take.
public struct ShapeViolation: Error, Sendable, Hashable, CustomStringConvertible {
    /// The constraint, such as `linear.2`.
    public let rule: String
    /// What is wrong, with the types found.
    public let message: String

    init(rule: String, _ message: String) {
        self.rule = rule
        self.message = message
    }

    /// `[linear.2] ...`.
    public var description: String { "[\(rule)] \(message)" }
}

/// The shape rules of all operators.
public enum ShapeRules {
    /// The types of the results of `kind` for operands of these types.
    ///
    /// - Throws: `ShapeViolation` naming the first constraint that does not hold.
    public static func resultTypes(of kind: Operator, operands: [ValueType]) throws(ShapeViolation) -> [ValueType] {
        let rule = OperandReader(operatorName: kind.name, operands: operands)
        switch kind {
        case .embedding: return try embedding(rule)
        case .linear(let bias): return try linear(rule, bias: bias)
        case .norm(let norm): return try self.norm(rule, norm)
        case .activation, .softmax:
            try rule.count(1)
            return [.tensor(try rule.real(0))]
        case .add, .multiply: return try elementwise(rule)
        case .columns(let from, let count): return try columns(rule, from: from, count: count)
        case .splitHeads(let heads): return try splitHeads(rule, heads)
        case .mergeHeads: return try mergeHeads(rule)
        case .joinRows(let count): return try joinRows(rule, count)
        case .gatherRows(let group): return try gatherRows(rule, group)
        case .scatterRows: return try scatterRows(rule)
        case .rotaryTable(let frequencies): return try rotaryTable(rule, frequencies)
        case .rotate: return try rotate(rule)
        case .appendToCache: return try appendToCache(rule)
        case .attentionScores(let parameters): return try attentionScores(rule, parameters)
        case .attentionValues(let parameters): return try attentionValues(rule, parameters)
        case .attention(let parameters): return try attention(rule, parameters)
        case .layers(let loop): return try layers(rule, loop)
        }
    }

    private static func embedding(_ rule: OperandReader) throws(ShapeViolation) -> [ValueType] {
        try rule.count(2)
        let table = try rule.real(0, rank: 2)
        let indices = try rule.index(1, rank: 1)
        return [.tensor(.real(indices.rows, table.width))]
    }

    private static func linear(_ rule: OperandReader, bias: Bool) throws(ShapeViolation) -> [ValueType] {
        try rule.count(bias ? 3 : 2)
        let x = try rule.real(0, rank: 2)
        let weight = try rule.real(1, rank: 2)
        try rule.require(1, x.width == weight.width, "x is \(x) but the weight \(weight): inputs must agree")
        if bias {
            let bias = try rule.real(2, rank: 1)
            try rule.require(2, bias.width == weight.rows, "the bias is \(bias) but the weight \(weight)")
        }
        return [.tensor(.real(x.rows, weight.rows))]
    }

    private static func norm(_ rule: OperandReader, _ norm: Normalization) throws(ShapeViolation) -> [ValueType] {
        try rule.count(norm.kind == .rms ? 2 : 3)
        let x = try rule.real(0)
        for operand in 1..<rule.operands.count {
            let vector = try rule.real(operand, rank: 1)
            try rule.require(1, vector.width == x.width, "x is \(x) but operand \(operand + 1) is \(vector)")
        }
        try rule.require(2, norm.epsilon > 0, "epsilon is \(norm.epsilon), it must be positive")
        return [.tensor(x)]
    }

    private static func elementwise(_ rule: OperandReader) throws(ShapeViolation) -> [ValueType] {
        try rule.count(2)
        let (left, right) = (try rule.real(0), try rule.real(1))
        try rule.require(1, left == right, "the operands are \(left) and \(right)")
        return [.tensor(left)]
    }

    private static func columns(_ rule: OperandReader, from: Int, count: Int) throws(ShapeViolation) -> [ValueType] {
        try rule.count(1)
        let x = try rule.real(0, rank: 2)
        let width = try rule.constantWidth(1, x)
        try rule.require(
            2,
            from >= 0 && count > 0 && count <= width && from <= width - count,
            "\(count) columns from \(from) on do not lie in \(x)"
        )
        return [.tensor(.real(x.rows, .constant(count)))]
    }

    private static func splitHeads(_ rule: OperandReader, _ heads: Int) throws(ShapeViolation) -> [ValueType] {
        try rule.count(1)
        let x = try rule.real(0, rank: 2)
        let width = try rule.constantWidth(1, x)
        try rule.require(2, heads > 0 && width % heads == 0, "\(x) does not split into \(heads) heads")
        return [.tensor(.real(x.rows, .constant(heads), .constant(width / heads)))]
    }

    private static func mergeHeads(_ rule: OperandReader) throws(ShapeViolation) -> [ValueType] {
        try rule.count(1)
        let x = try rule.real(0, rank: 3)
        guard let width = x.elementsPerRow else {
            throw ShapeViolation(rule: "merge-heads.1", "\(x) has heads of unknown size")
        }
        return [.tensor(.real(x.rows, .constant(width)))]
    }

    private static func joinRows(_ rule: OperandReader, _ count: Int) throws(ShapeViolation) -> [ValueType] {
        try rule.count(1)
        let x = try rule.real(0, rank: 2)
        try rule.require(1, count > 0, "\(count) rows cannot be joined")
        let isExact = x.rows.constant.map { $0.isMultiple(of: count) } ?? true
        try rule.require(2, isExact, "the rows of \(x) are no multiple of \(count)")
        return [.tensor(.real(x.rows / count, x.width * count))]
    }

    private static func gatherRows(_ rule: OperandReader, _ group: Int) throws(ShapeViolation) -> [ValueType] {
        try rule.count(2)
        let x = try rule.real(0, rank: 2)
        let indices = try rule.index(1, rank: 1)
        try rule.require(1, group > 0, "groups of \(group) rows cannot be moved")
        return [.tensor(.real(indices.rows * group, x.width))]
    }

    private static func scatterRows(_ rule: OperandReader) throws(ShapeViolation) -> [ValueType] {
        try rule.count(3)
        let x = try rule.real(0, rank: 2)
        let replacements = try rule.real(1, rank: 2)
        let indices = try rule.index(2, rank: 1)
        try rule.require(1, x.width == replacements.width, "x is \(x) but the replacements are \(replacements)")
        try rule.require(2, replacements.rows == indices.rows, "\(replacements) is placed by \(indices)")
        return [.tensor(x)]
    }

    private static func rotaryTable(
        _ rule: OperandReader,
        _ frequencies: RotaryFrequencies
    ) throws(ShapeViolation) -> [ValueType] {
        try rule.count(1)
        let positions = try rule.index(0, rank: 2)
        try rule.require(1, !frequencies.axes.isEmpty, "there are no frequencies")
        try rule.require(
            2,
            frequencies.axes.count == frequencies.count,
            "\(frequencies.axes.count) axes for \(frequencies.count) frequencies"
        )
        let axisCount = frequencies.axisCount
        try rule.require(
            3,
            positions.rows.constant.map { $0 >= axisCount } ?? false && frequencies.axes.allSatisfy { $0 >= 0 },
            "positions are \(positions) but the frequencies read the axes \(Set(frequencies.axes).sorted())"
        )
        return [.tensor(.real(positions.width, .constant(2 * frequencies.count)))]
    }

    private static func rotate(_ rule: OperandReader) throws(ShapeViolation) -> [ValueType] {
        try rule.count(2)
        let x = try rule.real(0, rank: 3)
        let table = try rule.real(1, rank: 2)
        try rule.require(1, x.rows == table.rows, "x is \(x) but the table \(table)")
        let (headDim, rotated) = (try rule.constantWidth(2, x), try rule.constantWidth(2, table))
        try rule.require(3, rotated <= headDim, "the table \(table) rotates more than a head of \(x) has")
        try rule.require(4, rotated.isMultiple(of: 2), "the table \(table) has cosines without sines")
        return [.tensor(x)]
    }

    private static func appendToCache(_ rule: OperandReader) throws(ShapeViolation) -> [ValueType] {
        try rule.count(4)
        try rule.cache(0)
        let (keys, values) = (try rule.real(1, rank: 3), try rule.real(2, rank: 3))
        try rule.require(1, keys == values, "keys are \(keys) but values \(values)")
        try rule.segments(3, of: keys.rows)
        return [.cache]
    }

    private static func attentionScores(
        _ rule: OperandReader,
        _ parameters: AttentionParameters
    ) throws(ShapeViolation) -> [ValueType] {
        try rule.count(3)
        try rule.heads(parameters)
        let query = try rule.query(0, parameters)
        try rule.keysOrValues(1, parameters, rows: query.rows)
        try rule.segments(2, of: query.rows)
        let keys: Dimension = parameters.cached ? .symbolic(.context) : query.rows
        return [.tensor(.real(query.rows, .constant(parameters.queryHeads), keys))]
    }

    private static func attentionValues(
        _ rule: OperandReader,
        _ parameters: AttentionParameters
    ) throws(ShapeViolation) -> [ValueType] {
        try rule.count(3)
        try rule.heads(parameters)
        let probabilities = try rule.real(0, rank: 3)
        try rule.require(
            1,
            probabilities.shape[1] == .constant(parameters.queryHeads),
            "probabilities are \(probabilities) for \(parameters.queryHeads) query heads"
        )
        let keys: Dimension = parameters.cached ? .symbolic(.context) : probabilities.rows
        try rule.require(2, probabilities.width == keys, "probabilities are \(probabilities) for \(keys) keys")
        try rule.keysOrValues(1, parameters, rows: probabilities.rows)
        try rule.segments(2, of: probabilities.rows)
        return [
            .tensor(
                .real(probabilities.rows, .constant(parameters.queryHeads), .constant(parameters.headDim))
            )
        ]
    }

    private static func attention(
        _ rule: OperandReader,
        _ parameters: AttentionParameters
    ) throws(ShapeViolation) -> [ValueType] {
        try rule.count(parameters.cached ? 3 : 4)
        try rule.heads(parameters)
        let query = try rule.query(0, parameters)
        try rule.keysOrValues(1, parameters, rows: query.rows)
        if !parameters.cached { try rule.keysOrValues(2, parameters, rows: query.rows) }
        try rule.segments(parameters.cached ? 2 : 3, of: query.rows)
        return [.tensor(query)]
    }

    private static func layers(_ rule: OperandReader, _ loop: LayerLoop) throws(ShapeViolation) -> [ValueType] {
        try rule.require(1, loop.count > 0, "a stack of \(loop.count) layers")
        guard case .operand(let carried)? = loop.bindings.first else {
            throw ShapeViolation(rule: "layers.2", "the first parameter must be bound to one operand, it is carried")
        }
        for binding in loop.bindings {
            switch binding {
            case .operand(let index):
                try rule.require(3, rule.operands.indices.contains(index), "there is no operand \(index + 1)")
            case .selected(let layers, let operand, let otherwise):
                try rule.require(
                    3,
                    rule.operands.indices.contains(operand) && rule.operands.indices.contains(otherwise),
                    "there is no operand \(max(operand, otherwise) + 1)"
                )
                try rule.require(
                    4,
                    layers.allSatisfy { (0..<loop.count).contains($0) },
                    "layers \(layers) of \(loop.count)"
                )
            }
        }
        let caches = rule.operands.filter { $0 == .cache }
        try rule.require(5, caches.count <= 1, "\(caches.count) caches are carried")
        return [rule.operands[carried]] + caches
    }
}
