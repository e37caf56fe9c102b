// What an import reports about the fields of `config.json`.
// Not how they are run: ImportDiagnosticsTests does that.

extension ImportCase {
    /// The file as a whole.
    static let shape: [ImportCase] = [
        ImportCase(
            "broken JSON",
            in: "tiny-qwen25vl-a",
            .config,
            .replacing(
                "\"model_type\": \"qwen2_5_vl\",",
                with: "\"model_type\": \"qwen2_5_vl\""
            ),
            gives: [
                "config.json:6:3: error: this is not JSON: expected ',' or '}', found '\"'"
            ]
        ),
        ImportCase(
            "no model type",
            in: "tiny-qwen25vl-a",
            .config,
            .replacing(
                "  \"model_type\": \"qwen2_5_vl\",\n",
                with: ""
            ),
            gives: [
                "config.json:1:1: error: `model_type` is missing: the family of the model is not known"
            ]
        ),
        ImportCase(
            "an unknown family",
            in: "tiny-qwen25vl-a",
            .config,
            .replacing(
                "\"model_type\": \"qwen2_5_vl\"",
                with: "\"model_type\": \"qwen2_vll\""
            ),
            gives: [
                """
                config.json:5:17: error: `model_type` is "qwen2_vll", which is not covered; known are \
                "qwen2_5_vl", "qwen2_vl", "llama"; did you mean "qwen2_vl"?
                """
            ]
        ),
        ImportCase(
            "a family far from any",
            in: "tiny-qwen25vl-a",
            .config,
            .replacing(
                "\"model_type\": \"qwen2_5_vl\"",
                with: "\"model_type\": \"blip-2\""
            ),
            gives: [
                """
                config.json:5:17: error: `model_type` is "blip-2", which is not covered; known are \
                "qwen2_5_vl", "qwen2_vl", "llama"
                """
            ]
        ),
        ImportCase(
            "a model type that is no string",
            in: "tiny-qwen25vl-a",
            .config,
            .replacing(
                "\"model_type\": \"qwen2_5_vl\"",
                with: "\"model_type\": 3"
            ),
            gives: [
                "config.json:5:17: error: `model_type` is 3, but must be a string"
            ]
        ),
        ImportCase(
            "no encoder",
            in: "tiny-smollm2-d",
            .config,
            .replacing(
                "\"model_type\": \"llama\"",
                with: "\"model_type\": \"qwen2_vl\""
            ),
            .replacing(
                "\"head_dim\": 80",
                with: "\"head_dim\": 24"
            ),
            gives: [
                "config.json:1:1: error: `vision_config` is missing",
                """
                config.json:5:21: error: `attention_bias` is true: the classes of this family fix what it \
                states, which is not covered; only null can be imported
                """,
                "config.json:14:3: warning: `is_llama_config` is not known: what it states is left out",
            ]
        ),
        ImportCase(
            "an encoder that is no object",
            in: "tiny-qwen25vl-a",
            .config,
            .replacing(
                "\"vision_config\": {",
                with: "\"vision_config\": 3, \"other\": {"
            ),
            gives: [
                "config.json:40:20: error: `vision_config` is 3, but must be an object",
                "config.json:40:23: warning: `other` is not known: what it states is left out",
            ]
        ),
    ]

