// What an import reports about rotary positions, dimensions and the other files.
// Not how they are run: ImportDiagnosticsTests does that.

extension ImportCase {
    /// Rotary positions and their scaling.
    static let rotary: [ImportCase] = [
        ImportCase(
            "an unknown scaling",
            in: "tiny-qwen25vl-a",
            .config,
            .replacing(
                "\"type\": \"mrope\"",
                with: "\"type\": \"longrope\""
            ),
            gives: [
                """
                config.json:27:13: error: `type` is "longrope", which is not covered; known are "default", \
                "mrope", "linear", "llama3" and "yarn"
                """
            ]
        ),
        ImportCase(
            "an unknown scaling by its newer name",
            in: "tiny-qwen25vl-f",
            .config,
            .replacing(
                "\"rope_type\": \"default\"",
                with: "\"rope_type\": \"dynamic\""
            ),
            gives: [
                """
                config.json:35:20: error: `rope_type` is "dynamic", which is not covered; known are \
                "default", "mrope", "linear", "llama3" and "yarn"
                """
            ]
        ),
        ImportCase(
            "an unknown field of the scaling",
            in: "tiny-qwen25vl-a",
            .config,
            .replacing(
                "\"type\": \"mrope\"",
                with: "\"type\": \"mrope\", \"mrope_offset\": 1"
            ),
            gives: [
                "config.json:27:22: warning: `mrope_offset` is not known: what it states is left out"
            ]
        ),
        ImportCase(
            "part of a head turned, in the scaling",
            in: "tiny-qwen25vl-a",
            .config,
            .replacing(
                "\"type\": \"mrope\"",
                with: "\"type\": \"mrope\", \"partial_rotary_factor\": 0.25"
            ),
            gives: [
                """
                config.json:27:47: error: `partial_rotary_factor` is 0.25: it turns part of a head only, \
                which is not covered; only 1 or null can be imported
                """
            ]
        ),
        ImportCase(
            "sections that do not fit",
            in: "tiny-qwen25vl-a",
            .config,
            .replacing(
                "      2,\n      3,\n      3\n",
                with: "      2,\n      3,\n      4\n"
            ),
            gives: [
                """
                config.json:28:22: error: `sections` sum to 9, but must sum to half the width of a head: 16 \
                / 2 = 8
                """
            ]
        ),
        ImportCase(
            "sections that are none",
            in: "tiny-qwen25vl-a",
            .config,
            .replacing(
                "\"mrope_section\": [\n      2,\n      3,\n      3\n    ]",
                with: "\"mrope_section\": \"all\""
            ),
            gives: [
                """
                config.json:28:22: error: `mrope_section` is the string "all", but must be an array of \
                integers
                """
            ]
        ),
        ImportCase(
            "a scaling without a factor",
            in: "tiny-smollm2-d",
            .config,
            .replacing(
                "\"rope_scaling\": null",
                with: "\"rope_scaling\": {\"rope_type\": \"linear\"}"
            ),
            gives: [
                "config.json:25:19: error: `factor` is missing: a number"
            ]
        ),
        ImportCase(
            "factors in the wrong order",
            in: "tiny-smollm2-d",
            .config,
            .replacing(
                "\"rope_scaling\": null",
                with: """
                    "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 4.0, \
                    "high_freq_factor": 1.0}
                    """
            ),
            gives: [
                """
                config.json:25:102: error: `high-frequency-factor` = 1.0 must be greater than \
                `low-frequency-factor` = 4.0
                """
            ]
        ),
        ImportCase(
            "an encoder turned otherwise",
            in: "tiny-qwen25vl-f",
            .config,
            .replacing(
                "\"rope_type\": \"axial\"",
                with: "\"rope_type\": \"yarn\""
            ),
            gives: [
                "config.json:64:20: error: `rope_type` is \"yarn\", but must be \"axial\""
            ]
        ),
    ]

