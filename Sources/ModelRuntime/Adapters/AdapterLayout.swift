// Where the numbers of an adapter lie in its memory, computed before any is read.
// Not how they get there: PackedAdapter.swift. What kernels read: vlmc_adapter_matrix in kernels/cpu.

import CPUKernels
import TensorTypes

/// The places of everything in the memory of an adapter.
///
/// Sources that share a matrix (query, key and value; gate and up) share its product with the rows, too: their factors are
/// stacked to one `down`, and each panel of the matrix knows which of the inner numbers are its own.
struct AdapterLayout: Sendable {
    /// What is added to one panel of a matrix.
    struct Panel: Sendable {
        /// The first of the inner numbers.
        let firstInner: Int
        /// How many of them; 0 for a panel that nothing is added to.
        let count: Int
        /// Where their weights begin: `[count][16]`.
        let offset: Int
    }

    /// What is added to one matrix.
    struct Matrix: Sendable {
        /// The matrix, counted among all entries of the manifest.
        let entry: Int
        let inputs: Int
        let order: WeightEntry.RowOrder
        /// The rows of each source.
        let rowCounts: [Int]
        /// For each source its first inner number and its rank; nil for one that is not adapted.
        let inner: [Range<Int>?]
        /// Where the struct for kernels lies.
        let headOffset: Int
        /// Where `down` begins, a packed matrix in f32.
        let downOffset: Int
        /// Where the structs of the panels begin.
        let panelsOffset: Int
        let panels: [Panel]

        var innerCount: Int { inner.compactMap { $0?.upperBound }.max() ?? 0 }
    }

    let matrices: [Matrix]
    /// Bytes of everything.
    let byteCount: Int

    /// The layout of an adapter of these ranks.
    init(_ manifest: WeightManifest, ranks: [AdapterPlace: Int]) {
        var end = 0
        func reserve(_ bytes: Int) -> Int {
            let offset = end
            end = roundedUp(end + bytes, to: WeightFormat.panelAlignment)
            return offset
        }
        var matrices: [Matrix] = []
        let adapted = Set(ranks.keys.map(\.entry))
        for (entry, placed) in manifest.placedEntries.enumerated() where adapted.contains(entry) {
            guard case .matrix(let outputs, let inputs, _, let order) = placed.entry.kind else { continue }
            var innerCount = 0
            let inner = placed.entry.sources.indices.map { source -> Range<Int>? in
                guard let rank = ranks[AdapterPlace(entry: entry, source: source)] else { return nil }
                defer { innerCount += rank }
                return innerCount..<innerCount + rank
            }
            let rowCounts = placed.entry.sources.map(\.rows.count)
            let headOffset = reserve(MemoryLayout<vlmc_adapter_matrix>.stride)
            let downPanels = WeightFormat.f32.panelCount(outputs: innerCount)
            let downOffset = reserve(downPanels * WeightFormat.f32.panelBytes(inputs: inputs))
            let panelCount = order.panelCount(outputs: outputs)
            let panelsOffset = reserve(panelCount * MemoryLayout<vlmc_adapter_panel>.stride)
            let panels = (0..<panelCount).map { panel in
                let touched = (0..<WeightFormat.panelOutputs).compactMap { lane in
                    order.place(ofPanel: panel, lane: lane, rowCounts: rowCounts).flatMap { inner[$0.source] }
                }
                let first = touched.map(\.lowerBound).min() ?? 0
                let count = (touched.map(\.upperBound).max() ?? 0) - first
                let bytes = count * WeightFormat.panelOutputs * MemoryLayout<Float>.stride
                return Panel(firstInner: first, count: count, offset: reserve(bytes))
            }
            matrices.append(
                Matrix(
                    entry: entry,
                    inputs: inputs,
                    order: order,
                    rowCounts: rowCounts,
                    inner: inner,
                    headOffset: headOffset,
                    downOffset: downOffset,
                    panelsOffset: panelsOffset,
                    panels: panels
                )
            )
        }
        self.matrices = matrices
        byteCount = end
    }
}

extension WeightManifest {
    /// The most sources of a matrix that adapters may add to, each with its own rank.
    var mostAdaptedSources: Int {
        var counts: [Int: Int] = [:]
        for place in Set(AdapterTargets(self).targets.values.flatMap(\.places)) { counts[place.entry, default: 0] += 1 }
        return counts.values.max() ?? 0
    }

    /// The bytes that an adapter takes at most: one that adds to every matrix with this rank.
    public func adapterByteCount(rank: Int) -> Int {
        let places = Set(AdapterTargets(self).targets.values.flatMap(\.places))
        return AdapterLayout(self, ranks: Dictionary(places.map { ($0, rank) }) { first, _ in first }).byteCount
    }
}
