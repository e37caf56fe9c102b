// Descriptions that tests start from: a small model of each shape, written by hand.
// Not the models of the repository: those are read by ModelsFolderTests.

enum Example {
    /// A windowed vision encoder, a patch merger and a decoder with sectioned rotary positions.
    static let visionLanguage = """
        # A model that exists only here.
        schema = 1
        minimum-vlmc = "0.1.0"
        name = "example-vl"
        source = "example/Example-VL"
        license = "apache-2.0"
        languages = ["en", "ko"]

        [checkpoint]
        dtype = "bf16"
        renamed = { "model.language_model." = "model.", "model.visual." = "visual." }
        unused = ["*.rotary_emb.inv_freq"]

        [vision]
        layers = 8
        hidden = 64
        patch = 14
        temporal-patch = 2
        channels = 3
        merge = 2
        weights = "visual"
        norm = { kind = "rms-norm", epsilon = 1e-6 }
        patches = { kind = "patch-projection", bias = false }

        [vision.attention]
        kind = "segment-attention"
        heads = 4
        bias = true
        window = 112
        full-attention-layers = [3, 7]
        rope = { kind = "2d", theta = 10000 }

        [vision.mlp]
        kind = "gated-mlp"
        intermediate = 171
        activation = "silu"
        bias = true

        [bridge]
        kind = "patch-merger"
        norm = { kind = "rms-norm", epsilon = 1e-6 }
        activation = "gelu"

        [decoder]
        layers = 4
        hidden = 128
        vocab = 512
        context = 32768
        tied-embeddings = false
        weights = "model"
        head = "lm_head"
        norm = { kind = "rms-norm", epsilon = 1e-6 }

        [decoder.attention]
        kind = "self-attention"
        heads = 8
        kv-heads = 2
        head-dim = 16
        bias = ["query", "key", "value"]
        qk-norm = false

        [decoder.attention.rope]
        kind = "m-rope"
        theta = 1e6
        sections = [2, 3, 3]
        layout = "sectioned"

        [decoder.mlp]
        kind = "gated-mlp"
        intermediate = 344
        activation = "silu"

        [tokenizer]
        kind = "byte-level-bpe"
        file = "tokenizer.json"
        end-of-text = ["<|im_end|>", "<|endoftext|>"]
        image = "<|image_pad|>"

        [chat]
        format = "chatml"
        default-system = "You are a helpful assistant."
        image-prefix = "<|vision_start|>"
        image-suffix = "<|vision_end|>"

        [image]
        processor = "qwen2-vl"
        resample = "bicubic"
        mean = [0.48145466, 0.4578275, 0.40821073]
        std = [0.26862954, 0.26130258, 0.27577711]
        min-pixels = 3136
        max-pixels = 12845056

        [generation]
        sample = true
        temperature = 0.01
        top-p = 0.001
        top-k = 1

        [quantization]
        weights = "bf16"
        mlp = "w4g32"
        """

    /// A decoder alone, with a tied head and as few keys as there can be.
    static let language = """
        schema = 1
        minimum-vlmc = "0.1.0"
        name = "example"
        checkpoint.dtype = "f32"

        [decoder]
        layers = 2
        hidden = 48
        vocab = 256
        context = 2048
        tied-embeddings = true
        weights = "model"
        norm = { kind = "rms-norm", epsilon = 1e-5 }
        mlp = { kind = "mlp", intermediate = 128, activation = "relu", bias = false }

        [decoder.attention]
        kind = "self-attention"
        heads = 3
        rope = { kind = "rope", theta = 100000.0 }

        [tokenizer]
        kind = "byte-level-bpe"
        end-of-text = ["<|endoftext|>"]
        """

    /// Qwen3-VL 2B as far as schema 1 states it: interleaved positions, head norms, learned grid positions.
    static let interleaved = """
        schema = 1
        minimum-vlmc = "0.1.0"
        name = "qwen3-vl-2b"
        checkpoint.dtype = "bf16"
        tokenizer = { kind = "byte-level-bpe", end-of-text = ["<|im_end|>"], image = "<|image_pad|>" }

        [vision]
        layers = 24
        hidden = 1024
        patch = 16
        temporal-patch = 2
        merge = 2
        weights = "model.visual"
        norm = { kind = "layer-norm", epsilon = 1e-6 }
        patches = { kind = "patch-projection", bias = true }
        positions = { kind = "learned-grid-positions", side = 48 }
        attention = { kind = "segment-attention", heads = 16, bias = true, rope = { kind = "2d", theta = 1e4 } }
        mlp = { kind = "mlp", intermediate = 4096, activation = "gelu-tanh" }

        [bridge]
        kind = "patch-merger"
        norm = { kind = "layer-norm", epsilon = 1e-6 }
        activation = "gelu"

        [decoder]
        layers = 28
        hidden = 2048
        vocab = 151936
        context = 262144
        tied-embeddings = true
        weights = "model.language_model"
        norm = { kind = "rms-norm", epsilon = 1e-6 }
        mlp = { kind = "gated-mlp", intermediate = 6144, activation = "silu" }

        [decoder.attention]
        kind = "self-attention"
        heads = 16
        kv-heads = 8
        head-dim = 128
        qk-norm = true
        rope = { kind = "m-rope", theta = 5e6, sections = [24, 20, 20], layout = "interleaved" }

        [image]
        processor = "qwen2-vl"
        mean = [0.5, 0.5, 0.5]
        std = [0.5, 0.5, 0.5]
        min-pixels = 65536
        max-pixels = 16777216
        """
}
