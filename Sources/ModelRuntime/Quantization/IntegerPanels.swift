// The panels of integer formats, byte by byte: how integers, scales and zero points lie in them.
// Not how weights become integers: the kernels do that (kernels/cpu/templates/packing.h).

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

    /// Writes rows that are in the groups of the format; outputs and inputs beyond them become zero weights.
    func write(_ rows: QuantizedRows, to panel: UnsafeMutableRawBufferPointer) {
        panel.initializeMemory(as: UInt8.self, repeating: 0)
        let middle = UInt8(QuantizedRows.middle(bits: format.bits))
        let filled = format.groupCount(inputs: inputs) * format.groupInputs
        for output in 0..<Self.outputs {
            for input in 0..<filled {
                var value = middle
                if output < rows.outputs, input < inputs {
                    value = rows.values[output * inputs + input]
                } else if output < rows.outputs, format.scaling?.hasZeroPoints == true {
                    let group = min(input / rows.groupInputs, rows.groupCount - 1)
                    value = UInt8(truncatingIfNeeded: rows.zeroPoints[output * rows.groupCount + group])
                }
                let (byte, shift) = place(output: output, input: input)
                panel[byte] |= value << UInt8(shift)
            }
            for group in 0..<rows.groupCount {
                let index = output * rows.groupCount + group
                let scale = output < rows.outputs ? rows.scales[index] : 0
                let offset = scaleOffset(output: output, group: group)
                if format.scaling?.element == .f16 {
                    panel.storeBytes(of: Float16(scale), toByteOffset: offset, as: Float16.self)
                } else {
                    panel.storeBytes(of: scale, toByteOffset: offset, as: Float.self)
                }
                if format.scaling?.hasZeroPoints == true {
                    let zero = output < rows.outputs ? UInt8(truncatingIfNeeded: rows.zeroPoints[index]) : middle
                    panel[zeroPointOffset(output: output, group: group)] = zero
                }
            }
        }
    }
}
