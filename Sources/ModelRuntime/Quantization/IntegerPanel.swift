// Reads the integers, scales and zero points out of a panel, for writing them elsewhere.
// Not how they get there, which kernels do: kernels/cpu/templates/packing.h and quantized_panels.h.

import TensorTypes

/// The places within a panel of 16 outputs of an integer format.
struct IntegerPanel {
    let format: WeightFormat
    let inputs: Int

    private static let outputs = WeightFormat.panelOutputs

    /// The byte that holds a value, and by how many bits it is shifted there.
    private func place(output: Int, input: Int) -> (byte: Int, shift: Int) {
        let inUnit = input % format.unitInputs
        let start = input / format.unitInputs * format.unitBytes
        if format.weightBits == 8 {
            return (start + (inUnit / 4 * Self.outputs + output) * 4 + inUnit % 4, 0)
        }
        // Four bytes hold eight inputs of an output: the first four in the low nibbles, the others in the high ones.
        let eighth = inUnit % 8
        return (start + (inUnit / 8 * Self.outputs + output) * 4 + eighth % 4, eighth < 4 ? 0 : 4)
    }

    /// Bytes of the integers of a unit; scales follow them.
    private var unitValueBytes: Int { format.unitInputs * Self.outputs * format.weightBits / 8 }

    /// Where the scale of a group is.
    private func scaleOffset(output: Int, group: Int) -> Int {
        guard let scaleInputs = format.scaleInputs else {
            return format.panelBytes(inputs: inputs) - format.tailBytes + 4 * output
        }
        let groups = format.unitInputs / scaleInputs
        return group / groups * format.unitBytes + unitValueBytes + 2 * (group % groups * Self.outputs + output)
    }

    /// Where the zero point of a group is: behind the scales of its unit, which is one group.
    private func zeroPointOffset(output: Int, group: Int) -> Int {
        group * format.unitBytes + unitValueBytes + 2 * Self.outputs + output
    }

    /// Reads all outputs of a panel.
    func read(_ panel: UnsafeRawBufferPointer) -> QuantizedRows {
        var rows = QuantizedRows(outputs: Self.outputs, inputs: inputs, format: format)
        let mask = UInt8(truncatingIfNeeded: 1 << format.weightBits - 1)
        for output in 0..<Self.outputs {
            for input in 0..<inputs {
                let (byte, shift) = place(output: output, input: input)
                rows.values[output * inputs + input] = panel[byte] >> UInt8(shift) & mask
            }
            for group in 0..<rows.groupCount {
                let offset = scaleOffset(output: output, group: group)
                rows.scales[output * rows.groupCount + group] =
                    format.scaleElement == .f16
                    ? Float(panel.loadUnaligned(fromByteOffset: offset, as: Float16.self))
                    : panel.loadUnaligned(fromByteOffset: offset, as: Float.self)
                if format.hasZeroPoints {
                    rows.zeroPoints[output * rows.groupCount + group] =
                        UInt16(panel[zeroPointOffset(output: output, group: group)])
                }
            }
        }
        return rows
    }
}
