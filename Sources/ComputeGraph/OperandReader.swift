// Reads the operands of one operation for its shape rule, and says by number what they should be.
// The rules themselves are in ShapeRules.swift.

import TensorTypes

/// The operands of one operation.
struct OperandReader {
    let operatorName: String
    let operands: [ValueType]

    func require(_ number: Int, _ holds: Bool, _ message: @autoclosure () -> String) throws(ShapeViolation) {
        if !holds { throw ShapeViolation(rule: "\(operatorName).\(number)", message()) }
    }

    func count(_ expected: Int) throws(ShapeViolation) {
        guard operands.count == expected else {
            throw ShapeViolation(
                rule: "\(operatorName).operands",
                "\(operands.count) operands, but it takes \(expected)"
            )
        }
    }

    func real(_ index: Int, rank: Int? = nil) throws(ShapeViolation) -> TensorType {
        try tensor(index, .f32, "real numbers", rank: rank)
    }

    func index(_ index: Int, rank: Int) throws(ShapeViolation) -> TensorType {
        try tensor(index, .i32, "indices", rank: rank)
    }

    func cache(_ index: Int) throws(ShapeViolation) {
        guard operands[index] == .cache else { throw wrong(index, "a cache") }
    }

    func segments(_ index: Int, of rows: Dimension) throws(ShapeViolation) {
        guard case .segments(rows, _) = operands[index] else { throw wrong(index, "segments of \(rows)") }
    }

    func heads(_ parameters: AttentionParameters) throws(ShapeViolation) {
        guard parameters.kvHeads > 0, parameters.queryHeads > 0, parameters.queryHeads % parameters.kvHeads == 0 else {
            throw ShapeViolation(
                rule: "\(operatorName).heads",
                "\(parameters.queryHeads) query heads are no multiple of \(parameters.kvHeads) key heads"
            )
        }
    }

    func query(_ index: Int, _ parameters: AttentionParameters) throws(ShapeViolation) -> TensorType {
        let query = try real(index, rank: 3)
        let expected = TensorType.real(query.rows, .constant(parameters.queryHeads), .constant(parameters.headDim))
        guard query == expected else { throw wrong(index, expected.description) }
        return query
    }

    func keysOrValues(_ index: Int, _ parameters: AttentionParameters, rows: Dimension) throws(ShapeViolation) {
        if parameters.cached { return try cache(index) }
        let expected = TensorType.real(rows, .constant(parameters.kvHeads), .constant(parameters.headDim))
        guard operands[index] == .tensor(expected) else { throw wrong(index, expected.description) }
    }

    func constantWidth(_ number: Int, _ type: TensorType) throws(ShapeViolation) -> Int {
        guard let width = type.width.constant else {
            throw ShapeViolation(
                rule: "\(operatorName).\(number)",
                "\(type) has an innermost axis of unknown size"
            )
        }
        return width
    }

    private func tensor(
        _ index: Int,
        _ element: ElementType,
        _ what: String,
        rank: Int?
    ) throws(ShapeViolation) -> TensorType {
        guard case .tensor(let type) = operands[index], type.element == element else { throw wrong(index, what) }
        if let rank, type.shape.count != rank { throw wrong(index, "\(what) with \(rank) axes") }
        return type
    }

    private func wrong(_ index: Int, _ expected: String) -> ShapeViolation {
        ShapeViolation(
            rule: "\(operatorName).operands",
            "operand \(index + 1) is \(operands[index]), but \(expected) is expected"
        )
    }
}
