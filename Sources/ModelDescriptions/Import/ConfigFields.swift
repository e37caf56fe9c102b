// The fields of configuration files that an import knows without using them: why they do not matter, or which values
// of them do not.
// Not the fields that are used: those stand where they are read.

import JSONText

/// A field that changes what a model computes unless it has a neutral value.
struct UncoveredField: Sendable {
    /// What another value would do.
    var effect: String
    /// The values that change nothing, besides null.
    var neutral: [JSONValue]

    /// Whether `value` changes nothing.
    func allows(_ value: JSONValue) -> Bool {
        neutral.contains { candidate in
            if let number = candidate.double, let other = value.double { return number == other }
            return candidate == value
        }
    }

    /// The neutral values in words.
    var neutralWords: String {
        let words = neutral.map { value in
            switch value.content {
            case .array: "[]"
            case .object: "{}"
            default: ConfigReader.words(for: value)
            }
        }
        return (words + ["null"]).joined(separator: " or ")
    }
}

/// What is known of the fields of one kind of object.
struct ConfigFields: Sendable {
    /// Fields that do not change what a model computes, each with the reason.
    var irrelevant: [String: String] = [:]
    /// Fields that change it unless they are neutral.
    var uncovered: [String: UncoveredField] = [:]

    /// The fields of both.
    static func + (left: ConfigFields, right: ConfigFields) -> ConfigFields {
        ConfigFields(
            irrelevant: left.irrelevant.merging(right.irrelevant) { $1 },
            uncovered: left.uncovered.merging(right.uncovered) { $1 }
        )
    }

    private static let isFalse = JSONValue(.boolean(false))
    private static let isTrue = JSONValue(.boolean(true))
    private static let zero = JSONValue(.number(JSONNumber(0)))
    private static let one = JSONValue(.number(JSONNumber(1)))
    private static let emptyArray = JSONValue(.array([]))

    /// Fields that every `config.json`, and every object in one, may have.
    static let anyConfig = ConfigFields(
        irrelevant: [
            "_attn_implementation": "how transformers computes, not what",
            "_commit_hash": "where the file came from",
            "_name_or_path": "where the file came from",
            "add_cross_attention": "of encoder-decoder models",
            "architectures": "the class of transformers; `model_type` decides here",
            "attention_dropout": "of training",
            "attn_implementation": "how transformers computes, not what",
            "auto_map": "where custom code of transformers lies",
            "bos_token_id": "the tokenizer states it",
            "chunk_size_feed_forward": "how transformers computes, not what",
            "eos_token_id": "`generation_config.json` or the tokenizer states it",
            "finetuning_task": "of classifiers",
            "hidden_dropout": "of training",
            "id2label": "of classifiers",
            "initializer_range": "of training",
            "label2id": "of classifiers",
            "max_window_layers": "without a sliding window it has no effect",
            "model_type": "read for the whole file",
            "output_attentions": "what transformers returns",
            "output_hidden_states": "what transformers returns",
            "pad_token_id": "the tokenizer states it",
            "pretraining_tp": "how products were split over machines, not what they are",
            "problem_type": "of classifiers",
            "return_dict": "what transformers returns",
            "sep_token_id": "the tokenizer states it",
            "sliding_window": "without `use_sliding_window` it has no effect",
            "tokenizer_class": "`tokenizer_config.json` states it",
            "torchscript": "how transformers computes, not what",
            "transformers.js_config": "of another library",
            "transformers_version": "what wrote the file",
            "use_bfloat16": "how transformers computes, not what",
            "use_cache": "there always is a cache here",
        ],
        uncovered: [
            "attention_chunk_size": UncoveredField(effect: "it limits what attention sees", neutral: []),
            "attention_multiplier": UncoveredField(effect: "it scales attention scores", neutral: []),
            "attn_logit_softcapping": UncoveredField(effect: "it bounds attention scores", neutral: []),
            "embedding_multiplier": UncoveredField(effect: "it scales embeddings", neutral: [one]),
            "final_logit_softcapping": UncoveredField(effect: "it bounds logits", neutral: []),
            "is_encoder_decoder": UncoveredField(effect: "it adds an encoder of text", neutral: [isFalse]),
            "logit_scale": UncoveredField(effect: "it scales logits", neutral: [one]),
            "logits_scaling": UncoveredField(effect: "it scales logits", neutral: [one]),
            "moe_intermediate_size": UncoveredField(effect: "it adds experts", neutral: []),
            "n_routed_experts": UncoveredField(effect: "it adds experts", neutral: [zero]),
            "num_experts": UncoveredField(effect: "it adds experts", neutral: [zero]),
            "num_local_experts": UncoveredField(effect: "it adds experts", neutral: [zero]),
            "partial_rotary_factor": UncoveredField(effect: "it turns part of a head only", neutral: [one]),
            "pruned_heads": UncoveredField(effect: "it removes heads", neutral: [JSONValue(.object([]))]),
            "quantization_config": UncoveredField(effect: "the weights are stored quantized", neutral: []),
            "qk_layernorm": UncoveredField(effect: "it normalises queries and keys", neutral: [isFalse]),
            "qk_layer_norms": UncoveredField(effect: "it normalises queries and keys", neutral: [isFalse]),
            "query_pre_attn_scalar": UncoveredField(effect: "it scales attention scores", neutral: []),
            "residual_multiplier": UncoveredField(effect: "it scales what layers add", neutral: [one]),
            "rope_interleaved": UncoveredField(effect: "it pairs neighbouring dimensions", neutral: [isFalse]),
            "tie_encoder_decoder": UncoveredField(effect: "it shares weights", neutral: [isFalse]),
            "use_qk_norm": UncoveredField(effect: "it normalises queries and keys", neutral: [isFalse]),
            "use_sliding_window": UncoveredField(effect: "it limits what attention sees", neutral: [isFalse]),
        ]
    )

