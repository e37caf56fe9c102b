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
    private let kernels: UnsafePointer<vlmc_cpu_kernels>

    /// Makes panels of one format for a matrix with this many inputs.
    init(format: WeightFormat, inputs: Int, kernels: CPUKernelSet) {
        self.format = format
        self.inputs = inputs
        self.kernels = kernels.table
    }

    /// Packs floating-point rows: 16 for each panel, nil for a row of zeros.
    ///
    /// - Parameter feedback: What the matrix will multiply; integer formats keep what counts for that.
    func pack(
        _ rows: [(start: UnsafeRawPointer, element: ElementType)?],
        feedback: RoundingFeedback? = nil,
        into target: UnsafeMutableRawBufferPointer
    ) -> PackingOutcome {
        precondition(feedback.map { $0.importance.count == inputs } ?? true, "what was shown to another matrix")
        let panels = rows.count / WeightFormat.panelOutputs
        guard let destination = target.baseAddress, panels > 0 else { return PackingOutcome() }
        let starts = rows.map { $0?.start }
        let types = rows.map { ($0?.element ?? .f32).kernelSourceType.rawValue }
        return starts.withUnsafeBufferPointer { starts in
            types.withUnsafeBufferPointer { types in
                guard let row = starts.baseAddress, let type = types.baseAddress else { return PackingOutcome() }
                var call = vlmc_pack_panels(
                    rows: row,
                    source_types: type,
                    destination: destination,
                    inputs: Int32(inputs),
                    panels: Int32(panels),
                    format: format.kernelTag,
                    importance: nil,
                    feedback: nil,
                    order: nil,
                    squared_error: 0,
                    squared_values: 0
                )
                return pack(&call, feedback)
            }
        }
    }

    private func pack(_ call: inout vlmc_pack_panels, _ feedback: RoundingFeedback?) -> PackingOutcome {
        func run() -> PackingOutcome {
            let nonFinite = kernels.pointee.pack_panels(&call)
            return PackingOutcome(
                nonFinite: Int(nonFinite),
                squaredError: call.squared_error,
                squaredValues: call.squared_values
            )
        }
        guard let feedback else { return run() }
        return feedback.importance.withUnsafeBufferPointer { importance in
            feedback.feedback.withUnsafeBufferPointer { losses in
                feedback.order.withUnsafeBufferPointer { order in
                    call.importance = importance.baseAddress
                    call.feedback = losses.baseAddress
                    call.order = order.baseAddress
                    return run()
                }
            }
        }
    }

    /// Packs at most one panel of rows that are in the groups of the format already: exactly.
    func pack(_ rows: QuantizedRows, into target: UnsafeMutableRawBufferPointer) -> PackingOutcome {
        precondition(rows.outputs <= WeightFormat.panelOutputs && rows.inputs == inputs, "more than a panel")
        let zeroPoints = rows.zeroPoints.map { UInt8(truncatingIfNeeded: $0) }
        let missing = WeightFormat.panelOutputs - rows.outputs
        return rows.values.withUnsafeBufferPointer { values in
            rows.scales.withUnsafeBufferPointer { scales in
                zeroPoints.withUnsafeBufferPointer { zeroPoints in
                    func pointers<Element>(
                        _ buffer: UnsafeBufferPointer<Element>,
                        stride: Int
                    ) -> [UnsafePointer<Element>?] {
                        (0..<rows.outputs).map { output in buffer.baseAddress.map { $0 + output * stride } }
                            + [UnsafePointer<Element>?](repeating: nil, count: missing)
                    }
                    return pack(
                        pointers(values, stride: inputs),
                        pointers(scales, stride: rows.groupCount),
                        pointers(zeroPoints, stride: rows.groupCount),
                        into: target
                    )
                }
            }
        }
    }

    private func pack(
        _ values: [UnsafePointer<UInt8>?],
        _ scales: [UnsafePointer<Float>?],
        _ zeroPoints: [UnsafePointer<UInt8>?],
        into target: UnsafeMutableRawBufferPointer
    ) -> PackingOutcome {
        values.withUnsafeBufferPointer { values in
            scales.withUnsafeBufferPointer { scales in
                zeroPoints.withUnsafeBufferPointer { zeroPoints in
                    guard let value = values.baseAddress, let scale = scales.baseAddress,
                        let destination = target.baseAddress
                    else { return PackingOutcome() }
                    var call = vlmc_pack_quantized_panels(
                        values: value,
                        scales: scale,
                        zeros: format.hasZeroPoints ? zeroPoints.baseAddress : nil,
                        destination: destination,
                        inputs: Int32(inputs),
                        panels: 1,
                        format: format.kernelTag
                    )
                    return PackingOutcome(nonFinite: Int(kernels.pointee.pack_quantized_panels(&call)))
                }
            }
        }
    }
}
