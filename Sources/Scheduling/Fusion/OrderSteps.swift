// Puts kernel calls into an execution order: a call may gather operations from before and behind those that read one
// of its results. Grouping itself: GroupKernels.swift.

import ComputeGraph

/// `steps` in the order of their last operations, except that each stands behind all that it depends on.
///
/// - Throws: `UnscheduledOperation` if calls depend on one another in a circle.
func ordered(_ steps: [Step], in block: Block) throws(UnscheduledOperation) -> [Step] {
    let sorted = steps.sorted { ($0.operations.last ?? 0) < ($1.operations.last ?? 0) }
    var order = StepOrder(sorted, in: block)
    for index in sorted.indices { try order.place(index) }
    return order.placed.map { sorted[$0] }
}

private struct StepOrder {
    private enum Mark { case new, open, placed }

    private let block: Block
    private let steps: [Step]
    private let viewed: [ValueID: ValueID]
    /// The step that defines each value; a call may define a view of what its operations compute on the way.
    private var definers: [ValueID: Int] = [:]
    /// The steps that read each cache.
    private var cacheReaders: [ValueID: [Int]] = [:]
    private var marks: [Mark]
    private(set) var placed: [Int] = []

    init(_ steps: [Step], in block: Block) {
        self.block = block
        self.steps = steps
        viewed = block.viewed
        marks = Array(repeating: .new, count: steps.count)
        for (index, step) in steps.enumerated() {
            for id in step.call.writes { definers[viewed[id] ?? id] = index }
            for id in step.call.reads where block[id].type == .cache { cacheReaders[id, default: []].append(index) }
        }
    }

    mutating func place(_ index: Int) throws(UnscheduledOperation) {
        switch marks[index] {
        case .placed: return
        case .open: throw circle(at: index)
        case .new: break
        }
        marks[index] = .open
        for other in dependencies(of: index) { try place(other) }
        marks[index] = .placed
        placed.append(index)
    }

    /// The steps that define what a step reads; and since a cache is changed in place, those that read it unchanged.
    private func dependencies(of index: Int) -> [Int] {
        let call = steps[index].call
        var found = call.reads.compactMap { definers[viewed[$0] ?? $0] }
        if call.writes.contains(where: { block[$0].type == .cache }) {
            found += call.reads.flatMap { cacheReaders[$0] ?? [] }.filter { $0 != index }
        }
        return found
    }

    private func circle(at index: Int) -> UnscheduledOperation {
        let operation = block.operations[steps[index].operations.last ?? 0]
        return UnscheduledOperation(
            block: block.name,
            operation: GraphPrinter.text(of: operation, in: block),
            keyPath: operation.keyPath,
            reason: "the call that would compute it needs a result of its own"
        )
    }
}

extension Block {
    /// What each view shows: the value that was computed, through any number of views.
    var viewed: [ValueID: ValueID] {
        var viewed: [ValueID: ValueID] = [:]
        for operation in operations {
            switch operation.kind {
            case .splitHeads, .mergeHeads, .joinRows:
                viewed[operation.results[0]] = viewed[operation.operands[0]] ?? operation.operands[0]
            case .embedding, .linear, .norm, .activation, .add, .multiply, .columns, .gatherRows, .scatterRows,
                .rotaryTable, .rotate, .appendToCache, .attentionScores, .softmax, .attentionValues, .attention,
                .layers:
                continue
            }
        }
        return viewed
    }
}