    /// Values that do not fit one another.
    static let dimensions: [ImportCase] = [
        ImportCase(
            "heads that do not share evenly",
            in: "tiny-qwen25vl-a",
            .config,
            .replacing(
                "\"num_key_value_heads\": 2",
                with: "\"num_key_value_heads\": 3"
            ),
            gives: [
                "config.json:24:26: error: `heads` = 4 is not a multiple of `kv-heads` = 3"
            ]
        ),
        ImportCase(
            "heads that do not divide the width",
            in: "tiny-qwen25vl-a",
            .config,
            .replacing(
                "\"num_attention_heads\": 4",
                with: "\"num_attention_heads\": 5"
            ),
            gives: [
                "config.json:17:18: error: `hidden_size` = 64 is not a multiple of `num_attention_heads` = 5"
            ]
        ),
        ImportCase(
            "no heads",
            in: "tiny-qwen25vl-a",
            .config,
            .replacing(
                "\"num_attention_heads\": 4",
                with: "\"num_attention_heads\": 0"
            ),
            gives: [
                "config.json:17:18: error: `hidden_size` = 64 is not a multiple of `num_attention_heads` = 0"
            ]
        ),
        ImportCase(
            "an encoder that does not fit the decoder",
            in: "tiny-qwen25vl-a",
            .config,
            .replacing(
                "\"out_hidden_size\": 64",
                with: "\"out_hidden_size\": 65"
            ),
            gives: [
                "config.json:45:24: error: the encoder hands on rows of width 65, but the decoder has width 64"
            ]
        ),
        ImportCase(
            "the same for the older encoder",
            in: "tiny-qwen2vl-a",
            .config,
            .replacing(
                "\"embed_dim\": 32,\n    \"mlp_ratio\": 4,\n    \"hidden_size\": 64",
                with: "\"embed_dim\": 32,\n    \"mlp_ratio\": 4,\n    \"hidden_size\": 65"
            ),
            gives: [
                "config.json:44:20: error: the encoder hands on rows of width 65, but the decoder has width 64"
            ]
        ),
        ImportCase(
            "a window that does not fit",
            in: "tiny-qwen25vl-a",
            .config,
            .replacing(
                "\"window_size\": 112",
                with: "\"window_size\": 100"
            ),
            gives: [
                "config.json:46:20: error: `window` = 100 is not a multiple of `patch` · `merge` = 14 · 2 = 28"
            ]
        ),
        ImportCase(
            "a layer that is not there",
            in: "tiny-qwen25vl-a",
            .config,
            .replacing(
                "      1,\n      3\n    ]",
                with: "      1,\n      4\n    ]"
            ),
            gives: [
                """
                config.json:47:30: error: element 1 of `full-attention-layers` is 4, but must be a layer \
                from 0 to 3: there are 4
                """
            ]
        ),
        ImportCase(
            "a ratio without sense",
            in: "tiny-qwen2vl-a",
            .config,
            .replacing(
                "\"mlp_ratio\": 4",
                with: "\"mlp_ratio\": 0"
            ),
            gives: [
                "config.json:43:18: error: `mlp_ratio` times `embed_dim` is 0.0, too far from any width"
            ]
        ),
        ImportCase(
            "two values of one field",
            in: "tiny-qwen25vl-e",
            .config,
            .replacing(
                "\"num_attention_heads\": 2,\n  \"num_hidden_layers\": 1,\n  \"num_key_value_heads\": 1",
                with: "\"num_attention_heads\": 2,\n  \"num_hidden_layers\": 7,\n  \"num_key_value_heads\": 1"
            ),
            gives: [
                "config.json:23:24: warning: `num_hidden_layers` is 7 here, but 1 in `text_config`, which counts"
            ]
        ),
    ]

