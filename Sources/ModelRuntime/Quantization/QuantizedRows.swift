// Some outputs of a matrix as integers with scales and zero points, in no particular layout.
// Not as files keep them (Checkpoints/QuantizedTensor.swift), nor as kernels read them (IntegerPanel.swift).

import TensorTypes

/// Consecutive outputs of a quantised matrix.
///
/// *Math*: weight = (value - zero point) * scale. *Shapes*: values `[outputs, inputs]`, scales and zero points
/// `[outputs, groups]`.
struct QuantizedRows: Sendable, Equatable {
    let outputs: Int
    let inputs: Int
    /// Inputs that share a scale; the last group may be shorter.
    let groupInputs: Int
    /// Bits of a value.
    let bits: Int
    var values: [UInt8]
    var scales: [Float]
    var zeroPoints: [UInt16]

    /// Groups of an output.
    var groupCount: Int { (inputs + groupInputs - 1) / groupInputs }

    /// The zero point of a quantisation that is symmetric: the middle of the integers.
    static func middle(bits: Int) -> UInt16 { 1 << UInt16(bits - 1) }

    /// Rows that are all zero.
    init(outputs: Int, inputs: Int, groupInputs: Int, bits: Int) {
        precondition(outputs >= 0 && inputs > 0 && groupInputs > 0, "rows of \(inputs) in groups of \(groupInputs)")
        self.outputs = outputs
        self.inputs = inputs
        self.groupInputs = groupInputs
        self.bits = bits
        let groups = outputs * ((inputs + groupInputs - 1) / groupInputs)
        let middle = Self.middle(bits: bits)
        values = [UInt8](repeating: UInt8(middle), count: outputs * inputs)
        scales = [Float](repeating: 0, count: groups)
        zeroPoints = [UInt16](repeating: middle, count: groups)
    }

    /// Rows of zeros in the groups of a format.
    init(outputs: Int, inputs: Int, format: WeightFormat) {
        self.init(
            outputs: outputs,
            inputs: inputs,
            groupInputs: format.scaleInputs ?? inputs,
            bits: format.weightBits
        )
    }

    /// The weights of an output.
    func weights(ofOutput output: Int, into target: UnsafeMutableBufferPointer<Float>) {
        for input in 0..<inputs {
            let group = output * groupCount + input / groupInputs
            target[input] =
                Float(Int(values[output * inputs + input]) - Int(zeroPoints[group])) * scales[group]
        }
    }

    /// The same weights in the groups of `format`, or nil if it cannot hold them exactly: it has other bits, longer
    /// groups, no zero points where they are needed, or scales of less precision.
    func regrouped(for format: WeightFormat) -> QuantizedRows? {
        guard format.isInteger, format.weightBits == bits else { return nil }
        let target = format.scaleInputs ?? inputs
        guard groupCount == 1 || groupInputs.isMultiple(of: target) else { return nil }
        let middle = Self.middle(bits: bits)
        guard format.hasZeroPoints || zeroPoints.allSatisfy({ $0 == middle }), zeroPoints.allSatisfy({ $0 <= 255 }),
            format.scaleElement == .f32 || scales.allSatisfy({ Float(Float16($0)) == $0 })
        else { return nil }
        if target == groupInputs { return self }
        var result = QuantizedRows(outputs: outputs, inputs: inputs, groupInputs: target, bits: bits)
        result.values = values
        for output in 0..<outputs {
            for group in 0..<result.groupCount {
                let source = output * groupCount + group * target / groupInputs
                result.scales[output * result.groupCount + group] = scales[source]
                result.zeroPoints[output * result.groupCount + group] = zeroPoints[source]
            }
        }
        return result
    }
}
