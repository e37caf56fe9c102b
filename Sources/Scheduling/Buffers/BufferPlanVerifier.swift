// Proves a buffer plan right without looking at how it was made: it replays the steps and watches who owns each byte.
// The memory that `vlmc report` prints rests on this.

import ComputeGraph

/// Checks buffer plans.
public enum BufferPlanVerifier {
    /// Everything that is wrong with the plan of `routine`; empty if it is right.
    ///
    /// Checked are: every value that a step touches has memory, large enough and within the arena; a step reads a value
    /// only while that value, or what it is a view of, is what was last written there and to every byte of it; a result
    /// covers an operand of its own step only where the kernel computes in place, and never another result; layers
    /// that a step runs have a part of the arena to themselves.
    ///
    /// - Parameter callees: the plans of the layers that the routine runs, by block name.
    public static func violations(in routine: Routine, callees: [String: BufferPlan]) -> [String] {
        var replay = Replay(routine, callees: callees)
        replay.checkSizes()
        guard replay.violations.isEmpty else { return replay.violations }
        for (index, step) in routine.steps.enumerated() {
            for id in step.call.reads { replay.read(id, at: index) }
            replay.checkOverlaps(within: step, at: index)
            replay.runLayers(of: step, at: index)
            for id in step.call.writes { replay.write(id, at: index) }
        }
        return replay.violations
    }
}

/// Consecutive bytes of the arena, for one unit of a symbol.
private struct ArenaPart {
    let symbol: DimensionSymbol
    let offset: Int
    let bytes: Int

    func overlaps(_ other: ArenaPart) -> Bool {
        symbol == other.symbol && offset < other.offset + other.bytes && other.offset < offset + bytes
    }
}

private struct Replay {
    let block: Block
    let plan: BufferPlan
    let callees: [String: BufferPlan]
    let definers: [ValueID: Int]
    /// The last value written to each place, and the step that wrote it; arguments are there from the beginning.
    var contents: [Storage: (value: ValueID, step: Int)] = [:]
    /// Parts of the arena that were written, by what and in which step.
    var written: [(part: ArenaPart, name: String, place: Storage?, step: Int)] = []
    var violations: [String] = []

    init(_ routine: Routine, callees: [String: BufferPlan]) {
        block = routine.block
        plan = routine.plan
        self.callees = callees
        definers = routine.block.definers
        for id in block.parameters { contents[.parameter(id)] = (id, -1) }
    }

    /// What `id` is a view of, or `id` itself.
    func viewed(_ id: ValueID) -> ValueID {
        guard let definer = definers[id] else { return id }
        switch block.operations[definer].kind {
        case .splitHeads, .mergeHeads, .joinRows: return viewed(block.operations[definer].operands[0])
        default: return id
        }
    }

    func part(_ id: ValueID) -> ArenaPart? {
        guard case .buffer(let index)? = plan.storage[id] else { return nil }
        let buffer = plan.buffers[index]
        return ArenaPart(symbol: buffer.symbol, offset: buffer.offsetPerUnit, bytes: buffer.bytesPerUnit)
    }

    mutating func checkSizes() {
        for buffer in plan.buffers
        where buffer.offsetPerUnit < 0
            || buffer.offsetPerUnit + buffer.bytesPerUnit > plan.bytesPerUnit[buffer.symbol] ?? 0
        {
            violations.append("\(buffer.name) ends beyond the arena")
        }
        for (id, storage) in plan.storage.sorted(by: { $0.key < $1.key }) {
            guard case .buffer(let index) = storage else { continue }
            guard plan.buffers.indices.contains(index) else {
                violations.append("\(block[id].name) lies in buffer \(index), which does not exist")
                continue
            }
            let buffer = plan.buffers[index]
            guard let type = block[id].type.tensor, let elements = type.elementsPerRow,
                type.rows.symbol == buffer.symbol,
                elements * type.element.byteCount * type.rows.factor <= buffer.bytesPerUnit * type.rows.divisor
            else {
                violations.append(
                    "\(block[id].name) of type \(block[id].type) does not fit into \(buffer.name), "
                        + "\(buffer.bytesPerUnit) bytes for each of \(buffer.symbol.rawValue)"
                )
                continue
            }
        }
    }

    mutating func read(_ id: ValueID, at step: Int) {
        guard let storage = plan.storage[id] else {
            violations.append("step \(step) reads \(block[id].name), which has no memory")
            return
        }
        if storage == .weight {
            if block[id].weight == nil { violations.append("step \(step) reads \(block[id].name) as a weight") }
            return
        }
        guard let content = contents[storage], viewed(content.value) == viewed(id) else {
            violations.append("step \(step) reads \(block[id].name), but its memory holds something else")
            return
        }
        guard let part = part(id) else { return }
        for other in written where other.step > content.step && other.place != storage && other.part.overlaps(part) {
            violations.append(
                "step \(step) reads \(block[id].name), overwritten by \(other.name) in step \(other.step)"
            )
        }
    }

    mutating func write(_ id: ValueID, at step: Int) {
        guard let storage = plan.storage[id] else {
            violations.append("step \(step) writes \(block[id].name), which has no memory")
            return
        }
        switch storage {
        case .weight: violations.append("step \(step) writes the weight \(block[id].name)")
        case .buffer, .output: break
        case .parameter(let parameter):
            let carried = block.role != .entry && parameter == block.parameters.first
            if !carried && block[parameter].type != .cache {
                violations.append("step \(step) writes \(block[id].name) over the argument \(block[parameter].name)")
            }
        }
        contents[storage] = (id, step)
        if let part = part(id) { written.append((part, block[id].name, storage, step)) }
    }

    mutating func checkOverlaps(within step: Step, at index: Int) {
        for (place, result) in step.call.writes.enumerated() {
            for read in step.call.reads where block[result].type != .cache && sharesMemory(result, read) {
                let pairs = step.call.inPlacePairs
                if pairs.contains(where: { $0.operand == read && $0.result == result }) { continue }
                violations.append("step \(index) writes \(block[result].name) over \(block[read].name), which it reads")
            }
            for other in step.call.writes[..<place] where sharesMemory(result, other) {
                violations.append("step \(index) writes both \(block[other].name) and \(block[result].name) there")
            }
        }
    }

    /// Layers write to their own part of the arena while the operands and results of their step are in use.
    mutating func runLayers(of step: Step, at index: Int) {
        guard case .layers(let loop, _, _) = step.call else { return }
        guard let callee = callees[loop.block] else {
            violations.append("step \(index) runs layers of \(loop.block), whose memory is not known")
            return
        }
        for (symbol, bytes) in callee.bytesPerUnit.sorted(by: { $0.key < $1.key }) where bytes > 0 {
            guard let offset = plan.calleeOffsets[index], offset >= 0,
                offset + bytes <= plan.bytesPerUnit[symbol] ?? 0
            else {
                violations.append("step \(index) runs layers of \(loop.block), whose memory is not in the arena")
                continue
            }
            let part = ArenaPart(symbol: symbol, offset: offset, bytes: bytes)
            for id in step.call.reads + step.call.writes {
                if let other = self.part(id), other.overlaps(part) {
                    violations.append("step \(index) runs layers of \(loop.block) in the memory of \(block[id].name)")
                }
            }
            written.append((part, "layers of \(loop.block)", nil, index))
        }
    }

    private func sharesMemory(_ left: ValueID, _ right: ValueID) -> Bool {
        if let left = part(left), let right = part(right) { return left.overlaps(right) }
        return plan.storage[left] == plan.storage[right] && plan.storage[left] != .weight && part(left) == nil
    }
}