    /// The image processor, sampling and tokens.
    static let otherFiles: [ImportCase] = [
        ImportCase(
            "a class of image processors that is not known",
            in: "tiny-qwen25vl-a",
            .preprocessorConfig,
            .replacing(
                "Qwen2VLImageProcessor\"",
                with: "CLIPImageProcessor\""
            ),
            gives: [
                """
                preprocessor_config.json:17:27: error: `image_processor_type` is "CLIPImageProcessor", \
                which is not covered; known are "Qwen2VLImageProcessor", "Qwen2VLImageProcessorFast", \
                "Qwen2VLImageProcessorPil", "Qwen2_5_VLImageProcessor"
                """
            ]
        ),
        ImportCase(
            "images cropped",
            in: "tiny-qwen25vl-a",
            .preprocessorConfig,
            .replacing(
                "\"merge_size\": 2",
                with: "\"merge_size\": 2, \"do_center_crop\": true"
            ),
            gives: [
                """
                preprocessor_config.json:6:38: error: `do_center_crop` is true: it crops images, which is \
                not covered; only false or null can be imported
                """
            ]
        ),
        ImportCase(
            "images not normalised",
            in: "tiny-qwen25vl-a",
            .preprocessorConfig,
            .replacing(
                "\"merge_size\": 2",
                with: "\"merge_size\": 2, \"do_normalize\": false"
            ),
            gives: [
                """
                preprocessor_config.json:6:36: error: `do_normalize` is false: images would not be \
                normalised, which is not covered; only true or null can be imported
                """
            ]
        ),
        ImportCase(
            "an unknown filter",
            in: "tiny-qwen25vl-a",
            .preprocessorConfig,
            .replacing(
                "\"merge_size\": 2",
                with: "\"merge_size\": 2, \"resample\": 5"
            ),
            gives: [
                """
                preprocessor_config.json:6:32: error: `resample` is 5, which is not covered; known are 0 \
                (nearest), 1 (lanczos), 2 (bilinear), 3 (bicubic)
                """
            ]
        ),
        ImportCase(
            "an unknown field of the processor",
            in: "tiny-qwen25vl-a",
            .preprocessorConfig,
            .replacing(
                "\"merge_size\": 2",
                with: "\"merge_size\": 2, \"tile_size\": 448"
            ),
            gives: [
                "preprocessor_config.json:6:20: warning: `tile_size` is not known: what it states is left out"
            ]
        ),
        ImportCase(
            "a fixed size",
            in: "tiny-qwen25vl-a",
            .preprocessorConfig,
            .replacing(
                "\"merge_size\": 2",
                with: "\"merge_size\": 2, \"size\": {\"height\": 224, \"width\": 224}"
            ),
            gives: [
                """
                preprocessor_config.json:6:28: error: `size` states a height and a width, but images keep \
                their proportions here
                """
            ]
        ),
        ImportCase(
            "two limits",
            in: "tiny-qwen25vl-a",
            .preprocessorConfig,
            .replacing(
                "\"merge_size\": 2",
                with: "\"merge_size\": 2, \"size\": {\"shortest_edge\": 3136, \"longest_edge\": 99999}"
            ),
            gives: [
                """
                preprocessor_config.json:3:17: warning: `max_pixels` is 94080, but `size` says 99999; the \
                former counts
                """
            ]
        ),
        ImportCase(
            "more pixels at least than at most",
            in: "tiny-qwen25vl-a",
            .preprocessorConfig,
            .replacing(
                "\"min_pixels\": 3136",
                with: "\"min_pixels\": 313600"
            ),
            gives: [
                "preprocessor_config.json:2:17: error: `min-pixels` = 313600 exceeds `max-pixels` = 94080"
            ]
        ),
        ImportCase(
            "another merge",
            in: "tiny-qwen25vl-a",
            .preprocessorConfig,
            .replacing(
                "\"merge_size\": 2",
                with: "\"merge_size\": 3"
            ),
            gives: [
                "preprocessor_config.json:6:17: error: `merge` is 3, but the encoder has `vision.merge` = 2"
            ]
        ),
        ImportCase(
            "beams",
            in: "tiny-qwen25vl-a",
            .generationConfig,
            .replacing(
                "\"do_sample\": true",
                with: "\"do_sample\": true, \"num_beams\": 4"
            ),
            gives: [
                """
                generation_config.json:4:35: error: `num_beams` is 4: it searches with beams, which is not \
                covered; only 1 or null can be imported
                """
            ]
        ),
        ImportCase(
            "an unknown field of sampling",
            in: "tiny-qwen25vl-a",
            .generationConfig,
            .replacing(
                "\"do_sample\": true",
                with: "\"do_sample\": true, \"mirostat\": 2"
            ),
            gives: [
                "generation_config.json:4:22: warning: `mirostat` is not known: what it states is left out"
            ]
        ),
        ImportCase(
            "a wrong temperature",
            in: "tiny-qwen25vl-a",
            .generationConfig,
            .replacing(
                "\"temperature\": 1e-06",
                with: "\"temperature\": -1"
            ),
            gives: [
                "generation_config.json:10:18: error: `temperature` is -1.0, but must be a number greater than 0"
            ]
        ),
        ImportCase(
            "a token that is not known",
            in: "tiny-qwen25vl-a",
            .generationConfig,
            .replacing(
                "306",
                with: "999"
            ),
            gives: [
                """
                generation_config.json:5:19: error: token 999, which ends a text, is named neither in \
                tokenizer.json nor in tokenizer_config.json
                """
            ]
        ),
        ImportCase(
            "an unknown token of images",
            in: "tiny-qwen25vl-a",
            .config,
            .replacing(
                "\"image_token_id\": 316",
                with: "\"image_token_id\": 9999"
            ),
            gives: [
                """
                config.json:13:21: error: token 9999, which stands for an image, is named neither in \
                tokenizer.json nor in tokenizer_config.json
                """
            ]
        ),
        ImportCase(
            "a limit of area that is no number",
            in: "tiny-qwen25vl-a",
            .preprocessorConfig,
            .replacing("\"min_pixels\": 3136", with: "\"min_pixels\": \"3136\""),
            gives: [
                "preprocessor_config.json:2:17: error: `min_pixels` is the string \"3136\", but must be an integer"
            ]
        ),
    ]
}
