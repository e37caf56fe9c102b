// A matrix that a checkpoint keeps as integers: which tensors it is made of, and how they are read.
// Not where they are looked up (MatchedWeights.swift), nor how such files are written (Quantization/TensorEncoding.swift).

import TensorTypes

/// A quantised matrix `[outputs, inputs]` of a checkpoint, one of the layouts that other libraries write.
///
/// - Source: AWQ: autoawq@0.2.9:awq/modules/linear/gemm.py. GPTQ: gptqmodel@4.0:gptqmodel/nn_modules/qlinear/torch.py.
///   compressed-tensors@0.12:compressors/quantized_compressors/pack_quantized.py.
struct QuantizedTensor: Sendable {
    /// How integers lie in a tensor.
    enum Layout: Sendable, Equatable {
        /// Words `[inputs, outputs / n]` of n outputs in the order 0, 2, 4, 6, 1, 3, 5, 7.
        case awq
        /// Words `[inputs / n, outputs]` of n inputs; what zero points are stored less by.
        case gptq(zeroOffset: Int)
        /// Words `[outputs, inputs / n]` of n inputs, offset by the middle.
        case packed
        /// Signed bytes `[outputs, inputs]`.
        case bytes
    }

    let layout: Layout
    let outputs: Int
    let inputs: Int
    let bits: Int
    let groupInputs: Int
    let values: Checkpoint.Tensor
    let scales: Checkpoint.Tensor
    let zeroPoints: Checkpoint.Tensor?

    /// The places of outputs in a word of AWQ.
    static let awqPlaces = [0, 4, 1, 5, 2, 6, 3, 7]

    /// Reads some outputs.
    func read(_ range: Range<Int>) -> QuantizedRows {
        var rows = QuantizedRows(outputs: range.count, inputs: inputs, groupInputs: groupInputs, bits: bits)
        switch layout {
        case .awq: readAWQ(range, into: &rows)
        case .gptq(let offset): readGPTQ(range, zeroOffset: offset, into: &rows)
        case .packed: readPacked(range, into: &rows)
        case .bytes: readBytes(range, into: &rows)
        }
        return rows
    }

    private static func word(_ tensor: Checkpoint.Tensor, _ index: Int) -> UInt32 {
        UInt32(littleEndian: tensor.bytes.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self))
    }

    private func readAWQ(_ range: Range<Int>, into rows: inout QuantizedRows) {
        let words = outputs / 8
        let groups = rows.groupCount
        for (row, output) in range.enumerated() {
            let shift = UInt32(4 * Self.awqPlaces[output % 8])
            for input in 0..<inputs {
                rows.values[row * inputs + input] =
                    UInt8(truncatingIfNeeded: Self.word(values, input * words + output / 8) >> shift & 15)
            }
            for group in 0..<groups {
                rows.scales[row * groups + group] = scale(group * outputs + output)
                if let zeroPoints {
                    let word = Self.word(zeroPoints, group * words + output / 8)
                    rows.zeroPoints[row * groups + group] = UInt16(truncatingIfNeeded: word >> shift & 15)
                }
            }
        }
    }

    private func readGPTQ(_ range: Range<Int>, zeroOffset: Int, into rows: inout QuantizedRows) {
        let perWord = 32 / bits
        let mask = UInt32(1) << UInt32(bits) - 1
        let groups = rows.groupCount
        for (row, output) in range.enumerated() {
            for input in 0..<inputs {
                let word = Self.word(values, input / perWord * outputs + output)
                rows.values[row * inputs + input] =
                    UInt8(truncatingIfNeeded: word >> UInt32(bits * (input % perWord)) & mask)
            }
            for group in 0..<groups {
                rows.scales[row * groups + group] = scale(group * outputs + output)
                if let zeroPoints {
                    let word = Self.word(zeroPoints, (group * outputs + output) / perWord)
                    let stored = word >> UInt32(bits * (output % perWord)) & mask
                    rows.zeroPoints[row * groups + group] = UInt16(Int(stored) + zeroOffset)
                }
            }
        }
    }

    private func readPacked(_ range: Range<Int>, into rows: inout QuantizedRows) {
        let perWord = 32 / bits
        let mask = UInt32(1) << UInt32(bits) - 1
        let words = (inputs + perWord - 1) / perWord
        for (row, output) in range.enumerated() {
            for input in 0..<inputs {
                let word = Self.word(values, output * words + input / perWord)
                rows.values[row * inputs + input] =
                    UInt8(truncatingIfNeeded: word >> UInt32(bits * (input % perWord)) & mask)
            }
        }
        readScalesByOutput(range, into: &rows)
    }

    private func readBytes(_ range: Range<Int>, into rows: inout QuantizedRows) {
        let bytes = values.bytes
        for (row, output) in range.enumerated() {
            for input in 0..<inputs {
                // A signed byte plus 128 is the same byte with its first bit turned.
                rows.values[row * inputs + input] = bytes[output * inputs + input] ^ 0x80
            }
        }
        readScalesByOutput(range, into: &rows)
    }

    /// Scales `[outputs, groups]`.
    private func readScalesByOutput(_ range: Range<Int>, into rows: inout QuantizedRows) {
        let groups = rows.groupCount
        for (row, output) in range.enumerated() {
            for group in 0..<groups { rows.scales[row * groups + group] = scale(output * groups + group) }
        }
    }

    private func scale(_ index: Int) -> Float {
        var result: Float = 0
        if let start = scales.bytes.baseAddress {
            let element = scales.entry.element
            widen(start + index * element.byteCount, element, count: 1) { result = $1 }
        }
        return result
    }
}
