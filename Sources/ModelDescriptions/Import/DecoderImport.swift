// What the families share: activations, element types, the kinds of layers, and rotary positions with their scaling.
// Not the fields of one family: those are in Families/.

import Foundation
import JSONText
import TensorTypes

extension ConfigReader {
    /// The activations of transformers that this version covers.
    private static let activations: [String: Activation] = [
        "silu": .silu, "swish": .silu, "gelu": .gelu, "gelu_new": .geluTanh, "gelu_pytorch_tanh": .geluTanh,
        "quick_gelu": .quickGELU, "relu": .relu,
    ]

    /// An activation, by the name that transformers gives it.
    func activation(_ key: String, for keyPath: String, default fallback: String) -> Activation? {
        guard let name = string(key, for: keyPath, default: fallback) else { return nil }
        if let activation = Self.activations[name] { return activation }
        let known = Self.activations.keys.sorted().map(TOMLText.string).joined(separator: ", ")
        report("`\(key)` is \(TOMLText.string(name)), which is not covered; known are \(known)", at: key)
        return nil
    }

    /// The element type of the weights: `dtype`, or `torch_dtype` as releases before 5 call it, here or in `outer`.
    func elementType(outer: ConfigReader) -> ElementType? {
        var stated: (reader: ConfigReader, key: String, name: String)?
        for (reader, key) in [(outer, "dtype"), (outer, "torch_dtype"), (self, "dtype"), (self, "torch_dtype")] {
            guard let name = reader.optional(key, for: "checkpoint.dtype", expected: "a string", { $0.string }),
                stated == nil
            else { continue }
            stated = (reader, key, name)
        }
        if let name = session.statedElementType {
            return ElementType(rawValue: name).flatMap {
                ModelDescription.Checkpoint.elementTypes.contains($0) ? $0 : nil
            } ?? reportElementType(name)
        }
        guard let stated else {
            report("`dtype` is missing: state the element type of the weights with --dtype", at: "dtype")
            return nil
        }
        let name = stated.name.hasPrefix("torch.") ? String(stated.name.dropFirst(6)) : stated.name
        if let type = ElementType(torchName: name), ModelDescription.Checkpoint.elementTypes.contains(type) {
            return type
        }
        stated.reader.report(
            "`\(stated.key)` is \(TOMLText.string(stated.name)), but must be \"float32\", \"float16\" or \"bfloat16\"",
            at: stated.key
        )
        return nil
    }

    private func reportElementType(_ name: String) -> ElementType? {
        session.diagnostics.report(
            .error("the stated element type is \(TOMLText.string(name)), but must be f32, f16 or bf16")
        )
        return nil
    }

    /// Reports layers that attend to a sliding window.
    func checkLayerTypes(layers: Int?) {
        guard let types = value("layer_types") else { return }
        guard let names = types.array?.map(\.string) else {
            report("`layer_types` must be an array of strings", at: "layer_types")
            return
        }
        for name in Set(names) where name != "full_attention" {
            let found = name.map(TOMLText.string) ?? "something that is no string"
            report("`layer_types` has \(found), but only \"full_attention\" is covered", at: "layer_types")
        }
        if let layers, names.count != layers {
            report("`layer_types` has \(names.count) elements, but `num_hidden_layers` is \(layers)", at: "layer_types")
        }
    }
}

/// Reads `rope_scaling`, `rope_parameters` and `rope_theta`, in the order in which transformers lets them count.
struct RotaryImport {
    /// The key path of the table in the TOML.
    var keyPath: String
    /// The base where none is stated.
    var defaultTheta: Double
    /// The longest context, for scalings that leave the original one out.
    var context: Int?
    /// The sections of multimodal positions where none are stated; nil for positions of one number.
    var sections: [Int]?

    func read(_ config: ConfigReader) -> RotaryEmbedding? {
        let isScalingStated = config.value("rope_scaling")?.object?.isEmpty == false
        let key = isScalingStated ? "rope_scaling" : "rope_parameters"
        // Of two objects the second has no effect in transformers either.
        _ = config.value("rope_parameters")
        guard config.has(key) else {
            let theta = config.double("rope_theta", for: "\(keyPath).theta", default: defaultTheta)
            if sections != nil { config.session.recordDefault("\(keyPath).sections", missingFrom: config.file.name) }
            return theta.map { RotaryEmbedding(positions: positions(sections, isInterleaved: false), theta: $0) }
        }
        guard let rope = config.object(key) else { return nil }
        let theta: Double?
        if rope.has("rope_theta") {
            _ = config.value("rope_theta")
            theta = rope.double("rope_theta", for: "\(keyPath).theta")
        } else {
            theta = config.double("rope_theta", for: "\(keyPath).theta", default: defaultTheta)
        }
        var statedSections: [Int]?
        var isInterleaved: Bool? = false
        if let sections {
            statedSections = rope.integers("mrope_section", for: "\(keyPath).sections", default: sections)
            isInterleaved = rope.boolean("mrope_interleaved", for: nil, default: false)
        }
        let outcome = readScaling(rope)
        rope.finish(.rope)
        guard let theta, let isInterleaved, (statedSections == nil) == (sections == nil), !outcome.isWrong else {
            return nil
        }
        return RotaryEmbedding(
            positions: positions(statedSections, isInterleaved: isInterleaved),
            theta: theta,
            scaling: outcome.scaling
        )
    }

