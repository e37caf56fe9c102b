// Groups the operations of a block into kernel calls: each matrix product takes with it the norm before it and
// everything elementwise behind it. Matching of heads is in MatchHeads.swift. Order and meaning never change.

import ComputeGraph
import ModelDescriptions

/// One kernel call of a routine, and the operations that it computes.
public struct Step: Sendable, Hashable {
    /// The call.
    public let call: KernelCall
    /// The operations it stands for, by index in the block, ascending.
    public let operations: [Int]
    /// The dotted TOML key path of its main operation.
    public let keyPath: String
}

/// An operation that no kernel computes on its own.
public struct UnscheduledOperation: Error, Sendable, Hashable, CustomStringConvertible {
    /// The block.
    public let block: String
    /// The operation, as the graph printer writes it.
    public let operation: String
    /// Its place in the TOML.
    public let keyPath: String
    /// What would make it schedulable.
    public let reason: String

    /// A sentence.
    public var description: String { "\(keyPath): no kernel for `\(operation)` in \(block): \(reason)" }
}

/// The kernel calls that compute `block`, in execution order.
///
/// - Throws: `UnscheduledOperation` for the first operation that no kernel computes.
public func groupKernels(of block: Block) throws(UnscheduledOperation) -> [Step] {
    var grouper = KernelGrouper(block)
    for index in block.operations.indices where !grouper.isCovered(index) {
        if case .linear = block.operations[index].kind { grouper.groupAroundLinear(index) }
    }
    for index in block.operations.indices where !grouper.isCovered(index) {
        try grouper.scheduleAlone(index)
    }
    return try ordered(grouper.steps, in: block)
}

/// The state of grouping one block.
struct KernelGrouper {
    let block: Block
    let readers: [ValueID: [Int]]
    let definers: [ValueID: Int]
    private let blockResults: Set<ValueID>
    private var covered: Set<Int> = []
    private(set) var steps: [Step] = []

    init(_ block: Block) {
        self.block = block
        self.readers = block.readers
        self.definers = block.definers
        self.blockResults = Set(block.results)
    }

    func isCovered(_ index: Int) -> Bool { covered.contains(index) }

    func isResult(_ value: ValueID) -> Bool { blockResults.contains(value) }

    /// The only operation that reads `value`, unless the block gives the value back.
    func onlyReader(of value: ValueID) -> Int? {
        guard let indices = readers[value], indices.count == 1, !blockResults.contains(value) else { return nil }
        return covered.contains(indices[0]) ? nil : indices[0]
    }

    /// The norm that defines `value`, if this operation alone reads it.
    func norm(defining value: ValueID, readBy reader: Int) -> (index: Int, input: ValueID, prologue: NormPrologue)? {
        guard let index = definers[value], !covered.contains(index), onlyReader(of: value) == reader else { return nil }
        let operation = block.operations[index]
        guard case .norm(let norm) = operation.kind else { return nil }
        let shift = operation.operands.count == 3 ? operation.operands[2] : nil
        return (index, operation.operands[0], NormPrologue(norm: norm, gain: operation.operands[1], shift: shift))
    }

    mutating func add(_ call: KernelCall, covering indices: [Int], keyPath: String) {
        covered.formUnion(indices)
        steps.append(Step(call: call, operations: indices.sorted(), keyPath: keyPath))
    }

    /// A product with its norm before it, and with activation, gate and residual behind it.
    mutating func groupAroundLinear(_ index: Int) {
        let operation = block.operations[index]
        var indices = [index]
        var call = LinearCall(
            input: operation.operands[0],
            norm: nil,
            weight: operation.operands[1],
            bias: operation.operands.count == 3 ? operation.operands[2] : nil,
            output: operation.results[0]
        )
        if let (normIndex, input, prologue) = norm(defining: call.input, readBy: index) {
            indices.append(normIndex)
            call.input = input
            call.norm = prologue
        }
        if let heads = matchHeads(behind: call, at: index) {
            return add(.projectHeads(heads.call), covering: indices + heads.operations, keyPath: operation.keyPath)
        }
        if let gate = matchGate(behind: call.output) {
            indices += gate.operations
            call.isGated = true
            call.activation = gate.activation
            call.output = gate.output
        } else if let next = onlyReader(of: call.output), case .activation(let function) = block.operations[next].kind {
            indices.append(next)
            call.activation = function
            call.output = block.operations[next].results[0]
        }
        if let next = onlyReader(of: call.output), block.operations[next].kind == .add {
            let operands = block.operations[next].operands
            let residual = operands[0] == call.output ? operands[1] : operands[0]
            if residual != call.output {
                indices.append(next)
                call.residual = residual
                call.output = block.operations[next].results[0]
            }
        }
        add(.linear(call), covering: indices, keyPath: operation.keyPath)
    }

