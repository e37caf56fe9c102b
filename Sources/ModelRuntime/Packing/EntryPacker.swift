// Packs pieces of one matrix or vector out of the tensors of a checkpoint.
// Not their order or their writing: WeightPacker.swift. Not the layout of a panel: kernels/cpu/templates/packing.h.

import CPUKernels
import TensorTypes

/// One entry, ready to be packed chunk by chunk, by many threads.
struct EntryPacker: @unchecked Sendable {
    /// Rows of a tensor, or zeros.
    private struct Rows {
        /// The first row; nil for zeros.
        let start: UnsafeRawPointer?
        let element: ElementType
        let count: Int
        let rowElements: Int

        func row(_ index: Int) -> UnsafeRawPointer? { start.map { $0 + index * rowElements * element.byteCount } }
    }

    private let item: PackedLayout.Item
    private let sources: [Rows]
    private let kernels: UnsafePointer<vlmc_cpu_kernels>

    /// The tensors of `weights` must stay mapped while the packer is used.
    init(_ entry: MatchedWeights.Entry, _ item: PackedLayout.Item, _ weights: MatchedWeights) {
        self.item = item
        kernels = vlmc_cpu_kernels_best()
        sources = entry.sources.map { source in
            let tensor = source.tensor.map { weights.tensors[$0] }
            return Rows(
                start: tensor?.bytes.baseAddress.map { $0 + source.byteRange.lowerBound },
                element: tensor?.entry.element ?? .f32,
                count: source.rowCount,
                rowElements: source.rowElements
            )
        }
    }

    /// Packs a chunk into memory of its size, aligned to 64 bytes, and returns how many of its elements are NaN or
    /// infinite.
    func pack(chunk: Int, into target: UnsafeMutableRawBufferPointer) -> Int {
        switch item.kind {
        case .matrix(_, let inputs, _, let order):
            let panelBytes = item.format.panelBytes(inputs: inputs)
            let range = item.chunk(chunk)
            let panels = (range.lowerBound / panelBytes)..<(range.upperBound / panelBytes)
            return pack(panels, order, inputs: inputs, into: target)
        case .vector: return packVector(into: target)
        }
    }

    private func pack(
        _ panels: Range<Int>,
        _ order: WeightEntry.RowOrder,
        inputs: Int,
        into target: UnsafeMutableRawBufferPointer
    ) -> Int {
        guard let destination = target.baseAddress else { return 0 }
        var rows: [UnsafeRawPointer?] = []
        var types: [UInt32] = []
        for panel in panels {
            for lane in 0..<WeightFormat.panelOutputs {
                let row = row(ofPanel: panel, lane: lane, order)
                rows.append(row.flatMap { $0.source.row($0.index) })
                types.append((row?.source.element ?? .f32).kernelSourceType.rawValue)
            }
        }
        return rows.withUnsafeBufferPointer { rows in
            types.withUnsafeBufferPointer { types in
                guard let row = rows.baseAddress, let type = types.baseAddress else { return 0 }
                var arguments = vlmc_pack_panels(
                    rows: row,
                    source_types: type,
                    destination: destination,
                    inputs: Int32(inputs),
                    panels: Int32(panels.count),
                    format: item.format.kernelTag,
                    importance: nil,
                    squared_error: 0,
                    squared_values: 0
                )
                return Int(kernels.pointee.pack_panels(&arguments))
            }
        }
    }

    /// The row that is output `lane` of a panel; nil where a panel is filled up.
    private func row(
        ofPanel panel: Int,
        lane: Int,
        _ order: WeightEntry.RowOrder
    ) -> (source: Rows, index: Int)? {
        switch order {
        case .alternatingPanels:
            let source = sources[panel % sources.count]
            let index = panel / sources.count * WeightFormat.panelOutputs + lane
            return index < source.count ? (source, index) : nil
        case .stacked:
            var index = panel * WeightFormat.panelOutputs + lane
            for source in sources {
                if index < source.count { return (source, index) }
                index -= source.count
            }
            return nil
        }
    }

    private func packVector(into target: UnsafeMutableRawBufferPointer) -> Int {
        let values = target.bindMemory(to: Float.self)
        values.update(repeating: 0)
        var next = 0
        var special = 0
        for source in sources {
            let elements = source.count * source.rowElements
            if let start = source.start {
                widen(start, source.element, count: elements) { index, value in
                    values[next + index] = value
                    if !value.isFinite { special += 1 }
                }
            }
            next += elements
        }
        return special
    }
}
