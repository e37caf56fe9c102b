// What is reported about the text itself, its versions, its keys and the kinds of layers.
// Not how they are run: ReaderDiagnosticsTests does that.

extension DiagnosticCase {
    /// Text that is no TOML.
    static let syntax: [DiagnosticCase] = [
        DiagnosticCase(
            "an unfinished string",
            .replacing(
                "name = \"example-vl\"",
                with: "name = \"example-vl"
            ),
            gives: [
                "4:8: error: this is not TOML: this string has no closing quote on its line"
            ]
        ),
        DiagnosticCase(
            "a key twice",
            .replacing(
                "layers = 8",
                with: "layers = 8\nlayers = 9"
            ),
            gives: [
                "16:1: error: this key stands here a second time\nm.toml:15:1: note: it stands here first"
            ]
        ),
        DiagnosticCase(
            "a table twice",
            .replacing(
                "[chat]",
                with: "[vision.mlp]\n[chat]"
            ),
            gives: [
                "79:1: error: this table stands here a second time\nm.toml:33:1: note: it stands here first"
            ]
        ),
        DiagnosticCase(
            "an unknown word",
            .replacing(
                "bias = true\nwindow",
                with: "bias = yes\nwindow"
            ),
            gives: [
                "28:8: error: this is not TOML: `yes` is no number, date, true or false; a string needs quotes"
            ]
        ),
        DiagnosticCase(
            "a table inside a value",
            .replacing("[chat]", with: "[vision.layers]\n[chat]"),
            gives: [
                """
                79:1: error: this is not TOML: error while parsing table header: cannot redefine existing integer \
                'vision.layers' as table
                """
            ]
        ),
        DiagnosticCase(
            "an integer beyond 64 bits",
            .replacing(
                "vocab = 512",
                with: "vocab = 99999999999999999999"
            ),
            gives: [
                """
                47:29: error: this is not TOML: error while parsing decimal integer: '99999999999999999999' \
                is not representable in 64 bits
                """
            ]
        ),
        DiagnosticCase(
            "a NUL character",
            .replacing(
                "license = \"apache-2.0\"",
                with: "license = \"apache\0-2.0\""
            ),
            gives: [
                """
                6:18: error: this is not TOML: the control character U+0000 cannot stand here; in a string, write \
                an escape such as \\n or \\u0007
                """
            ]
        ),
        DiagnosticCase(
            "an escaped NUL",
            .replacing(
                "license = \"apache-2.0\"",
                with: "license = \"apache\\u0000-2.0\""
            ),
            gives: [
                "6:18: error: this is not TOML: a string here cannot hold the character NUL"
            ]
        ),
    ]

    /// The keys that decide whether a file can be read at all.
    static let versions: [DiagnosticCase] = [
        DiagnosticCase(
            "no schema",
            .replacing(
                "schema = 1\n",
                with: ""
            ),
            gives: [
                "1:1: error: a model description needs the key `schema`: an integer from 1 to 9999"
            ]
        ),
        DiagnosticCase(
            "another schema",
            .replacing(
                "schema = 1",
                with: "schema = 2"
            ),
            gives: [
                "2:10: error: this file has schema 2, but vlmc 0.1.0 reads schema 1"
            ]
        ),
        DiagnosticCase(
            "a schema that is no number",
            .replacing(
                "schema = 1",
                with: "schema = \"1\""
            ),
            gives: [
                "2:10: error: `schema` is the string \"1\", but must be an integer from 1 to 9999"
            ]
        ),
        DiagnosticCase(
            "a newer compiler",
            .replacing(
                "minimum-vlmc = \"0.1.0\"",
                with: "minimum-vlmc = \"0.20.0\""
            ),
            gives: [
                "3:16: error: this file needs vlmc 0.20.0 or later, but this is 0.1.0"
            ]
        ),
        DiagnosticCase(
            "a version that is none",
            .replacing(
                "minimum-vlmc = \"0.1.0\"",
                with: "minimum-vlmc = \"0.1\""
            ),
            gives: [
                "3:16: error: `minimum-vlmc` is \"0.1\", but must be a version such as \"0.1.0\""
            ]
        ),
        DiagnosticCase(
            "no version",
            .replacing(
                "minimum-vlmc = \"0.1.0\"\n",
                with: ""
            ),
            gives: [
                "1:1: error: a model description needs the key `minimum-vlmc`: a string that is not empty"
            ]
        ),
    ]