    /// `activation(columns(0, h)) * columns(h, h)` as the only use of `product`.
    private func matchGate(
        behind product: ValueID
    ) -> (operations: [Int], activation: Activation, output: ValueID)? {
        guard let halves = readers[product], halves.count == 2, !blockResults.contains(product),
            case .columns(0, let width) = block.operations[halves[0]].kind,
            block.operations[halves[1]].kind == .columns(from: width, count: width),
            block[product].type.tensor?.width == .constant(2 * width),
            let activationIndex = onlyReader(of: block.operations[halves[0]].results[0]),
            case .activation(let function) = block.operations[activationIndex].kind,
            let multiplyIndex = onlyReader(of: block.operations[halves[1]].results[0]),
            block.operations[multiplyIndex].kind == .multiply,
            onlyReader(of: block.operations[activationIndex].results[0]) == multiplyIndex
        else { return nil }
        return (halves + [activationIndex, multiplyIndex], function, block.operations[multiplyIndex].results[0])
    }

    /// An operation that no product took with it.
    mutating func scheduleAlone(_ index: Int) throws(UnscheduledOperation) {
        let operation = block.operations[index]
        let operands = operation.operands
        func refuse(_ reason: String) -> UnscheduledOperation {
            UnscheduledOperation(
                block: block.name,
                operation: GraphPrinter.text(of: operation, in: block),
                keyPath: operation.keyPath,
                reason: reason
            )
        }
        let call: KernelCall
        switch operation.kind {
        case .linear:
            preconditionFailure("every linear operation is the centre of a group")
        case .splitHeads, .mergeHeads, .joinRows:
            covered.insert(index)
            return
        case .embedding:
            call = .embedding(table: operands[0], tokens: operands[1], output: operation.results[0])
        case .norm(let norm):
            let shift = operands.count == 3 ? operands[2] : nil
            let prologue = NormPrologue(norm: norm, gain: operands[1], shift: shift)
            call = .norm(prologue, input: operands[0], output: operation.results[0])
        case .activation(let function):
            call = .activation(function, input: operands[0], output: operation.results[0])
        case .add: call = .add(operands[0], operands[1], output: operation.results[0])
        case .multiply: call = .multiply(operands[0], operands[1], output: operation.results[0])
        case .columns(let from, let count):
            call = .columns(input: operands[0], from: from, count: count, output: operation.results[0])
        case .gatherRows(let group):
            call = .gatherRows(input: operands[0], indices: operands[1], group: group, output: operation.results[0])
        case .scatterRows:
            call = .scatterRows(
                target: operands[0],
                replacements: operands[1],
                indices: operands[2],
                output: operation.results[0]
            )
        case .rotaryTable(let frequencies):
            call = .rotaryTable(frequencies, positions: operands[0], output: operation.results[0])
        case .attention(let parameters):
            call = .attention(
                AttentionCall(
                    parameters: parameters,
                    query: operands[0],
                    source: parameters.cached ? .cache(operands[1]) : .rows(key: operands[1], value: operands[2]),
                    segments: operands[parameters.cached ? 2 : 3],
                    output: operation.results[0]
                )
            )
        case .layers(let loop):
            call = .layers(loop, operands: operands, results: operation.results)
        case .rotate, .appendToCache:
            throw refuse("heads are rotated and cached only as part of the projection that makes them")
        case .attentionScores, .softmax, .attentionValues:
            throw refuse("scores are never kept in memory; they must go through softmax straight to the weighted sum")
        }
        add(call, covering: [index], keyPath: operation.keyPath)
    }
}
