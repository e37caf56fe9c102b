// What is reported about values of a wrong type or out of range.
// Not how they are run: ReaderDiagnosticsTests does that.

extension DiagnosticCase {
    /// Values of a wrong type or out of range.
    static let types: [DiagnosticCase] = [
        DiagnosticCase(
            "a string for an integer",
            .replacing(
                "layers = 4",
                with: "layers = \"four\""
            ),
            gives: [
                "45:10: error: `layers` is the string \"four\", but must be an integer from 1 to 1024"
            ]
        ),
        DiagnosticCase(
            "a float for an integer",
            .replacing(
                "layers = 4",
                with: "layers = 4.0"
            ),
            gives: [
                "45:10: error: `layers` is 4.0, but must be an integer from 1 to 1024"
            ]
        ),
        DiagnosticCase(
            "an integer out of range",
            .replacing(
                "layers = 4",
                with: "layers = 0"
            ),
            gives: [
                "45:10: error: `layers` is 0, but must be an integer from 1 to 1024"
            ]
        ),
        DiagnosticCase(
            "a string for a number",
            .replacing(
                "theta = 1e6",
                with: "theta = \"1e6\""
            ),
            gives: [
                "64:9: error: `theta` is the string \"1e6\", but must be a number greater than 1"
            ]
        ),
        DiagnosticCase(
            "infinity",
            .replacing(
                "theta = 1e6",
                with: "theta = inf"
            ),
            gives: [
                "64:9: error: `theta` is inf, but must be a number greater than 1"
            ]
        ),
        DiagnosticCase(
            "not a number",
            .replacing(
                "temperature = 0.01",
                with: "temperature = nan"
            ),
            gives: [
                "95:15: error: `temperature` is nan, but must be a number greater than 0"
            ]
        ),
        DiagnosticCase(
            "a number out of range",
            .replacing(
                "top-p = 0.001",
                with: "top-p = 1.5"
            ),
            gives: [
                "96:9: error: `top-p` is 1.5, but must be a number from 0 to 1"
            ]
        ),
        DiagnosticCase(
            "a negative epsilon",
            .replacing(
                "[vision]",
                with: "[vision]"
            ),
            .replacing(
                "norm = { kind = \"rms-norm\", epsilon = 1e-6 }\npatches",
                with: "norm = { kind = \"rms-norm\", epsilon = -1e-6 }\npatches"
            ),
            gives: [
                "22:39: error: `epsilon` is -1e-6, but must be a number greater than 0"
            ]
        ),
        DiagnosticCase(
            "a number for a truth value",
            .replacing(
                "qk-norm = false",
                with: "qk-norm = 0"
            ),
            gives: [
                "60:11: error: `qk-norm` is 0, but must be true or false"
            ]
        ),
        DiagnosticCase(
            "a truth value for a string",
            .replacing(
                "weights = \"visual\"",
                with: "weights = true"
            ),
            gives: [
                "21:11: error: `weights` is true, but must be a string that is not empty"
            ]
        ),
        DiagnosticCase(
            "an empty string",
            .replacing(
                "weights = \"visual\"",
                with: "weights = \"\""
            ),
            gives: [
                "21:11: error: `weights` is the string \"\", but must be a string that is not empty"
            ]
        ),
        DiagnosticCase(
            "a date for a string",
            .replacing(
                "weights = \"visual\"",
                with: "weights = 2026-01-01"
            ),
            gives: [
                "21:11: error: `weights` is a date or time, but must be a string that is not empty"
            ]
        ),
        DiagnosticCase(
            "an array for a table",
            .replacing(
                "[chat]",
                with: "[[chat]]"
            ),
            gives: [
                "79:1: error: `chat` is an array, but must be a table"
            ]
        ),
        DiagnosticCase(
            "a table for a string",
            .replacing(
                "license = \"apache-2.0\"",
                with: "license = { name = \"apache\" }"
            ),
            gives: [
                "6:11: error: `license` is a table, but must be a string that is not empty"
            ]
        ),
        DiagnosticCase(
            "a string for an array",
            .replacing(
                "mean = [0.48145466, 0.4578275, 0.40821073]",
                with: "mean = \"imagenet\""
            ),
            gives: [
                "88:8: error: `mean` is the string \"imagenet\", but must be a list of 3 numbers"
            ]
        ),
        DiagnosticCase(
            "a wrong element",
            .replacing(
                "mean = [0.48145466, 0.4578275, 0.40821073]",
                with: "mean = [0.48145466, \"g\", 0.40821073]"
            ),
            gives: [
                "88:21: error: element 1 of `mean` is the string \"g\", but must be a finite number"
            ]
        ),
        DiagnosticCase(
            "too few elements",
            .replacing(
                "mean = [0.48145466, 0.4578275, 0.40821073]",
                with: "mean = [0.5]"
            ),
            gives: [
                "88:8: error: `mean` has 1 elements, but must have 3"
            ]
        ),
        DiagnosticCase(
            "a deviation of zero",
            .replacing(
                "std = [0.26862954",
                with: "std = [0"
            ),
            gives: [
                "89:8: error: element 0 of `std` is 0, but must be a number greater than 0"
            ]
        ),
        DiagnosticCase(
            "a wrong word",
            .replacing(
                "activation = \"gelu\"",
                with: "activation = \"gleu\""
            ),
            gives: [
                """
                42:14: error: `activation` is the string "gleu", but must be one of "silu", "gelu", \
                "gelu-tanh", "quick-gelu", "relu"; did you mean "gelu"?
                """
            ]
        ),
        DiagnosticCase(
            "a number for a word",
            .replacing(
                "activation = \"gelu\"",
                with: "activation = 3"
            ),
            gives: [
                """
                42:14: error: `activation` is 3, but must be one of "silu", "gelu", "gelu-tanh", \
                "quick-gelu", "relu"
                """
            ]
        ),
        DiagnosticCase(
            "a wrong flag",
            .replacing(
                "bias = [\"query\", \"key\", \"value\"]",
                with: "bias = [\"query\", \"keys\"]"
            ),
            gives: [
                """
                59:18: error: element 1 of `bias` is the string "keys", but must be one of "query", "key", \
                "value", "output"; did you mean "key"?
                """
            ]
        ),
        DiagnosticCase(
            "a flag twice",
            .replacing(
                "bias = [\"query\", \"key\", \"value\"]",
                with: "bias = [\"query\", \"query\"]"
            ),
            gives: [
                "59:18: error: `bias` names \"query\" twice"
            ]
        ),
        DiagnosticCase(
            "a string for flags",
            .replacing(
                "bias = [\"query\", \"key\", \"value\"]",
                with: "bias = \"query\""
            ),
            gives: [
                """
                59:8: error: `bias` is the string "query", but must be true, false or a list out of \
                "query", "key", "value", "output"
                """
            ]
        ),
        DiagnosticCase(
            "a number in a table of strings",
            .replacing(
                "\"model.visual.\" = \"visual.\"",
                with: "\"model.visual.\" = 3"
            ),
            gives: [
                "11:67: error: `renamed.\"model.visual.\"` is 3, but must be a string that is not empty"
            ]
        ),
        DiagnosticCase(
            "a string for a table of strings",
            .replacing(
                "renamed = { \"model.language_model.\" = \"model.\", \"model.visual.\" = \"visual.\" }",
                with: "renamed = \"model\""
            ),
            gives: [
                "11:11: error: `renamed` is the string \"model\", but must be a table from strings to strings"
            ]
        ),
        DiagnosticCase(
            "a language twice",
            .replacing(
                "[\"en\", \"ko\"]",
                with: "[\"en\", \"en\"]"
            ),
            gives: [
                "7:20: error: `languages` lists \"en\" twice"
            ]
        ),
        DiagnosticCase(
            "a number for a string that may be empty",
            .replacing("image-suffix = \"<|vision_end|>\"", with: "image-suffix = 3"),
            gives: ["83:16: error: `image-suffix` is 3, but must be a string"]
        ),
        DiagnosticCase(
            "YaRN without a factor",
            in: Example.language,
            .replacing(
                "theta = 100000.0 }",
                with: "theta = 1e5, scaling = { kind = \"yarn\", original-context = 8 } }"
            ),
            gives: [
                "19:48: error: [decoder.attention.rope.scaling] needs the key `factor`: a number not less than 1"
            ]
        ),
    ]
}
