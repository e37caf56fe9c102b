// The tensors that together are one quantised matrix, found by their names and understood by their shapes.
// Not how integers are read out of them: QuantizedTensor.swift.

import JSONText
import TensorTypes

/// What tensors do not tell of themselves: taken from `quantization_config` in `config.json`.
struct QuantizationConvention: Sendable, Equatable {
    /// Whether zero points of GPTQ are stored as they are, as its second version does, and not less by one.
    var hasPlainZeroPoints = false

    static let maximumBytes = 4_000_000

    /// The usual convention.
    init() {}

    /// The convention of the checkpoint in a folder; the usual one where the folder does not say.
    init(readingFrom folder: String) {
        let path = joinedPath(folder, "config.json")
        guard let file = try? MappedFile(path: path), file.bytes.count <= Self.maximumBytes else { return }
        defer { withExtendedLifetime(file) {} }
        guard let document = try? JSONDocument(file.bytes) else { return }
        let stated = document.root["quantization_config"]
        hasPlainZeroPoints = stated?["checkpoint_format"]?.string == "gptq_v2"
    }
}

/// A quantised matrix whose tensors cannot be read as one.
public struct UnreadableQuantization: Error, Sendable, Hashable {
    /// The matrix.
    public let name: String
    /// What is wrong, as the end of a sentence.
    public let problem: String
}

/// The tensors of a quantised matrix by their endings.
struct QuantizedParts {
    /// The tensors by the model's names.
    let all: [String: Checkpoint.Tensor]
    private let stem: String

    /// What AWQ and GPTQ call the parts of `X.weight`, then what compressed-tensors does.
    private static let words = ["qweight", "qzeros", "scales", "g_idx"]
    private static let packed = ["weight_packed", "weight_scale", "weight_shape", "weight_zero_point", "weight_g_idx"]
    private static let bytes = ["weight", "weight_scale", "weight_zero_point"]

    /// The parts of the matrix called `name`, or nil if it is not there in quantised form.
    init?(of name: String, in available: [String: Checkpoint.Tensor]) {
        let ending = ".weight"
        guard name.hasSuffix(ending) else { return nil }
        let stem = String(name.dropLast(ending.count - 1))
        self.stem = stem
        let names: [String]
        if available[stem + "qweight"] != nil {
            names = Self.words
        } else if available[stem + "weight_packed"] != nil {
            names = Self.packed
        } else if available[name]?.entry.element == .i8 {
            names = Self.bytes
        } else {
            return nil
        }
        let found = names.compactMap { part in available[stem + part].map { (stem + part, $0) } }
        all = Dictionary(found) { first, _ in first }
    }

    private subscript(part: String) -> Checkpoint.Tensor? { all[stem + part] }

    /// The matrix `[outputs, inputs]` that the parts are.
    ///
    /// - Throws: `UnreadableQuantization` if a part is missing or has another shape or type than every known layout.
    func tensor(
        shape: [Int],
        convention: QuantizationConvention
    ) throws(UnreadableQuantization) -> QuantizedTensor {
        let (outputs, inputs) = (shape[0], shape[1])
        if let values = self["qweight"] { return try words(values, outputs, inputs, convention) }
        let values = try part(self["weight_packed"] == nil ? "weight" : "weight_packed")
        if self["weight_zero_point"] != nil {
            throw failure("has zero points in the form of compressed-tensors, which are not read; symmetric ones are")
        }
        try refuseReordering(self["weight_g_idx"], inputs: inputs, groups: 1)
        let scales = try part("weight_scale")
        guard scales.entry.element.isFloatingPoint, scales.entry.shape.first == outputs,
            scales.entry.shape.count <= 2, let group = Self.group(of: scales, inputs: inputs)
        else { throw failure("has scales \(scales.entry.shape) that do not fit [\(outputs), \(inputs)]") }
        var layout = QuantizedTensor.Layout.bytes
        var bits = 8
        if self["weight_packed"] != nil {
            layout = .packed
            let columns = values.entry.shape.last ?? 0
            guard values.entry.element == .i32, let found = [4, 8].first(where: { columns == (inputs * $0 + 31) / 32 })
            else { throw failure("has \(values.entry.shape) words for [\(outputs), \(inputs)]; 4 and 8 bits are read") }
            bits = found
        }
        guard values.entry.shape.count == 2, values.entry.shape[0] == outputs,
            layout != .bytes || values.entry.shape[1] == inputs
        else { throw failure("has the shape \(values.entry.shape), but the model needs [\(outputs), \(inputs)]") }
        return QuantizedTensor(
            layout: layout,
            outputs: outputs,
            inputs: inputs,
            bits: bits,
            groupInputs: group,
            values: values,
            scales: scales,
            zeroPoints: nil
        )
    }

