// Gives every value of a routine its memory: finds values that share memory, their lifetimes, and offsets in the arena.
// The result is checked independently by BufferPlanVerifier.swift.

import ComputeGraph

/// A routine whose values cannot be given memory.
public struct UnplannableRoutine: Error, Sendable, Hashable, CustomStringConvertible {
    /// The block.
    public let block: String
    /// What is wrong.
    public let message: String

    /// A sentence.
    public var description: String { "\(block): \(message)" }
}

/// Plans the memory of `block`, computed by `steps`.
///
/// - Parameter callees: the plans of the layers that it runs, by block name.
/// - Throws: `UnplannableRoutine` if a layer does not end where it began, or a value's size follows no symbol.
public func planBuffers(
    of block: Block,
    steps: [Step],
    callees: [String: BufferPlan]
) throws(UnplannableRoutine) -> BufferPlan {
    var planner = BufferPlanner(block: block, steps: steps, callees: callees)
    planner.joinViews()
    planner.joinInPlaceResults()
    return try planner.plan()
}

private struct BufferPlanner {
    let block: Block
    let steps: [Step]
    let callees: [String: BufferPlan]
    private var parents: [Int]

    init(block: Block, steps: [Step], callees: [String: BufferPlan]) {
        self.block = block
        self.steps = steps
        self.callees = callees
        self.parents = Array(block.values.indices)
    }

    // MARK: Values that share memory

    private func representative(_ id: ValueID) -> Int {
        var index = id.index
        while parents[index] != index { index = parents[index] }
        return index
    }

    private mutating func join(_ value: ValueID, into other: ValueID) {
        parents[representative(value)] = representative(other)
    }

    private func members(_ representative: Int) -> [ValueID] {
        block.values.indices.map(ValueID.init(index:)).filter { self.representative($0) == representative }
    }

    /// Views live where their operand lives.
    mutating func joinViews() {
        for operation in block.operations {
            if operation.kind.isView { join(operation.results[0], into: operation.operands[0]) }
        }
    }

    /// A result takes over the memory of an operand that nothing reads afterwards, where the kernel allows that. A
    /// cache is always changed in place.
    mutating func joinInPlaceResults() {
        for (index, step) in steps.enumerated() {
            if let cache = step.call.reads.first(where: { block[$0].type == .cache }),
                let changed = step.call.writes.first(where: { block[$0].type == .cache })
            {
                join(changed, into: cache)
            }
            let pairs = step.call.inPlacePairs.filter { mayOverwrite($0.operand, with: $0.result, at: index) }
            if let (operand, result) = pairs.first(where: { isCarried($0.operand) }) ?? pairs.first {
                join(result, into: operand)
            }
        }
    }

    /// Whether a value lies in the argument that a layer carries, where its result has to lie as well.
    private func isCarried(_ id: ValueID) -> Bool {
        guard block.role != .entry, let carried = block.parameters.first else { return false }
        return representative(id) == representative(carried)
    }

    private func mayOverwrite(_ operand: ValueID, with result: ValueID, at index: Int) -> Bool {
        let shared = representative(operand)
        guard representative(result) != shared, isWritable(shared) else { return false }
        let readElsewhere = steps[index].call.reads.filter { representative($0) == shared }.count > 1
        let readLater = steps[(index + 1)...].contains { $0.call.reads.contains { representative($0) == shared } }
        let isResult = block.results.contains { representative($0) == shared }
        return !readElsewhere && !readLater && !isResult
    }

    /// Weights and arguments of entries are only read; the argument that a layer carries is its result, too.
    private func isWritable(_ representative: Int) -> Bool {
        members(representative).allSatisfy { id in
            switch block[id].origin {
            case .weight: false
            case .operation: true
            case .parameter: block.role != .entry && id == block.parameters.first
            }
        }
    }

    // MARK: Lifetimes and offsets