    /// Fields that are unknown, wrong or not covered.
    static let fields: [ImportCase] = [
        ImportCase(
            "an unknown field",
            in: "tiny-qwen25vl-a",
            .config,
            .replacing(
                "\"use_cache\": true",
                with: "\"use_cache\": true,\n  \"hyper_connections\": 4"
            ),
            gives: [
                "config.json:37:3: warning: `hyper_connections` is not known: what it states is left out"
            ]
        ),
        ImportCase(
            "an unknown field of the encoder",
            in: "tiny-qwen25vl-a",
            .config,
            .replacing(
                "\"depth\": 4",
                with: "\"depth\": 4,\n    \"class_token\": true"
            ),
            gives: [
                "config.json:42:5: warning: `class_token` is not known: what it states is left out"
            ]
        ),
        ImportCase(
            "a wrong type",
            in: "tiny-qwen25vl-a",
            .config,
            .replacing(
                "\"num_hidden_layers\": 3",
                with: "\"num_hidden_layers\": \"three\""
            ),
            gives: [
                "config.json:23:24: error: `num_hidden_layers` is the string \"three\", but must be an integer"
            ]
        ),
        ImportCase(
            "a number with a fraction",
            in: "tiny-qwen25vl-a",
            .config,
            .replacing(
                "\"num_hidden_layers\": 3",
                with: "\"num_hidden_layers\": 3.5"
            ),
            gives: [
                "config.json:23:24: error: `num_hidden_layers` is 3.5, but must be an integer"
            ]
        ),
        ImportCase(
            "a truth value for a number",
            in: "tiny-qwen25vl-a",
            .config,
            .replacing(
                "\"rms_norm_eps\": 1e-06",
                with: "\"rms_norm_eps\": true"
            ),
            gives: [
                "config.json:25:19: error: `rms_norm_eps` is true, but must be a number"
            ]
        ),
        ImportCase(
            "a list of wrong elements",
            in: "tiny-qwen25vl-a",
            .config,
            .replacing(
                "\"fullatt_block_indexes\": [\n      1,\n      3\n    ]",
                with: "\"fullatt_block_indexes\": [1, \"3\"]"
            ),
            gives: [
                "config.json:47:30: error: `fullatt_block_indexes` is an array, but must be an array of integers"
            ]
        ),
        ImportCase(
            "an uneven patch",
            in: "tiny-qwen25vl-a",
            .config,
            .replacing(
                "\"patch_size\": 14",
                with: "\"patch_size\": [14, 16]"
            ),
            gives: [
                """
                config.json:54:19: error: `patch_size` is an array, but must be an integer, or an array of \
                equal integers
                """
            ]
        ),
        ImportCase(
            "an unknown activation",
            in: "tiny-smollm2-d",
            .config,
            .replacing(
                "\"hidden_act\": \"silu\"",
                with: "\"hidden_act\": \"relu2\""
            ),
            gives: [
                """
                config.json:10:17: error: `hidden_act` is "relu2", which is not covered; known are "gelu", \
                "gelu_new", "gelu_pytorch_tanh", "quick_gelu", "relu", "silu", "swish"
                """
            ]
        ),
        ImportCase(
            "an unknown element type",
            in: "tiny-qwen25vl-a",
            .config,
            .replacing(
                "\"torch_dtype\": \"bfloat16\"",
                with: "\"torch_dtype\": \"float8_e4m3fn\""
            ),
            gives: [
                """
                config.json:7:18: error: `torch_dtype` is "float8_e4m3fn", but must be "float32", "float16" \
                or "bfloat16"
                """
            ]
        ),
        ImportCase(
            "no element type",
            in: "tiny-qwen25vl-a",
            .config,
            .replacing(
                "  \"torch_dtype\": \"bfloat16\",\n",
                with: ""
            ),
            gives: [
                "config.json:1:1: error: `dtype` is missing: state the element type of the weights with --dtype"
            ]
        ),
        ImportCase(
            "a sliding window",
            in: "tiny-qwen25vl-a",
            .config,
            .replacing(
                "\"use_sliding_window\": false",
                with: "\"use_sliding_window\": true"
            ),
            gives: [
                """
                config.json:37:25: error: `use_sliding_window` is true: it limits what attention sees, \
                which is not covered; only false or null can be imported
                """
            ]
        ),
        ImportCase(
            "a sliding window by layer",
            in: "tiny-qwen25vl-f",
            .config,
            .replacing(
                "\"full_attention\"\n",
                with: "\"sliding_attention\"\n"
            ),
            gives: [
                """
                config.json:17:20: error: `layer_types` has "sliding_attention", but only "full_attention" \
                is covered
                """
            ]
        ),
        ImportCase(
            "too many kinds of layers",
            in: "tiny-qwen25vl-f",
            .config,
            .replacing(
                "\"full_attention\"\n",
                with: "\"full_attention\", \"full_attention\"\n"
            ),
            gives: [
                "config.json:17:20: error: `layer_types` has 2 elements, but `num_hidden_layers` is 1"
            ]
        ),
        ImportCase(
            "quantized weights",
            in: "tiny-qwen25vl-a",
            .config,
            .replacing(
                "\"use_cache\": true",
                with: "\"use_cache\": true,\n  \"quantization_config\": {\"quant_method\": \"bitsandbytes\"}"
            ),
            gives: [
                """
                config.json:37:43: error: `quant_method` is "bitsandbytes", which is not read; known are "awq", \
                "gptq" and "compressed-tensors"
                """
            ]
        ),
        ImportCase(
            "interleaved rotation",
            in: "tiny-smollm2-d",
            .config,
            .replacing(
                "\"rope_interleaved\": false",
                with: "\"rope_interleaved\": true"
            ),
            gives: [
                """
                config.json:24:23: error: `rope_interleaved` is true: it pairs neighbouring dimensions, \
                which is not covered; only false or null can be imported
                """
            ]
        ),
        ImportCase(
            "part of a head turned",
            in: "tiny-smollm2-d",
            .config,
            .replacing(
                "\"rope_interleaved\": false",
                with: "\"partial_rotary_factor\": 0.5"
            ),
            gives: [
                """
                config.json:24:28: error: `partial_rotary_factor` is 0.5: it turns part of a head only, \
                which is not covered; only 1 or null can be imported
                """
            ]
        ),
        ImportCase(
            "kinds of layers that are no list",
            in: "tiny-qwen25vl-f",
            .config,
            .replacing("[\n      \"full_attention\"\n    ]", with: "\"full_attention\""),
            gives: ["config.json:17:20: error: `layer_types` must be an array of strings"]
        ),
        ImportCase(
            "a width of heads that the classes do not read",
            in: "tiny-qwen25vl-a",
            .config,
            .replacing(
                "\"hidden_size\": 64,\n  \"initializer",
                with: "\"hidden_size\": 64,\n  \"head_dim\": 32,\n  \"initializer"
            ),
            gives: [
                "config.json:18:15: error: `head_dim` is 32, but must be `hidden_size` / `num_attention_heads` = 16"
            ]
        ),
        ImportCase(
            "a field that the text configuration lacks",
            in: "tiny-qwen25vl-f",
            .config,
            .replacing("\"image_token_id\": 316,", with: "\"image_token_id\": 316,\n  \"rope_theta\": 5.0,"),
            gives: [
                """
                config.json:7:17: warning: `rope_theta` has no effect here: `text_config` counts, and does not state \
                it
                """
            ]
        ),
    ]
}
