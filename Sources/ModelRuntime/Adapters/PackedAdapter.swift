// The numbers of an adapter in memory, as kernels read them.
// Not their places: AdapterLayout.swift. Not the kernels: kernels/cpu/templates/adapters.h.

import CPUKernels
import TensorTypes

/// A tensor's numbers in memory.
struct TensorNumbers {
    let start: UnsafeRawPointer
    let element: ElementType

    func row(_ index: Int, elements: Int) -> UnsafeRawPointer { start + index * elements * element.byteCount }
}

/// The two factors of what an adapter adds to a source of a matrix.
struct AdapterFactors {
    /// `[rank, inputs]`.
    let down: TensorNumbers
    /// `[rows of the whole tensor, rank]`.
    let up: TensorNumbers
    /// The first row of `up` that the source takes.
    let firstRow: Int
    let scale: Double
}

/// An adapter's matrices, packed.
final class PackedAdapter: @unchecked Sendable {
    private let memory: Arena
    private let heads: [UnsafePointer<vlmc_adapter_matrix>?]

    /// Bytes of everything.
    var byteCount: Int { memory.byteCount }

    /// Packs the factors of every adapted source.
    ///
    /// - Parameters:
    ///   - factors: Gives the factors of a source, which stay where they are until they are let go.
    ///   - release: Lets them go.
    /// - Throws: `memory`, or what `factors` throws.
    init(
        _ layout: AdapterLayout,
        entryCount: Int,
        kernels: CPUKernelSet,
        factors: (AdapterPlace) throws(AdapterError.Problem) -> AdapterFactors,
        release: (AdapterPlace) -> Void = { _ in }
    ) throws(AdapterError.Problem) {
        do {
            memory = try Arena(byteCount: layout.byteCount, purpose: "an adapter")
        } catch {
            throw .memory(error)
        }
        var heads = [UnsafePointer<vlmc_adapter_matrix>?](repeating: nil, count: entryCount)
        for matrix in layout.matrices {
            var parts: [Part?] = []
            for (source, inner) in matrix.inner.enumerated() {
                let place = AdapterPlace(entry: matrix.entry, source: source)
                guard let inner else {
                    parts.append(nil)
                    continue
                }
                parts.append((inner, try factors(place)))
            }
            heads[matrix.entry] = Self.pack(matrix, parts, kernels, into: memory.start)
            for (source, part) in parts.enumerated() where part != nil {
                release(AdapterPlace(entry: matrix.entry, source: source))
            }
        }
        self.heads = heads
    }

    /// What is added to the matrix that is this entry of the manifest; nil if nothing is.
    func matrix(ofEntry entry: Int) -> UnsafePointer<vlmc_adapter_matrix>? {
        entry < heads.count ? heads[entry] : nil
    }

    private typealias Part = (inner: Range<Int>, factors: AdapterFactors)

    private static func pack(
        _ matrix: AdapterLayout.Matrix,
        _ parts: [Part?],
        _ kernels: CPUKernelSet,
        into memory: UnsafeMutableRawPointer
    ) -> UnsafePointer<vlmc_adapter_matrix> {
        packDown(matrix, parts, kernels, into: memory + matrix.downOffset)
        let panels = (memory + matrix.panelsOffset)
            .bindMemory(to: vlmc_adapter_panel.self, capacity: matrix.panels.count)
        for (index, panel) in matrix.panels.enumerated() {
            let weights = memory.floats(at: panel.offset)
            packUp(panel, index, matrix, parts, into: weights)
            panels[index] = vlmc_adapter_panel(
                weights: panel.count > 0 ? UnsafePointer(weights) : nil,
                first: Int32(panel.firstInner),
                count: Int32(panel.count)
            )
        }
        let head = (memory + matrix.headOffset).bindMemory(to: vlmc_adapter_matrix.self, capacity: 1)
        head.pointee = vlmc_adapter_matrix(
            down: UnsafeRawPointer(memory + matrix.downOffset),
            inner: Int32(matrix.innerCount),
            up: UnsafePointer(panels)
        )
        return UnsafePointer(head)
    }

    private static func packDown(
        _ matrix: AdapterLayout.Matrix,
        _ parts: [Part?],
        _ kernels: CPUKernelSet,
        into memory: UnsafeMutableRawPointer
    ) {
        var rows: [(start: UnsafeRawPointer, element: ElementType)?] = parts.flatMap { part in
            part.map { part in
                part.inner.indices.map { index in
                    let row = index - part.inner.lowerBound
                    let down = part.factors.down
                    return (down.row(row, elements: matrix.inputs), down.element)
                }
            } ?? []
        }
        while rows.count % WeightFormat.panelOutputs != 0 { rows.append(nil) }
        let bytes = rows.count / WeightFormat.panelOutputs * WeightFormat.f32.panelBytes(inputs: matrix.inputs)
        _ = PanelPacking(format: .f32, inputs: matrix.inputs, kernels: kernels)
            .pack(rows, into: UnsafeMutableRawBufferPointer(start: memory, count: bytes))
    }

    /// `[count][16]`: what is not an output of an inner number's own source is zero, as the memory is.
    private static func packUp(
        _ panel: AdapterLayout.Panel,
        _ index: Int,
        _ matrix: AdapterLayout.Matrix,
        _ parts: [Part?],
        into weights: UnsafeMutablePointer<Float>
    ) {
        for lane in 0..<WeightFormat.panelOutputs {
            guard let place = matrix.order.place(ofPanel: index, lane: lane, rowCounts: matrix.rowCounts),
                let (inner, factors) = parts[place.source]
            else { continue }
            let row = factors.up.row(factors.firstRow + place.row, elements: inner.count)
            let first = inner.lowerBound - panel.firstInner
            widen(row, factors.up.element, count: inner.count) { number, value in
                weights[(first + number) * WeightFormat.panelOutputs + lane] = Float(Double(value) * factors.scale)
            }
        }
    }
}