    /// Fields of the top of `config.json` of Qwen2-VL and its successors.
    static let qwenRoot = ConfigFields(
        irrelevant: [
            "vision_token_id": "transformers does not read it",
            "vision_start_token_id": "the chat template states the token",
            "vision_end_token_id": "the chat template states the token",
            "image_token_id": "read for the whole file",
            "video_token_id": "read for the whole file",
        ],
        uncovered: [
            "attention_bias": UncoveredField(effect: "the classes of this family fix what it states", neutral: []),
            "mlp_bias": UncoveredField(effect: "the classes of this family have none", neutral: [isFalse]),
        ]
    )

    /// Fields of `vision_config`.
    static let qwenVision = ConfigFields(irrelevant: [
        "dtype": "the whole checkpoint has one element type",
        "in_chans": "transformers reads `in_channels`",
        "spatial_patch_size": "transformers reads `patch_size`",
        "tokens_per_second": "of videos",
        "torch_dtype": "the whole checkpoint has one element type",
    ])

    /// Fields of SmolLM2's `config.json`.
    static let llama = ConfigFields(irrelevant: ["is_llama_config": "it says what `model_type` says"])

    /// Fields of the objects `rope_scaling` and `rope_parameters`.
    static let rope = ConfigFields(uncovered: [
        "partial_rotary_factor": UncoveredField(effect: "it turns part of a head only", neutral: [one])
    ])

