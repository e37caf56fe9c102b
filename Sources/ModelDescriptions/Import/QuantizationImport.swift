// Reads `quantization_config`: which classes of weights a checkpoint holds as integers, and the format that keeps them.
// Not the integers: ModelRuntime/Checkpoints/QuantizedTensor.swift reads those.
// *Source*: transformers@5.23.0:utils/quantization_config.py; compressed-tensors@0.12:quantization/quant_config.py.

import JSONText
import TensorTypes

/// Reads how the matrices of a checkpoint were quantised.
struct QuantizationImport {
    let session: ImportSession

    /// The table `[quantization]` for a checkpoint.
    ///
    /// - Parameters:
    ///   - published: The format of what is no integers.
    ///   - hasVision: Whether there are images.
    ///   - hasHead: Whether the head has a matrix of its own.
    /// - Returns: nil after having reported why it cannot be read.
    func read(
        _ config: ConfigReader?,
        published: WeightFormat,
        hasVision: Bool,
        hasHead: Bool
    ) -> ModelDescription.Quantization? {
        guard let config else { return ModelDescription.Quantization(weights: published) }
        guard let method = config.optional("quant_method", for: nil, expected: "a string", { $0.string }) else {
            if !config.has("quant_method") { config.report("`quant_method` is missing", at: "quant_method") }
            return nil
        }
        let scheme: Scheme?
        switch method {
        case "awq": scheme = readAWQ(config)
        case "gptq": scheme = readGPTQ(config)
        case "compressed-tensors": scheme = readCompressedTensors(config)
        default:
            config.report(
                "`quant_method` is \(TOMLText.string(method)), which is not read; known are \"awq\", \"gptq\" and "
                    + "\"compressed-tensors\"",
                at: "quant_method"
            )
            return nil
        }
        guard let scheme else { return nil }
        if !scheme.isExact {
            config.warn(
                "integers of \(scheme.bits) bits in groups of this size are kept as \(scheme.format.name), which rounds "
                    + "them once more",
                at: "quant_method"
            )
        }
        var exceptions: [ModelDescription.Quantization.TensorClass: WeightFormat] = [:]
        for (tensorClass, module) in Self.modules {
            if !hasVision, tensorClass == .vision || tensorClass == .bridge { continue }
            if !hasHead, tensorClass == .head { continue }
            guard scheme.covers(tensorClass), !scheme.ignores(module) else { continue }
            exceptions[tensorClass] = scheme.format
            session.record("quantization.\(tensorClass.rawValue)", from: config.span(of: "quant_method"))
        }
        return ModelDescription.Quantization(weights: published, exceptions: exceptions)
    }

    /// A module of each class that can be quantised, as checkpoints call it.
    private static let modules: [(ModelDescription.Quantization.TensorClass, String)] = [
        (.vision, "visual.blocks.0.attn.qkv"), (.bridge, "visual.merger.mlp.0"),
        (.attention, "model.layers.0.self_attn.q_proj"), (.mlp, "model.layers.0.mlp.gate_proj"), (.head, "lm_head"),
    ]

    /// What a configuration says.
    private struct Scheme {
        let bits: Int
        let format: WeightFormat
        /// Whether the format holds the integers as they are.
        let isExact: Bool
        /// Whether matrices outside of the decoder's layers are quantised, too.
        var coversAll = false
        /// Whether the head is quantised, too.
        var coversHead = false
        /// Whether a module is left as it was.
        var ignores: (String) -> Bool = { _ in false }

        /// - Parameter group: Inputs that share a scale; nil if all of an output do.
        init?(bits: Int, group: Int?, isSymmetric: Bool) {
            self.bits = bits
            switch bits {
            case 4:
                let fitsLong = group.map { $0.isMultiple(of: 128) } ?? true
                let fitsShort = isSymmetric && (group ?? 32).isMultiple(of: 32)
                format = fitsLong ? .w4g128 : fitsShort ? .w4g32 : .w8g32
                isExact = fitsLong || fitsShort
            case 8:
                format = group == nil && isSymmetric ? .w8 : .w8g32
                isExact = isSymmetric && (group ?? 32).isMultiple(of: 32)
            default: return nil
            }
        }

        func covers(_ tensorClass: ModelDescription.Quantization.TensorClass) -> Bool {
            switch tensorClass {
            case .attention, .mlp: true
            case .vision, .bridge: coversAll
            case .head: coversAll || coversHead
            case .embeddings: false
            }
        }
    }

    private func scheme(_ config: ConfigReader, bits: Int, group: Int?, isSymmetric: Bool, at key: String) -> Scheme? {
        let scheme = Scheme(bits: bits, group: group == -1 ? nil : group, isSymmetric: isSymmetric)
        if scheme == nil { config.report("weights of \(bits) bits are not read; 4 and 8 are", at: key) }
        return scheme
    }

    // MARK: AWQ

