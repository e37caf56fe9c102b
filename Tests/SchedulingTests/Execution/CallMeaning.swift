// What a kernel call computes, said in operations of the graph: the contract between Scheduling and kernels.
// Written from the documentation of KernelCall, not from the grouping, so that the one tests the other.

@testable import ComputeGraph
@testable import Scheduling

/// The operations that `call` stands for, over values of `block` and new ones between.
///
/// The result is a block with the call's non-weight reads as parameters and its writes as results. Calls that run
/// layers have no such block.
func meaning(of call: KernelCall, in block: Block) throws -> Block {
    var meaning = CallMeaning(block)
    try meaning.add(call)
    let parameters = call.reads.reduce(into: [ValueID]()) { parameters, id in
        if block[id].weight == nil && !parameters.contains(id) { parameters.append(id) }
    }
    return Block(
        name: "call",
        role: .entry,
        values: meaning.values,
        parameters: parameters,
        operations: meaning.operations,
        results: call.writes
    )
}

private struct CallMeaning {
    let block: Block
    var values: [Value]
    var operations: [Operation] = []

    init(_ block: Block) {
        self.block = block
        values = block.values
    }

    private mutating func append(_ kind: Operator, _ operands: [ValueID], to result: ValueID? = nil) throws -> ValueID {
        let types = try ShapeRules.resultTypes(of: kind, operands: operands.map { values[$0.index].type })
        var defined = result
        if defined == nil {
            values.append(Value(name: "between\(values.count)", type: types[0], origin: .operation))
            defined = ValueID(index: values.count - 1)
        }
        let results = [defined].compactMap(\.self)
        operations.append(Operation(kind, operands: operands, results: results, keyPath: "call"))
        return results[0]
    }

    private mutating func normed(_ input: ValueID, _ norm: NormPrologue?) throws -> ValueID {
        guard let norm else { return input }
        return try append(.norm(norm.norm), [input, norm.gain] + [norm.shift].compactMap(\.self))
    }

    /// Gives the last value the name that the call gives it.
    private mutating func finish(_ last: ValueID, as output: ValueID) {
        guard let index = operations.firstIndex(where: { $0.results == [last] }) else { return }
        let operation = operations[index]
        operations[index] = Operation(
            operation.kind,
            operands: operation.operands,
            results: [output],
            keyPath: operation.keyPath
        )
        for later in operations.indices where later > index {
            let operation = operations[later]
            operations[later] = Operation(
                operation.kind,
                operands: operation.operands.map { $0 == last ? output : $0 },
                results: operation.results,
                keyPath: operation.keyPath
            )
        }
    }

    mutating func add(_ call: KernelCall) throws {
        switch call {
        case .embedding(let table, let tokens, let output): _ = try append(.embedding, [table, tokens], to: output)
        case .linear(let call): try add(call)
        case .projectHeads(let call): try add(call)
        case .attention(let call):
            let attended: [ValueID] =
                switch call.source {
                case .rows(let key, let value): [call.query, key, value, call.segments]
                case .cache(let cache): [call.query, cache, call.segments]
                }
            _ = try append(.attention(call.parameters), attended, to: call.output)
        case .norm(let norm, let input, let output):
            _ = try append(.norm(norm.norm), [input, norm.gain] + [norm.shift].compactMap(\.self), to: output)
        case .activation(let function, let input, let output):
            _ = try append(.activation(function), [input], to: output)
        case .add(let left, let right, let output): _ = try append(.add, [left, right], to: output)
        case .multiply(let left, let right, let output): _ = try append(.multiply, [left, right], to: output)
        case .columns(let input, let from, let count, let output):
            _ = try append(.columns(from: from, count: count), [input], to: output)
        case .gatherRows(let input, let indices, let group, let output):
            _ = try append(.gatherRows(group: group), [input, indices], to: output)
        case .scatterRows(let target, let replacements, let indices, let output):
            _ = try append(.scatterRows, [target, replacements, indices], to: output)
        case .rotaryTable(let frequencies, let positions, let output):
            _ = try append(.rotaryTable(frequencies), [positions], to: output)
        case .layers:
            throw ShapeViolationOfCall(description: "layers are run by the one who executes")
        }
    }

    /// `residual + activation(norm(input) W + bias)`, or `residual + activation(gate) * up`.
    private mutating func add(_ call: LinearCall) throws {
        let input = try normed(call.input, call.norm)
        var last = try append(
            .linear(bias: call.bias != nil),
            [input, call.weight] + [call.bias].compactMap(\.self)
        )
        if call.isGated {
            guard let width = values[last.index].type.tensor?.width.constant, width.isMultiple(of: 2),
                let activation = call.activation
            else { throw ShapeViolationOfCall(description: "a gate without halves or function") }
            let gate = try append(.columns(from: 0, count: width / 2), [last])
            let up = try append(.columns(from: width / 2, count: width / 2), [last])
            last = try append(.multiply, [try append(.activation(activation), [gate]), up])
        } else if let activation = call.activation {
            last = try append(.activation(activation), [last])
        }
        if let residual = call.residual { last = try append(.add, [residual, last]) }
        finish(last, as: call.output)
    }

    /// Query, key and value heads, each with its norm and rotation, keys and values to rows or to the cache.
    private mutating func add(_ call: ProjectHeadsCall) throws {
        let input = try normed(call.input, call.norm)
        let product = try append(
            .linear(bias: call.bias != nil),
            [input, call.weight] + [call.bias].compactMap(\.self)
        )
        var from = 0
        func heads(_ count: Int, _ norm: NormPrologue?, rotated: Bool, in meaning: inout CallMeaning) throws -> ValueID
        {
            let width = count * call.headDim
            let columns = try meaning.append(.columns(from: from, count: width), [product])
            from += width
            var heads = try meaning.normed(try meaning.append(.splitHeads(count), [columns]), norm)
            if rotated, let table = call.rotaryTable { heads = try meaning.append(.rotate, [heads, table]) }
            return heads
        }
        let query = try heads(call.queryHeads, call.queryNorm, rotated: true, in: &self)
        let key = try heads(call.kvHeads, call.keyNorm, rotated: true, in: &self)
        let value = try heads(call.kvHeads, nil, rotated: false, in: &self)
        guard from == values[product.index].type.tensor?.width.constant else {
            throw ShapeViolationOfCall(description: "heads of \(from) columns in all do not fill the matrix")
        }
        finish(query, as: call.query)
        switch call.destination {
        case .rows(let keyRows, let valueRows):
            finish(key, as: keyRows)
            finish(value, as: valueRows)
        case .cache(let cache, let segments, let output):
            _ = try append(.appendToCache, [cache, key, value, segments], to: output)
        }
    }
}

/// A call whose parts do not fit together.
struct ShapeViolationOfCall: Error, CustomStringConvertible {
    let description: String
}