    func plan() throws(UnplannableRoutine) -> BufferPlan {
        if block.role != .entry, let first = block.parameters.first, let result = block.results.first,
            representative(first) != representative(result)
        {
            throw UnplannableRoutine(
                block: block.name,
                message: "a layer gives back its rows where it got them, but \(block[result].name) lies elsewhere"
            )
        }
        var storage: [ValueID: Storage] = [:]
        var buffers: [Buffer] = []
        var seen: Set<Int> = []
        for id in block.values.indices.map(ValueID.init(index:)) {
            let representative = representative(id)
            guard seen.insert(representative).inserted else { continue }
            let members = members(representative)
            if let fixed = fixedStorage(of: members) {
                for member in members { storage[member] = fixed }
            } else if let buffer = try buffer(for: members) {
                for member in members { storage[member] = .buffer(buffers.count) }
                buffers.append(buffer)
            }
        }
        return try place(buffers, storage: storage)
    }

    private func fixedStorage(of members: [ValueID]) -> Storage? {
        for id in members {
            if block[id].weight != nil { return .weight }
            if block[id].origin == .parameter { return .parameter(id) }
        }
        guard block.role == .entry else { return nil }
        return members.first { block.results.contains($0) }.map { .output($0) }
    }

    private func buffer(for members: [ValueID]) throws(UnplannableRoutine) -> Buffer? {
        let written = steps.indices.filter { steps[$0].call.writes.contains { members.contains($0) } }
        guard let first = written.first, let type = block[members[0]].type.tensor else { return nil }
        let touched = steps.indices.filter { index in
            steps[index].call.reads.contains { members.contains($0) } || written.contains(index)
        }
        guard let symbol = type.rows.symbol, let elements = type.elementsPerRow,
            (elements * type.element.byteCount * type.rows.factor) % type.rows.divisor == 0
        else {
            throw UnplannableRoutine(
                block: block.name,
                message: "\(block[members[0]].name) is \(type), whose rows follow no symbol of the batch"
            )
        }
        let bytes = elements * type.element.byteCount * type.rows.factor / type.rows.divisor
        return Buffer(
            values: members,
            name: block[members[0]].name,
            symbol: symbol,
            bytesPerUnit: bytes,
            firstStep: first,
            lastStep: touched.last ?? first
        )
    }

    /// Places the largest buffers first, each at the lowest offset that is free as long as it lives.
    private func place(
        _ buffers: [Buffer],
        storage: [ValueID: Storage]
    ) throws(UnplannableRoutine) -> BufferPlan {
        var pending = buffers.enumerated().map { (index: Optional($0.offset), buffer: $0.element) }
        for (index, step) in steps.enumerated() {
            guard case .layers(let loop, _, _) = step.call, let callee = callees[loop.block] else { continue }
            guard callee.bytesPerUnit.count <= 1 else {
                throw UnplannableRoutine(
                    block: loop.block,
                    message: "a layer's buffers must all be proportional to one symbol"
                )
            }
            for (symbol, bytes) in callee.bytesPerUnit {
                let part = Buffer(
                    values: [],
                    name: loop.block,
                    symbol: symbol,
                    bytesPerUnit: bytes,
                    firstStep: index,
                    lastStep: index
                )
                pending.append((nil, part))
            }
        }
        pending.sort { ($0.buffer.bytesPerUnit, $1.buffer.firstStep) > ($1.buffer.bytesPerUnit, $0.buffer.firstStep) }
        var placed: [Buffer] = []
        var result = buffers
        var calleeOffsets: [Int: Int] = [:]
        for (index, buffer) in pending {
            var buffer = buffer
            let rivals = placed.filter { $0.symbol == buffer.symbol && $0.overlapsInTime(buffer) }
                .sorted { $0.offsetPerUnit < $1.offsetPerUnit }
            for rival in rivals where buffer.overlapsInSpace(rival) {
                buffer.offsetPerUnit = rival.offsetPerUnit + rival.bytesPerUnit
            }
            placed.append(buffer)
            if let index { result[index] = buffer } else { calleeOffsets[buffer.firstStep] = buffer.offsetPerUnit }
        }
        var bytesPerUnit: [DimensionSymbol: Int] = [:]
        for buffer in placed {
            bytesPerUnit[buffer.symbol] = max(
                bytesPerUnit[buffer.symbol] ?? 0,
                buffer.offsetPerUnit + buffer.bytesPerUnit
            )
        }
        return BufferPlan(
            buffers: result,
            storage: storage,
            bytesPerUnit: bytesPerUnit,
            calleeOffsets: calleeOffsets
        )
    }
}