    private func readAWQ(_ config: ConfigReader) -> Scheme? {
        let bits = config.integer("bits", "w_bit", for: nil, default: 4)
        let group = config.integer("group_size", "q_group_size", for: nil, default: 128)
        let hasZeroPoints = config.boolean("zero_point", for: nil, default: true)
        let version = config.string("version", for: nil, default: "gemm")
        let kept = config.optional("modules_to_not_convert", for: nil, expected: "an array of strings", Self.strings)
        config.finish(Self.knownFields)
        guard let bits, let group, let hasZeroPoints, let version else { return nil }
        guard version.lowercased() == "gemm" else {
            config.report("the version \(TOMLText.string(version)) of AWQ is not read; \"gemm\" is", at: "version")
            return nil
        }
        var scheme = scheme(config, bits: bits, group: group, isSymmetric: !hasZeroPoints, at: "bits")
        scheme?.ignores = { module in (kept ?? []).contains { module.contains($0) } }
        return scheme
    }

    // MARK: GPTQ

    private func readGPTQ(_ config: ConfigReader) -> Scheme? {
        let bits = config.integer("bits", for: nil, default: 4)
        let group = config.integer("group_size", for: nil, default: 128)
        let isSymmetric = config.boolean("sym", for: nil, default: true)
        let isReordered = config.boolean("desc_act", for: nil, default: false)
        let coversHead = config.boolean("lm_head", for: nil, default: false)
        config.finish(Self.knownFields)
        guard let bits, let group, let isSymmetric, let isReordered, let coversHead else { return nil }
        guard !isReordered || group == -1 else {
            config.report(
                "`desc_act` is true: inputs are dealt out to groups by activation, which is not read; quantise again "
                    + "with `desc_act` = false",
                at: "desc_act"
            )
            return nil
        }
        var scheme = scheme(config, bits: bits, group: group, isSymmetric: isSymmetric, at: "bits")
        scheme?.coversHead = coversHead
        return scheme
    }

    // MARK: compressed-tensors

    private func readCompressedTensors(_ config: ConfigReader) -> Scheme? {
        let format = config.string("format", for: nil, default: "pack-quantized")
        let ignored = config.optional("ignore", for: nil, expected: "an array of strings", Self.strings) ?? []
        let groups = config.object("config_groups")
        config.finish(Self.knownFields)
        guard let format, let groups else { return nil }
        guard ["pack-quantized", "int-quantized"].contains(format) else {
            config.report(
                "the format \(TOMLText.string(format)) of compressed-tensors is not read; \"pack-quantized\" and "
                    + "\"int-quantized\" are",
                at: "format"
            )
            return nil
        }
        guard groups.keys.count == 1, let key = groups.keys.first, let group = groups.object(key),
            let weights = group.object("weights")
        else {
            config.report(
                "`config_groups` has \(groups.keys.count) groups; one, with `weights`, is read",
                at: "config_groups"
            )
            return nil
        }
        let bits = weights.integer("num_bits", for: nil, default: 8)
        let type = weights.string("type", for: nil, default: "int")
        let isSymmetric = weights.boolean("symmetric", for: nil, default: true)
        let strategy = weights.string("strategy", for: nil, default: "channel")
        let size = weights.optional("group_size", for: nil, expected: "an integer") { $0.integer }
        guard let bits, let type, let isSymmetric, let strategy else { return nil }
        guard type == "int", isSymmetric else {
            let key = type == "int" ? "symmetric" : "type"
            weights.report("only symmetric integers are read from compressed-tensors", at: key)
            return nil
        }
        guard strategy == "channel" || strategy == "group" && size != nil else {
            weights.report(
                "the strategy \(TOMLText.string(strategy)) is not read; \"channel\" and \"group\" with `group_size` are",
                at: "strategy"
            )
            return nil
        }
        let inputs = strategy == "group" ? size : nil
        var scheme = scheme(weights, bits: bits, group: inputs, isSymmetric: true, at: "num_bits")
        scheme?.coversAll = true
        scheme?.ignores = { module in ignored.contains { Self.matches(module, $0) } }
        return scheme
    }

    /// Whether a module is named by an entry of `ignore`: by its name, or by `re:` and an expression for its beginning.
    private static func matches(_ module: String, _ entry: String) -> Bool {
        guard entry.hasPrefix("re:") else { return module == entry || "model." + module == entry }
        guard let expression = try? Regex(String(entry.dropFirst(3))) else { return false }
        return [module, "model." + module].contains { (try? expression.prefixMatch(in: $0)) ?? nil != nil }
    }

    private static func strings(_ value: JSONValue) -> [String]? {
        guard let array = value.array else { return nil }
        let strings = array.compactMap(\.string)
        return strings.count == array.count ? strings : nil
    }

    /// Fields of a configuration that change nothing in how integers are read.
    private static let knownFields = ConfigFields(
        irrelevant: Dictionary(
            uniqueKeysWithValues: [
                "backend", "block_name_to_quantize", "cache_block_outputs", "checkpoint_format", "damp_percent",
                "dataset", "do_fuse", "exllama_config", "fuse_max_seq_len", "global_compression_ratio",
                "is_marlin_format", "kv_cache_scheme", "max_input_length", "meta", "model_file_base_name",
                "model_name_or_path", "model_seqlen", "module_name_preceding_first_block",
                "modules_in_block_to_quantize",
                "modules_to_fuse", "pack_dtype", "pad_token_id", "quant_method", "quantization_status",
                "sparsity_config", "static_groups", "tokenizer", "transform_config", "true_sequential",
                "use_cuda_fp16", "use_exllama", "version",
            ].map { ($0, "of the program that quantised, or of kernels") }
        )
    )
}
