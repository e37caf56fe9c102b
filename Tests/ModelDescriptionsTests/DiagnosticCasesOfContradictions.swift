// What is reported about values that do not fit one another.
// Not how they are run: ReaderDiagnosticsTests does that.

extension DiagnosticCase {
    /// Values that do not fit one another.
    static let contradictions: [DiagnosticCase] = [
        DiagnosticCase(
            "heads that do not share evenly",
            .replacing(
                "kv-heads = 2",
                with: "kv-heads = 3"
            ),
            gives: [
                "57:12: error: `heads` = 8 is not a multiple of `kv-heads` = 3"
            ]
        ),
        DiagnosticCase(
            "heads that do not divide the width",
            in: Example.language,
            .replacing(
                "heads = 3",
                with: "heads = 5"
            ),
            gives: [
                "18:9: error: the width 48 of [decoder] is not a multiple of `heads` = 5; state `head-dim`"
            ]
        ),
        DiagnosticCase(
            "heads that do not divide the width of the encoder",
            .replacing(
                "heads = 4",
                with: "heads = 3"
            ),
            gives: [
                "27:9: error: the width 64 of [vision] is not a multiple of `heads` = 3"
            ]
        ),
        DiagnosticCase(
            "a head too narrow for two dimensions",
            .replacing(
                "heads = 4",
                with: "heads = 32"
            ),
            gives: [
                """
                27:9: error: the width of a head must be a multiple of 4 for two-dimensional rotary \
                positions, but is 2
                """
            ]
        ),
        DiagnosticCase(
            "an odd head",
            .replacing(
                "head-dim = 16",
                with: "head-dim = 15"
            ),
            gives: [
                "58:12: error: the width of a head must be even for rotary positions, but is 15"
            ]
        ),
        DiagnosticCase(
            "sections that do not sum to half the head",
            .replacing(
                "sections = [2, 3, 3]",
                with: "sections = [2, 3, 4]"
            ),
            gives: [
                "65:12: error: `sections` sum to 9, but must sum to half the width of a head: 16 / 2 = 8"
            ]
        ),
        DiagnosticCase(
            "two sections",
            .replacing(
                "sections = [2, 3, 3]",
                with: "sections = [4, 4]"
            ),
            gives: [
                "65:12: error: `sections` has 2 elements, but must have 3"
            ]
        ),
        DiagnosticCase(
            "an interleaved section that is too long",
            .replacing(
                "sections = [2, 3, 3]",
                with: "sections = [2, 2, 4]"
            ),
            .replacing(
                "\"sectioned\"",
                with: "\"interleaved\""
            ),
            gives: [
                "65:19: error: an interleaved section has at most 2 of 8 pairs, but this one has 4"
            ]
        ),
        DiagnosticCase(
            "frequency factors in the wrong order",
            in: Example.language,
            .replacing(
                "theta = 100000.0 }",
                with: """
                    theta = 100000.0, scaling = { kind = "llama3", factor = 8, low-frequency-factor = 4, \
                    high-frequency-factor = 1, original-context = 8192 } }
                    """
            ),
            gives: [
                "19:134: error: `high-frequency-factor` = 1.0 must be greater than `low-frequency-factor` = 4.0"
            ]
        ),
        DiagnosticCase(
            "betas in the wrong order",
            in: Example.language,
            .replacing(
                "theta = 100000.0 }",
                with: """
                    theta = 100000.0, scaling = { kind = "yarn", factor = 4, beta-fast = 1, original-context = \
                    8192 } }
                    """
            ),
            gives: [
                "19:94: error: `beta-fast` = 1.0 must be greater than `beta-slow` = 1.0"
            ]
        ),
        DiagnosticCase(
            "a window that does not fit the merge",
            .replacing(
                "window = 112",
                with: "window = 100"
            ),
            gives: [
                "29:10: error: `window` = 100 is not a multiple of `patch` · `merge` = 14 · 2 = 28"
            ]
        ),
        DiagnosticCase(
            "a full layer out of range",
            .replacing(
                "[3, 7]",
                with: "[3, 8]"
            ),
            gives: [
                """
                30:29: error: element 1 of `full-attention-layers` is 8, but must be a layer from 0 to 7: \
                there are 8
                """
            ]
        ),
        DiagnosticCase(
            "a full layer repeated",
            .replacing(
                "[3, 7]",
                with: "[3, 3]"
            ),
            gives: [
                """
                30:29: error: layer 3 is repeated: `full-attention-layers` lists each layer once, in \
                ascending order
                """
            ]
        ),
        DiagnosticCase(
            "full layers out of order",
            .replacing(
                "[3, 7]",
                with: "[7, 3]"
            ),
            gives: [
                """
                30:29: error: layer 3 is out of order: `full-attention-layers` lists each layer once, in \
                ascending order
                """
            ]
        ),
        DiagnosticCase(
            "full layers without a window",
            .replacing(
                "window = 112\n",
                with: ""
            ),
            gives: [
                """
                29:25: error: `full-attention-layers` has no meaning without `window`: every layer sees the \
                whole image
                """
            ]
        ),
        DiagnosticCase(
            "more pixels at least than at most",
            .replacing(
                "min-pixels = 3136",
                with: "min-pixels = 12845057"
            ),
            gives: [
                "90:14: error: `min-pixels` = 12845057 exceeds `max-pixels` = 12845056"
            ]
        ),
        DiagnosticCase(
            "fewer pixels than a square has",
            .replacing(
                "min-pixels = 3136\nmax-pixels = 12845056",
                with: "min-pixels = 1\nmax-pixels = 783"
            ),
            gives: [
                "91:14: error: `max-pixels` = 783 leaves no room for one square of 28 x 28 pixels"
            ]
        ),
        DiagnosticCase(
            "an image processor with another patch",
            .replacing(
                "max-pixels = 12845056",
                with: "max-pixels = 12845056\npatch = 16"
            ),
            gives: [
                "92:9: error: `patch` is 16, but the encoder has `vision.patch` = 14"
            ]
        ),
        DiagnosticCase(
            "an image processor with another merge",
            .replacing(
                "max-pixels = 12845056",
                with: "max-pixels = 12845056\nmerge = 4"
            ),
            gives: [
                "92:9: error: `merge` is 4, but the encoder has `vision.merge` = 2"
            ]
        ),
        DiagnosticCase(
            "an image processor with another temporal patch",
            .replacing(
                "max-pixels = 12845056",
                with: "max-pixels = 12845056\ntemporal-patch = 1"
            ),
            gives: [
                "92:18: error: `temporal-patch` is 1, but the encoder has `vision.temporal-patch` = 2"
            ]
        ),
        DiagnosticCase(
            "no context",
            .replacing(
                "context = 32768",
                with: "context = 0"
            ),
            gives: [
                "48:11: error: `context` is 0, but must be an integer from 1 to 1073741824"
            ]
        ),
        DiagnosticCase(
            "a tied head with a name",
            .replacing(
                "tied-embeddings = false",
                with: "tied-embeddings = true"
            ),
            gives: [
                "51:8: error: `head` contradicts `tied-embeddings` = true: the embedding is the head"
            ]
        ),
        DiagnosticCase(
            "a head that may be left out and is not tied",
            .replacing(
                "unused = [",
                with: "tied = { \"lm_head.weight\" = \"model.embed_tokens.weight\" }\nunused = ["
            ),
            gives: [
                """
                12:29: error: the head "lm_head.weight" may be left out only if `decoder.tied-embeddings` = \
                true
                """
            ]
        ),
        DiagnosticCase(
            "a tensor tied to itself",
            .replacing(
                "unused = [",
                with: "tied = { \"a.weight\" = \"a.weight\" }\nunused = ["
            ),
            gives: [
                "12:23: error: the tensor \"a.weight\" is tied to itself"
            ]
        ),
        DiagnosticCase(
            "a tensor tied to a tied one",
            .replacing(
                "unused = [",
                with: "tied = { \"a\" = \"b\", \"b\" = \"c\" }\nunused = ["
            ),
            gives: [
                "12:16: error: the tensor \"b\" is tied to another one itself"
            ]
        ),
        DiagnosticCase(
            "a prefix renamed to itself",
            .replacing(
                "\"model.visual.\" = \"visual.\"",
                with: "\"model.visual.\" = \"model.visual.\""
            ),
            gives: [
                "11:67: error: the prefix \"model.visual.\" is renamed to itself"
            ]
        ),
        DiagnosticCase(
            "a pattern for everything",
            .replacing(
                "[\"*.rotary_emb.inv_freq\"]",
                with: "[\"x\", \"**\"]"
            ),
            gives: [
                "12:16: error: the pattern \"**\" would leave every tensor unused"
            ]
        ),
        DiagnosticCase(
            "an encoder without a bridge",
            .replacing(
                """
                [bridge]
                kind = "patch-merger"
                norm = { kind = "rms-norm", epsilon = 1e-6 }
                activation = "gelu"

                """,
                with: ""
            ),
            gives: [
                "14:1: error: [vision] needs the table [bridge] to hand its rows to the decoder"
            ]
        ),
        DiagnosticCase(
            "an encoder without an image processor",
            .replacing(
                """
                [image]
                processor = "qwen2-vl"
                resample = "bicubic"
                mean = [0.48145466, 0.4578275, 0.40821073]
                std = [0.26862954, 0.26130258, 0.27577711]
                min-pixels = 3136
                max-pixels = 12845056

                """,
                with: ""
            ),
            gives: [
                "14:1: error: [vision] needs the table [image] to turn images into patches"
            ]
        ),
        DiagnosticCase(
            "an encoder without an image token",
            .replacing(
                "image = \"<|image_pad|>\"\n",
                with: ""
            ),
            gives: [
                "73:1: error: [tokenizer] needs the key `image`: the token that stands for one row of an image"
            ]
        ),
        DiagnosticCase(
            "a bridge without an encoder",
            in: Example.language,
            .replacing(
                "[tokenizer]",
                with: """
                    [bridge]
                    kind = "patch-merger"
                    norm = { kind = "rms-norm", epsilon = 1e-6 }
                    activation = "gelu"

                    [tokenizer]
                    """
            ),
            gives: [
                "21:1: error: [bridge] has no meaning without the table [vision]"
            ]
        ),
        DiagnosticCase(
            "an image processor without an encoder",
            in: Example.language,
            .replacing(
                "[tokenizer]",
                with: """
                    [image]
                    processor = "qwen2-vl"
                    mean = [0.5]
                    std = [0.5]
                    min-pixels = 1
                    max-pixels = 100
                    patch = 2
                    merge = 2
                    temporal-patch = 1

                    [tokenizer]
                    """
            ),
            gives: [
                "21:1: error: [image] has no meaning without the table [vision]"
            ]
        ),
        DiagnosticCase(
            "an image token without an encoder",
            in: Example.language,
            .replacing(
                "kind = \"byte-level-bpe\"",
                with: "kind = \"byte-level-bpe\"\nimage = \"<image>\""
            ),
            gives: [
                "23:9: error: `tokenizer.image` has no meaning without the table [vision]"
            ]
        ),
        DiagnosticCase(
            "the same token for images and videos",
            .replacing(
                "image = \"<|image_pad|>\"",
                with: "image = \"<|image_pad|>\"\nvideo = \"<|image_pad|>\""
            ),
            gives: [
                "78:9: error: `video` is the same token as `image`"
            ]
        ),
        DiagnosticCase(
            "a tokenizer in another folder",
            .replacing(
                "file = \"tokenizer.json\"",
                with: "file = \"../tokenizer.json\""
            ),
            gives: [
                "75:8: error: `file` is \"../tokenizer.json\", but must be the name of a file beside the weights"
            ]
        ),
        DiagnosticCase(
            "no end of text",
            .replacing(
                "end-of-text = [\"<|im_end|>\", \"<|endoftext|>\"]",
                with: "end-of-text = []"
            ),
            gives: [
                "76:15: error: `end-of-text` is empty, but must be a list of at least one string"
            ]
        ),
        DiagnosticCase(
            "a system message in a plain chat",
            .replacing(
                "format = \"chatml\"",
                with: "format = \"plain\""
            ),
            gives: [
                "81:18: error: `default-system` has no place in the format \"plain\""
            ]
        ),
        DiagnosticCase(
            "features of inner layers",
            .replacing(
                "weights = \"visual\"",
                with: "weights = \"visual\"\ndeepstack-layers = [1, 2]"
            ),
            gives: [
                """
                22:20: error: `deepstack-layers` is known but not covered: this version cannot hand \
                features of inner layers to the decoder
                """
            ]
        ),
        DiagnosticCase(
            "a weight format that does not exist",
            .replacing(
                "mlp = \"w4g32\"",
                with: "mlp = \"w4g64\""
            ),
            gives: [
                """
                101:7: error: `mlp` is the string "w4g64", but must be one of "f32", "bf16", "f16", \
                "w8g32", "w8", "w4g32", "w4g128"
                """
            ]
        ),
        DiagnosticCase(
            "a class of tensors that does not exist",
            .replacing(
                "mlp = \"w4g32\"",
                with: "mlps = \"w4g32\""
            ),
            gives: [
                "101:1: error: [quantization] has no key `mlps`; did you mean `mlp`?"
            ]
        ),
        DiagnosticCase(
            "a format for an encoder that is not there",
            in: Example.language,
            .replacing(
                "[tokenizer]",
                with: "[quantization]\nvision = \"bf16\"\n\n[tokenizer]"
            ),
            gives: [
                "22:10: error: `quantization.vision` has no meaning without the table [vision]"
            ]
        ),
        DiagnosticCase(
            "a format for a head that is tied",
            in: Example.language,
            .replacing(
                "[tokenizer]",
                with: "[quantization]\nhead = \"bf16\"\n\n[tokenizer]"
            ),
            gives: [
                """
                22:8: error: `quantization.head` has no meaning with `decoder.tied-embeddings` = true: \
                state `embeddings`
                """
            ]
        ),
        DiagnosticCase(
            "an element type without weights",
            .replacing(
                "dtype = \"bf16\"",
                with: "dtype = \"i8\""
            ),
            gives: [
                "10:9: error: `dtype` is the string \"i8\", but must be one of \"f32\", \"f16\", \"bf16\""
            ]
        ),
        DiagnosticCase(
            "a name that cannot be a folder",
            .replacing(
                "name = \"example-vl\"",
                with: "name = \"Example/VL\""
            ),
            gives: [
                """
                4:8: error: `name` is "Example/VL", but must be a small letter followed by small letters, \
                digits, ".", "-" and "_", at most 64 in all
                """
            ]
        ),
        DiagnosticCase(
            "the server's name",
            .replacing(
                "name = \"example-vl\"",
                with: "name = \"serve\""
            ),
            gives: [
                """
                4:8: error: `name` is "serve", but that is the name of the server that is built beside the model's \
                binary; for example "serve-model" would do
                """
            ]
        ),
        DiagnosticCase(
            "the name of the generated package's folder",
            .replacing(
                "name = \"example-vl\"",
                with: "name = \"source\""
            ),
            gives: [
                """
                4:8: error: `name` is "source", but that is the name of the folder of the generated package, beside \
                the model's binary; for example "source-model" would do
                """
            ]
        ),
        DiagnosticCase(
            "the compiler's name",
            .replacing(
                "name = \"example-vl\"",
                with: "name = \"vlmc\""
            ),
            gives: [
                """
                4:8: error: `name` is "vlmc", but that is the name of the package that the generated one depends on; \
                for example "vlmc-model" would do
                """
            ]
        ),
    ]
}
