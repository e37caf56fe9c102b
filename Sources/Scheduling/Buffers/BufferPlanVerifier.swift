// Proves a buffer plan right without looking at how it was made: it replays the steps and watches who owns each byte.
// The memory that `vlmc report` prints rests on this.

import ComputeGraph

/// Checks buffer plans.
public enum BufferPlanVerifier {
    /// Everything that is wrong with the plan of `routine`; empty if it is right.
    ///
    /// Checked are: every value that a step touches has memory; a step reads a value only while that value, or what it
    /// is a view of, is what was last written to its buffer and to every byte of it; a result covers an operand of its
    /// own step only where the kernel computes in place; no buffer ends beyond the arena.
    public static func violations(in routine: Routine) -> [String] {
        var replay = Replay(routine)
        for (index, step) in routine.steps.enumerated() {
            for id in step.call.reads { replay.read(id, at: index) }
            replay.checkOverlaps(within: step, at: index)
            for id in step.call.writes { replay.write(id, at: index) }
        }
        for buffer in routine.plan.buffers
        where buffer.offsetPerUnit + buffer.bytesPerUnit > routine.plan.bytesPerUnit[buffer.symbol] ?? 0 {
            replay.violations.append("\(buffer.name) ends beyond the arena")
        }
        return replay.violations
    }
}

private struct Replay {
    let block: Block
    let plan: BufferPlan
    let definers: [ValueID: Int]
    /// The last value written to each buffer, and the step that wrote it.
    var contents: [Int: (value: ValueID, step: Int)] = [:]
    var violations: [String] = []

    init(_ routine: Routine) {
        block = routine.block
        plan = routine.plan
        definers = routine.block.definers
    }

    /// What `id` is a view of, or `id` itself.
    func viewed(_ id: ValueID) -> ValueID {
        guard let definer = definers[id] else { return id }
        switch block.operations[definer].kind {
        case .splitHeads, .mergeHeads, .joinRows: return viewed(block.operations[definer].operands[0])
        default: return id
        }
    }

    func buffer(_ id: ValueID) -> Int? {
        if case .buffer(let index)? = plan.storage[id] { index } else { nil }
    }

    mutating func read(_ id: ValueID, at step: Int) {
        guard plan.storage[id] != nil else {
            violations.append("step \(step) reads \(block[id].name), which has no memory")
            return
        }
        guard let buffer = buffer(id) else { return }
        guard let content = contents[buffer], viewed(content.value) == viewed(id) else {
            violations.append("step \(step) reads \(block[id].name), but its buffer holds something else")
            return
        }
        for (other, otherContent) in contents
        where otherContent.step > content.step && other != buffer
            && plan.buffers[other].overlapsInSpace(plan.buffers[buffer])
        {
            violations.append(
                "step \(step) reads \(block[id].name), overwritten by \(block[otherContent.value].name) "
                    + "in step \(otherContent.step)")
        }
    }

    mutating func write(_ id: ValueID, at step: Int) {
        switch plan.storage[id] {
        case nil: violations.append("step \(step) writes \(block[id].name), which has no memory")
        case .weight: violations.append("step \(step) writes the weight \(block[id].name)")
        case .buffer(let buffer): contents[buffer] = (id, step)
        case .parameter(let parameter):
            let carried = block.role != .entry && parameter == block.parameters.first
            if !carried && block[parameter].type != .cache {
                violations.append("step \(step) writes \(block[id].name) over the argument \(block[parameter].name)")
            }
        case .output: break
        }
    }

    mutating func checkOverlaps(within step: Step, at index: Int) {
        for written in step.call.writes {
            for read in step.call.reads {
                guard block[written].type != .cache, sharesMemory(written, read) else { continue }
                let pairs = step.call.inPlacePairs
                if pairs.contains(where: { $0.operand == read && $0.result == written }) { continue }
                violations.append("step \(index) writes \(block[written].name) over \(block[read].name), which it reads")
            }
        }
    }

    private func sharesMemory(_ left: ValueID, _ right: ValueID) -> Bool {
        if let left = buffer(left), let right = buffer(right) {
            return plan.buffers[left].overlapsInSpace(plan.buffers[right])
        }
        return plan.storage[left] == plan.storage[right] && plan.storage[left] != .weight && buffer(left) == nil
    }
}
