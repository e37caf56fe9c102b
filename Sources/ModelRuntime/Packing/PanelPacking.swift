// The kernels that make panels, called with rows of the checkpoint.
// Not which rows: EntryPacker.swift.

import CPUKernels
import TensorTypes

/// What is known of packed weights only when they are packed.
struct PackingOutcome: Sendable, Equatable {
    /// Elements of the source that are NaN or infinite.
    var nonFinite = 0
    /// The sum of the squared differences between what is kept and the source.
    var squaredError = 0.0
    /// The sum of the squares of the source.
    var squaredValues = 0.0

    static func += (left: inout PackingOutcome, right: PackingOutcome) {
        left.nonFinite += right.nonFinite
        left.squaredError += right.squaredError
        left.squaredValues += right.squaredValues
    }
}

/// Makes panels in one format.
struct PanelPacking: @unchecked Sendable {
    let format: WeightFormat
    let inputs: Int
    private let kernels = vlmc_cpu_kernels_best()

    /// Packs floating-point rows: 16 for each panel, nil for a row of zeros.
    func pack(
        _ rows: [(start: UnsafeRawPointer, element: ElementType)?],
        into target: UnsafeMutableRawBufferPointer
    ) -> PackingOutcome {
        let panels = rows.count / WeightFormat.panelOutputs
        guard let destination = target.baseAddress, panels > 0 else { return PackingOutcome() }
        if format.kernelTag > 1 { return packInSwift(rows, into: target) }
        let starts = rows.map { $0?.start }
        let types = rows.map { ($0?.element ?? .f32).kernelSourceType.rawValue }
        return starts.withUnsafeBufferPointer { starts in
            types.withUnsafeBufferPointer { types in
                guard let row = starts.baseAddress, let type = types.baseAddress else { return PackingOutcome() }
                var arguments = vlmc_pack_panels(
                    rows: row,
                    source_types: type,
                    destination: destination,
                    inputs: Int32(inputs),
                    panels: Int32(panels),
                    format: format.kernelTag
                )
                return PackingOutcome(nonFinite: Int(kernels.pointee.pack_panels(&arguments)))
            }
        }
    }

    /// Packs rows that are in the groups of the format already, exactly: at most one panel.
    func pack(_ rows: QuantizedRows, into target: UnsafeMutableRawBufferPointer) {
        IntegerPanel(format: format, inputs: inputs).write(rows, to: target)
    }
}

extension PanelPacking {
    fileprivate func packInSwift(
        _ rows: [(start: UnsafeRawPointer, element: ElementType)?],
        into target: UnsafeMutableRawBufferPointer
    ) -> PackingOutcome {
        var outcome = PackingOutcome()
        let panelBytes = format.panelBytes(inputs: inputs)
        var values = [Float](repeating: 0, count: 16 * inputs)
        for first in stride(from: 0, to: rows.count, by: 16) {
            for output in 0..<16 {
                for input in 0..<inputs { values[output * inputs + input] = 0 }
                guard let row = rows[first + output] else { continue }
                widen(row.start, row.element, count: inputs) { input, value in
                    values[output * inputs + input] = value
                    if !value.isFinite { outcome.nonFinite += 1 }
                }
            }
            let panel = UnsafeMutableRawBufferPointer(
                rebasing: target[first / 16 * panelBytes..<(first / 16 + 1) * panelBytes]
            )
            if format.scaling == nil {
                panel.initializeMemory(as: UInt8.self, repeating: 0)
                for output in 0..<16 {
                    for input in 0..<inputs {
                        let half = Float16(values[output * inputs + input])
                        panel.storeBytes(of: half, toByteOffset: 2 * ((input / 2 * 16 + output) * 2 + input % 2), as: Float16.self)
                    }
                }
                continue
            }
            let quantized = RowQuantizer(format: format).quantize(values, inputs: inputs)
            IntegerPanel(format: format, inputs: inputs).write(quantized, to: panel)
            var kept = [Float](repeating: 0, count: inputs)
            for output in 0..<16 {
                kept.withUnsafeMutableBufferPointer { quantized.weights(ofOutput: output, into: $0) }
                for input in 0..<inputs {
                    let value = Double(values[output * inputs + input])
                    outcome.squaredValues += value * value
                    outcome.squaredError += (value - Double(kept[input])) * (value - Double(kept[input]))
                }
            }
        }
        return outcome
    }
}

struct RowQuantizer {
    let format: WeightFormat

    func quantize(_ values: [Float], inputs: Int) -> QuantizedRows {
        let outputs = values.count / inputs
        var rows = QuantizedRows(outputs: outputs, inputs: inputs, format: format)
        for output in 0..<outputs {
            for group in 0..<rows.groupCount {
                let range = group * rows.groupInputs..<min((group + 1) * rows.groupInputs, inputs)
                quantize(values, output * inputs, range, &rows, output * rows.groupCount + group)
            }
        }
        return rows
    }

    private func quantize(_ values: [Float], _ start: Int, _ range: Range<Int>, _ rows: inout QuantizedRows, _ group: Int) {
        let most = Float(1 << format.bits - 1)
        var low: Float = 0
        var high: Float = 0
        for input in range {
            low = min(low, values[start + input])
            high = max(high, values[start + input])
        }
        var scale: Float
        var zero = Float(QuantizedRows.middle(bits: format.bits))
        let largest = max(-low, high)
        if format.scaling?.hasZeroPoints == true {
            scale = (high - low) / most
        } else {
            scale = largest / (zero - 1)
        }
        if format.scaling?.element == .f16 { scale = Float(Float16(scale)) }
        if format.scaling?.hasZeroPoints == true, scale > 0 { zero = (-low / scale).rounded() }
        zero = min(max(zero, 0), most)
        rows.scales[group] = scale
        rows.zeroPoints[group] = UInt16(zero)
        for input in range {
            let quotient = scale > 0 ? (values[start + input] / scale).rounded(.toNearestOrEven) : 0
            let value = min(max(quotient + zero, 0), most)
            rows.values[start + input] = UInt8(value.isNaN ? zero : value)
        }
    }
}