    /// Inputs that share a scale; a vector of scales has one for each output.
    private static func group(of scales: Checkpoint.Tensor, inputs: Int) -> Int? {
        if scales.entry.shape.count == 1 { return inputs }
        let count = scales.entry.shape.last ?? 0
        guard count > 0, count <= inputs else { return nil }
        return inputs.isMultiple(of: count) ? inputs / count : nil
    }

    private func words(
        _ values: Checkpoint.Tensor,
        _ outputs: Int,
        _ inputs: Int,
        _ convention: QuantizationConvention
    ) throws(UnreadableQuantization) -> QuantizedTensor {
        let scales = try part("scales")
        let zeroPoints = try part("qzeros")
        let shape = values.entry.shape
        guard values.entry.element == .i32, zeroPoints.entry.element == .i32, scales.entry.element.isFloatingPoint
        else {
            throw failure("has parts of other types than I32 words and floating-point scales")
        }
        let layout: QuantizedTensor.Layout
        let bits: Int
        if shape == [inputs, outputs / 8], outputs.isMultiple(of: 8) {
            (layout, bits) = (.awq, 4)
        } else if let found = [4, 8].first(where: { shape == [inputs * $0 / 32, outputs] }),
            (inputs * found).isMultiple(of: 32)
        {
            (layout, bits) = (.gptq(zeroOffset: convention.hasPlainZeroPoints ? 0 : 1), found)
        } else {
            throw failure(
                "has \(shape) words for [\(outputs), \(inputs)]; AWQ (gemm) has [inputs, outputs / 8], GPTQ with 4 or 8 "
                    + "bits [inputs * bits / 32, outputs]"
            )
        }
        let groups = scales.entry.shape.first ?? 0
        guard groups > 0, inputs.isMultiple(of: groups), scales.entry.shape == [groups, outputs],
            zeroPoints.entry.shape == [groups, outputs * bits / 32]
        else {
            throw failure("has scales \(scales.entry.shape) and zero points \(zeroPoints.entry.shape) that do not fit")
        }
        try refuseReordering(self["g_idx"], inputs: inputs, groups: groups)
        return QuantizedTensor(
            layout: layout,
            outputs: outputs,
            inputs: inputs,
            bits: bits,
            groupInputs: inputs / groups,
            values: values,
            scales: scales,
            zeroPoints: zeroPoints
        )
    }

    /// Inputs must lie in their groups in order: `desc_act` deals them out by activation.
    private func refuseReordering(
        _ indices: Checkpoint.Tensor?,
        inputs: Int,
        groups: Int
    ) throws(UnreadableQuantization) {
        guard let indices else { return }
        guard indices.entry.element == .i32, indices.entry.shape == [inputs] else {
            throw failure("has group indices of \(indices.entry.shape) for \(inputs) inputs")
        }
        let group = inputs / groups
        for input in 0..<inputs {
            let found = indices.bytes.loadUnaligned(fromByteOffset: 4 * input, as: UInt32.self)
            guard UInt32(littleEndian: found) == UInt32(input / group) else {
                throw failure("deals its inputs out to groups by activation (desc_act = true), which is not read")
            }
        }
    }

    private func part(_ name: String) throws(UnreadableQuantization) -> Checkpoint.Tensor {
        guard let tensor = self[name] else { throw failure("lacks its part \(stem)\(name)") }
        return tensor
    }

    private func failure(_ problem: String) -> UnreadableQuantization {
        UnreadableQuantization(name: stem + "weight", problem: problem)
    }
}