    private func positions(_ sections: [Int]?, isInterleaved: Bool) -> RotaryEmbedding.Positions {
        guard let sections else { return .sequence }
        return .multimodal(sections: sections, layout: isInterleaved ? .interleaved : .sectioned)
    }

    /// The scaling, if there is one, and whether it was wrong.
    private func readScaling(_ rope: ConfigReader) -> (scaling: RotaryScaling?, isWrong: Bool) {
        let older = rope.optional("type", for: nil, expected: "a string") { $0.string }
        let type = rope.string("rope_type", for: nil, default: older ?? "default")
        let scaling: RotaryScaling?
        switch type {
        case "default", "mrope":
            return (nil, false)
        case "linear":
            scaling = rope.double("factor", for: "\(keyPath).scaling.factor").map { .linear(factor: $0) }
        case "llama3":
            scaling = readLlama3(rope).map { .llama3($0) }
        case "yarn":
            scaling = readYaRN(rope).map { .yarn($0) }
        case let other?:
            let key = rope.has("rope_type") ? "rope_type" : "type"
            rope.report(
                "`\(key)` is \(TOMLText.string(other)), which is not covered; known are \"default\", \"mrope\", "
                    + "\"linear\", \"llama3\" and \"yarn\"",
                at: key
            )
            scaling = nil
        case nil:
            scaling = nil
        }
        return (scaling, scaling == nil)
    }

    private func readLlama3(_ rope: ConfigReader) -> RotaryScaling.Llama3? {
        let factor = rope.double("factor", for: "\(keyPath).scaling.factor")
        let low = rope.double("low_freq_factor", for: "\(keyPath).scaling.low-frequency-factor")
        let high = rope.double("high_freq_factor", for: "\(keyPath).scaling.high-frequency-factor")
        let original = readOriginalContext(rope)
        guard let factor, let low, let high, let original else { return nil }
        return RotaryScaling.Llama3(
            factor: factor,
            lowFrequencyFactor: low,
            highFrequencyFactor: high,
            originalContext: original
        )
    }

    private func readYaRN(_ rope: ConfigReader) -> RotaryScaling.YaRN? {
        let path = "\(keyPath).scaling"
        let original = readOriginalContext(rope)
        let implied = context.flatMap { context in original.flatMap { $0 > 0 ? Double(context) / Double($0) : nil } }
        let factor = rope.double("factor", for: "\(path).factor", default: implied)
        let betaFast = rope.double("beta_fast", for: "\(path).beta-fast", default: 32)
        let betaSlow = rope.double("beta_slow", for: "\(path).beta-slow", default: 1)
        let truncate = rope.boolean("truncate", for: "\(path).truncate", default: true)
        let scale = rope.optional("mscale", for: nil, expected: "a number") { $0.double }
        let scaleOfAll = rope.optional("mscale_all_dim", for: nil, expected: "a number") { $0.double }
        guard let factor, let original, let betaFast, let betaSlow, let truncate else { return nil }
        let attention = rope.double(
            "attention_factor",
            for: "\(path).attention-factor",
            default: Self.attentionFactor(factor: factor, scale: scale, scaleOfAll: scaleOfAll)
        )
        guard let attention else { return nil }
        return RotaryScaling.YaRN(
            factor: factor,
            originalContext: original,
            // Zero counts as not stated, as it does in transformers.
            betaFast: betaFast == 0 ? 32 : betaFast,
            betaSlow: betaSlow == 0 ? 1 : betaSlow,
            attentionFactor: attention,
            truncate: truncate
        )
    }

    private static func attentionFactor(factor: Double, scale: Double?, scaleOfAll: Double?) -> Double {
        guard let scale, let scaleOfAll, scale != 0, scaleOfAll != 0, factor > 1 else {
            return RotaryScaling.YaRN.recommendedAttentionFactor(factor: factor)
        }
        return (0.1 * scale * log(factor) + 1) / (0.1 * scaleOfAll * log(factor) + 1)
    }

    private func readOriginalContext(_ rope: ConfigReader) -> Int? {
        rope.integer(
            "original_max_position_embeddings",
            for: "\(keyPath).scaling.original-context",
            default: context
        )
    }
}
