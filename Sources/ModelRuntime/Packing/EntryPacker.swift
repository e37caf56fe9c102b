// Packs pieces of one matrix or vector out of the tensors of a checkpoint.
// Not their order or their writing: WeightPacker.swift. Not the layout of a panel: kernels/cpu/templates/packing.h.

import TensorTypes

/// One entry, ready to be packed chunk by chunk, by many threads.
struct EntryPacker: @unchecked Sendable {
    /// Rows of a tensor, or zeros.
    private struct Rows {
        /// Where rows come from.
        enum Content {
            case zeros
            /// Numbers, one row after the other from here on.
            case plain(UnsafeRawPointer, ElementType)
            /// Integers, from this output on.
            case quantized(QuantizedTensor, firstOutput: Int)
        }

        let content: Content
        let count: Int
        let rowElements: Int

        func plainRow(_ index: Int) -> (start: UnsafeRawPointer, element: ElementType)? {
            guard case .plain(let start, let element) = content else { return nil }
            return (start + index * rowElements * element.byteCount, element)
        }
    }

    private let item: PackedLayout.Item
    private let sources: [Rows]
    private let rowCounts: [Int]
    private let isQuantized: Bool
    private let kernels: CPUKernelSet

    /// The tensors of `weights` must stay mapped while the packer is used.
    init(
        _ entry: MatchedWeights.Entry,
        _ item: PackedLayout.Item,
        _ weights: MatchedWeights,
        kernels: CPUKernelSet
    ) {
        self.item = item
        self.kernels = kernels
        sources = entry.sources.map { source in
            var content = Rows.Content.zeros
            if let tensor = source.quantized {
                content = .quantized(tensor, firstOutput: source.firstRow)
            } else if let tensor = source.tensors.first.map({ weights.tensors[$0] }),
                let start = tensor.bytes.baseAddress
            {
                let rowBytes = source.rowElements * tensor.entry.element.byteCount
                content = .plain(start + source.firstRow * rowBytes, tensor.entry.element)
            }
            return Rows(content: content, count: source.rowCount, rowElements: source.rowElements)
        }
        rowCounts = sources.map(\.count)
        isQuantized = entry.sources.contains { $0.quantized != nil }
    }

    /// Packs panels of `item`, a matrix, whose rows all lie one after the other from `rows` on, as bf16.
    init(_ item: PackedLayout.Item, rows: UnsafeRawPointer, count: Int, inputs: Int, kernels: CPUKernelSet) {
        self.item = item
        self.kernels = kernels
        sources = [Rows(content: .plain(rows, .bf16), count: count, rowElements: inputs)]
        rowCounts = [count]
        isQuantized = false
    }

    /// Packs a chunk into memory of its size, aligned to 64 bytes.
    func pack(chunk: Int, into target: UnsafeMutableRawBufferPointer) -> PackingOutcome {
        switch item.kind {
        case .matrix(_, let inputs, _, let order):
            let panelBytes = item.format.panelBytes(inputs: inputs)
            let range = item.chunk(chunk)
            let panels = (range.lowerBound / panelBytes)..<(range.upperBound / panelBytes)
            let packing = PanelPacking(format: item.format, inputs: inputs, kernels: kernels)
            guard isQuantized else {
                return packing.pack(panels.flatMap { plainRows(ofPanel: $0, order) }, into: target)
            }
            var outcome = PackingOutcome()
            for (place, panel) in panels.enumerated() {
                let memory = target[place * panelBytes..<(place + 1) * panelBytes]
                outcome += pack(panel, order, packing, into: UnsafeMutableRawBufferPointer(rebasing: memory))
            }
            return outcome
        case .vector: return packVector(into: target)
        }
    }

    private func plainRows(
        ofPanel panel: Int,
        _ order: WeightEntry.RowOrder
    ) -> [(start: UnsafeRawPointer, element: ElementType)?] {
        (0..<WeightFormat.panelOutputs).map { lane in
            row(ofPanel: panel, lane: lane, order).flatMap { $0.source.plainRow($0.index) }
        }
    }

    /// A panel of an entry that has quantised sources: as it is where the format can hold it, else by its numbers.
    private func pack(
        _ panel: Int,
        _ order: WeightEntry.RowOrder,
        _ packing: PanelPacking,
        into target: UnsafeMutableRawBufferPointer
    ) -> PackingOutcome {
        let runs = quantizedRuns(ofPanel: panel, order)
        let read = runs.map { $0.tensor.read($0.outputs) }
        if read.count == 1, runs[0].lane == 0, plainRows(ofPanel: panel, order).allSatisfy({ $0 == nil }),
            let exact = read[0].regrouped(for: packing.format)
        {
            return packing.pack(exact, into: target)
        }
        let inputs = packing.inputs
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: WeightFormat.panelOutputs * inputs) { weights in
            var rows = plainRows(ofPanel: panel, order)
            for (run, quantized) in zip(runs, read) {
                for output in 0..<quantized.outputs {
                    let start = (run.lane + output) * inputs
                    quantized.weights(
                        ofOutput: output,
                        into: UnsafeMutableBufferPointer(rebasing: weights[start..<start + inputs])
                    )
                    rows[run.lane + output] = weights.baseAddress.map { (UnsafeRawPointer($0 + start), .f32) }
                }
            }
            return packing.pack(rows, into: target)
        }
    }

    /// The quantised outputs of a panel, in pieces that follow one another in one tensor.
    private func quantizedRuns(
        ofPanel panel: Int,
        _ order: WeightEntry.RowOrder
    ) -> [(tensor: QuantizedTensor, outputs: Range<Int>, lane: Int)] {
        var runs: [(tensor: QuantizedTensor, outputs: Range<Int>, lane: Int)] = []
        var lane = 0
        while lane < WeightFormat.panelOutputs {
            guard let first = row(ofPanel: panel, lane: lane, order),
                case .quantized(let tensor, let firstOutput) = first.source.content
            else {
                lane += 1
                continue
            }
            let count = min(WeightFormat.panelOutputs - lane, first.source.count - first.index)
            let start = firstOutput + first.index
            runs.append((tensor, start..<start + count, lane))
            lane += count
        }
        return runs
    }

    /// The row that is output `lane` of a panel; nil where a panel is filled up.
    private func row(
        ofPanel panel: Int,
        lane: Int,
        _ order: WeightEntry.RowOrder
    ) -> (source: Rows, index: Int)? {
        order.place(ofPanel: panel, lane: lane, rowCounts: rowCounts).map { (sources[$0.source], $0.row) }
    }

    private func packVector(into target: UnsafeMutableRawBufferPointer) -> PackingOutcome {
        let values = target.bindMemory(to: Float.self)
        values.update(repeating: 0)
        var next = 0
        var outcome = PackingOutcome()
        for source in sources {
            let elements = source.count * source.rowElements
            if let (start, element) = source.plainRow(0) {
                widen(start, element, count: elements) { index, value in
                    values[next + index] = value
                    if !value.isFinite { outcome.nonFinite += 1 }
                }
            }
            next += elements
        }
        return outcome
    }
}