    /// Fields of `preprocessor_config.json`.
    static let preprocessor = ConfigFields(
        irrelevant: [
            "_valid_processor_keys": "names of arguments",
            "data_format": "how arrays lie in memory",
            "default_to_square": "of processors with a fixed size",
            "device": "how transformers computes, not what",
            "disable_grouping": "how transformers computes, not what",
            "feature_extractor_type": "the older name of the class",
            "input_data_format": "how arrays lie in memory",
            "processor_class": "the class of transformers",
            "return_tensors": "what transformers returns",
        ],
        uncovered: [
            "crop_size": UncoveredField(effect: "it crops images", neutral: []),
            "do_center_crop": UncoveredField(effect: "it crops images", neutral: [isFalse]),
            "do_convert_rgb": UncoveredField(effect: "images would keep their colour model", neutral: [isTrue]),
            "do_normalize": UncoveredField(effect: "images would not be normalised", neutral: [isTrue]),
            "do_pad": UncoveredField(effect: "it pads images", neutral: [isFalse]),
            "do_rescale": UncoveredField(effect: "images would not be scaled", neutral: [isTrue]),
            "do_resize": UncoveredField(effect: "images would not be resized", neutral: [isTrue]),
            "pad_size": UncoveredField(effect: "it pads images", neutral: []),
        ]
    )

    /// Fields of `generation_config.json`.
    static let generation = ConfigFields(
        irrelevant: [
            "_from_model_config": "how the file came to be",
            "bos_token_id": "the tokenizer states it",
            "cache_implementation": "how transformers computes, not what",
            "chat_format": "of another library; the chat template states it",
            "disable_compile": "how transformers computes, not what",
            "early_stopping": "of beam search",
            "eos_token_id": "read with the tokenizer",
            "length_penalty": "of beam search",
            "max_length": "a bound of prompt and answer together; here the context bounds them",
            "max_window_size": "of another library",
            "output_attentions": "what transformers returns",
            "output_hidden_states": "what transformers returns",
            "output_logits": "what transformers returns",
            "output_scores": "what transformers returns",
            "pad_token_id": "read with the tokenizer",
            "return_dict_in_generate": "what transformers returns",
            "transformers_version": "what wrote the file",
            "use_cache": "there always is a cache here",
        ],
        uncovered: [
            "bad_words_ids": UncoveredField(effect: "it forbids tokens", neutral: [emptyArray]),
            "begin_suppress_tokens": UncoveredField(effect: "it forbids tokens", neutral: [emptyArray]),
            "diversity_penalty": UncoveredField(effect: "it changes beam search", neutral: [zero]),
            "encoder_repetition_penalty": UncoveredField(effect: "it changes probabilities", neutral: [one]),
            "epsilon_cutoff": UncoveredField(effect: "it forbids unlikely tokens", neutral: [zero]),
            "eta_cutoff": UncoveredField(effect: "it forbids unlikely tokens", neutral: [zero]),
            "exponential_decay_length_penalty": UncoveredField(effect: "it changes probabilities", neutral: []),
            "forced_bos_token_id": UncoveredField(effect: "it forces tokens", neutral: []),
            "forced_eos_token_id": UncoveredField(effect: "it forces tokens", neutral: []),
            "guidance_scale": UncoveredField(effect: "it changes probabilities", neutral: [one]),
            "min_length": UncoveredField(effect: "it forbids short answers", neutral: [zero]),
            "min_new_tokens": UncoveredField(effect: "it forbids short answers", neutral: [zero]),
            "no_repeat_ngram_size": UncoveredField(effect: "it forbids repetition", neutral: [zero]),
            "num_beam_groups": UncoveredField(effect: "it changes beam search", neutral: [one]),
            "num_beams": UncoveredField(effect: "it searches with beams", neutral: [one]),
            "num_return_sequences": UncoveredField(effect: "it gives several answers", neutral: [one]),
            "penalty_alpha": UncoveredField(effect: "it changes probabilities", neutral: [zero]),
            "renormalize_logits": UncoveredField(effect: "it changes probabilities", neutral: [isFalse]),
            "sequence_bias": UncoveredField(effect: "it changes probabilities", neutral: []),
            "stop_strings": UncoveredField(effect: "it ends answers at strings", neutral: [emptyArray]),
            "suppress_tokens": UncoveredField(effect: "it forbids tokens", neutral: [emptyArray]),
            "typical_p": UncoveredField(effect: "it forbids untypical tokens", neutral: [one]),
        ]
    )
}