    /// Keys that are unknown or missing.
    static let keys: [DiagnosticCase] = [
        DiagnosticCase(
            "a snake-case key",
            .replacing(
                "kv-heads = 2",
                with: "kv_heads = 2"
            ),
            gives: [
                "57:1: error: [decoder.attention] has no key `kv_heads`; did you mean `kv-heads`?"
            ]
        ),
        DiagnosticCase(
            "a misspelt key",
            .replacing(
                "intermediate = 344",
                with: "intermediat = 344"
            ),
            gives: [
                "70:1: error: [decoder.mlp] has no key `intermediat`; did you mean `intermediate`?"
            ]
        ),
        DiagnosticCase(
            "an unknown key without a near one",
            .replacing(
                "merge = 2",
                with: "merge = 2\nquality = 5"
            ),
            gives: [
                """
                21:1: error: [vision] has no key `quality`; its keys are `layers`, `hidden`, `patch`, \
                `temporal-patch`, `channels`, `merge`, `weights`, `deepstack-layers`, `norm`, `patches`, \
                `positions`, `attention`, `mlp`
                """
            ]
        ),
        DiagnosticCase(
            "an unknown quoted key",
            .replacing(
                "merge = 2",
                with: "merge = 2\n\"weird key\" = 5"
            ),
            gives: [
                """
                21:1: error: [vision] has no key `"weird key"`; its keys are `layers`, `hidden`, `patch`, \
                `temporal-patch`, `channels`, `merge`, `weights`, `deepstack-layers`, `norm`, `patches`, \
                `positions`, `attention`, `mlp`
                """
            ]
        ),
        DiagnosticCase(
            "an unknown table",
            .replacing(
                "[generation]",
                with: "[generatoin]"
            ),
            gives: [
                "93:2: error: a model description has no key `generatoin`; did you mean `generation`?"
            ]
        ),
        DiagnosticCase(
            "a key of another kind",
            .replacing(
                "intermediate = 344",
                with: "intermediate = 344\nwindow = 3"
            ),
            gives: [
                """
                71:1: error: [decoder.mlp] has no key `window`; its keys are `kind`, `intermediate`, \
                `activation`, `bias`
                """
            ]
        ),
        DiagnosticCase(
            "a missing key",
            .replacing(
                "heads = 8\n",
                with: ""
            ),
            gives: [
                "54:1: error: [decoder.attention] needs the key `heads`: an integer from 1 to 4096"
            ]
        ),
        DiagnosticCase(
            "a missing table",
            .replacing(
                "[decoder.mlp]\nkind = \"gated-mlp\"\nintermediate = 344\nactivation = \"silu\"\n",
                with: ""
            ),
            gives: [
                "44:1: error: [decoder] needs the table [decoder.mlp]"
            ]
        ),
        DiagnosticCase(
            "a missing key in an inline table",
            .replacing(
                "norm = { kind = \"rms-norm\", epsilon = 1e-6 }\npatches",
                with: "norm = { kind = \"rms-norm\" }\npatches"
            ),
            gives: [
                "22:8: error: [vision.norm] needs the key `epsilon`: a number greater than 0"
            ]
        ),
    ]

    /// Layer kinds.
    static let kinds: [DiagnosticCase] = [
        DiagnosticCase(
            "no kind",
            .replacing(
                "kind = \"patch-merger\"\n",
                with: ""
            ),
            gives: [
                "39:1: error: [bridge] needs the key `kind`: \"patch-merger\""
            ]
        ),
        DiagnosticCase(
            "an unknown kind",
            .replacing(
                "kind = \"gated-mlp\"\nintermediate = 344",
                with: "kind = \"gated_mlp\"\nintermediate = 344"
            ),
            gives: [
                """
                69:8: error: `kind` is the string "gated_mlp", but must be one of "gated-mlp", "mlp"; did \
                you mean "gated-mlp"?
                """
            ]
        ),
        DiagnosticCase(
            "a kind for another place",
            .replacing(
                "kind = \"self-attention\"",
                with: "kind = \"gated-mlp\""
            ),
            gives: [
                """
                55:8: error: `gated-mlp` is a feed-forward layer, but this place needs an attention layer: \
                one of "self-attention", "segment-attention"
                """
            ]
        ),
        DiagnosticCase(
            "a kind that is no string",
            .replacing(
                "kind = \"patch-merger\"",
                with: "kind = 1"
            ),
            gives: [
                "40:8: error: `kind` is 1, but must be \"patch-merger\""
            ]
        ),
        DiagnosticCase(
            "rotary positions of the wrong kind",
            .replacing(
                "rope = { kind = \"2d\", theta = 10000 }",
                with: "rope = { kind = \"rope\", theta = 10000 }"
            ),
            gives: [
                "31:17: error: `kind` is the string \"rope\", but must be \"2d\""
            ]
        ),
        DiagnosticCase(
            "no rotary positions",
            .replacing(
                "rope = { kind = \"2d\", theta = 10000 }\n",
                with: ""
            ),
            gives: [
                "25:1: error: [vision.attention] needs the table [vision.attention.rope]"
            ]
        ),
        DiagnosticCase(
            "an unknown scaling",
            .replacing(
                "layout = \"sectioned\"",
                with: "layout = \"sectioned\"\nscaling = { kind = \"ntk\", factor = 2 }"
            ),
            gives: [
                "67:20: error: `kind` is the string \"ntk\", but must be one of \"linear\", \"llama3\", \"yarn\""
            ]
        ),
    ]
}
