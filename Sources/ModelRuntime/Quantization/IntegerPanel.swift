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
        let group = input / format.groupInputs
        let inGroup = input % format.groupInputs
        let start = group * format.groupBytes
        if format.bits == 8 {
            return (start + (inGroup / 4 * Self.outputs + output) * 4 + inGroup % 4, 0)
        }
        // Four bytes hold eight inputs of an output: the first four in the low nibbles, the others in the high ones.
        let eighth = inGroup % 8
        return (start + (inGroup / 8 * Self.outputs + output) * 4 + eighth % 4, eighth < 4 ? 0 : 4)
    }

    /// Where the scale of a group is.
    private func scaleOffset(output: Int, group: Int) -> Int {
        guard let scaling = format.scaling, scaling.groupInputs != nil else {
            return format.groupCount(inputs: inputs) * format.groupBytes + 4 * output
        }
        let inGroup = group % format.groupScales * Self.outputs + output
        return group / format.groupScales * format.groupBytes + format.groupElementBytes
            + scaling.element.byteCount * inGroup
    }

    private func zeroPointOffset(output: Int, group: Int) -> Int {
        group * format.groupBytes + format.groupElementBytes + 2 * Self.outputs + output
    }

    /// Reads all outputs of a panel.
    func read(_ panel: UnsafeRawBufferPointer) -> QuantizedRows {
        var rows = QuantizedRows(outputs: Self.outputs, inputs: inputs, format: format)
        let mask = UInt8(truncatingIfNeeded: 1 << format.bits - 1)
        for output in 0..<Self.outputs {
            for input in 0..<inputs {
                let (byte, shift) = place(output: output, input: input)
                rows.values[output * inputs + input] = panel[byte] >> UInt8(shift) & mask
            }
            for group in 0..<rows.groupCount {
                let offset = scaleOffset(output: output, group: group)
                rows.scales[output * rows.groupCount + group] =
                    format.scaling?.element == .f16
                    ? Float(panel.loadUnaligned(fromByteOffset: offset, as: Float16.self))
                    : panel.loadUnaligned(fromByteOffset: offset, as: Float.self)
                if format.scaling?.hasZeroPoints == true {
                    rows.zeroPoints[output * rows.groupCount + group] =
                        UInt16(panel[zeroPointOffset(output: output, group: group)])
                }
            }
        }
        return rows
    }
}
