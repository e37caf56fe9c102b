// What is wrong with a tokenizer file is said once, with file, place, what was found and what would be right.
// Not damage at random: TokenizerFuzzTests.swift.

import Glibc
import JSONText
import Testing

@testable import InputProcessing

@Suite struct TokenizerLoadingTests {
    private func error(_ text: TokenizerText) -> TokenizerError? { error(text.text) }

    private func error(_ text: String) -> TokenizerError? {
        do {
            _ = try Tokenizer(json: Array(text.utf8))
            return nil
        } catch {
            return error
        }
    }

    @Test func filesThatCannotBeRead() throws {
        #expect(
            throws: TokenizerError(
                file: "/nowhere/tokenizer.json",
                problem: .unreadable(reason: "No such file or directory")
            )
        ) {
            try Tokenizer(contentsOf: "/nowhere/tokenizer.json")
        }
        let folder = TokenizerFixtures.folder + "tokenizers"
        #expect(throws: TokenizerError(file: folder, problem: .unreadable(reason: "it is not a regular file"))) {
            try Tokenizer(contentsOf: folder)
        }
        let path = folder + "/qwen2/tokenizer.json"
        let size = try TokenizerFixtures.bytes("tokenizers/qwen2/tokenizer.json").count
        #expect(throws: TokenizerError(problem: .unreadable(reason: "it has \(size) bytes, allowed are 100"))) {
            try FileReading.bytes(of: path, limit: 100)
        }
        let notATokenizer = folder + "/texts.jsonl"
        do {
            _ = try Tokenizer(contentsOf: notATokenizer)
            Issue.record("a list of texts was taken for a tokenizer")
        } catch {
            #expect(error.description == notATokenizer + ":1:1: expected an object, found a string")
        }
    }

    @Test func textThatIsNoJSON() {
        #expect(error("")?.description == "1:1: expected a value, found the end of the text")
        #expect(error("{\n \"model\": {]")?.description == "2:12: expected a key or '}', found ']'")
        #expect(error("{} {}")?.description == "1:4: expected the end of the text, found '{'")
        #expect(error(#"{"model": {"type": "BPE", "vocab": {"a": }}}"#)?.position == JSONPosition(line: 1, column: 42))
        #expect(error(String(repeating: "[", count: 100_000))?.description == "1:1: expected an object, found an array")
        #expect(
            error(#"{"a": "# + String(repeating: "[", count: 100_000))?.description.contains("nested deeper than 64")
                == true
        )
        #expect(
            error(#"{"version": "1.0", "version": "1.0"}"#)?.description
                == "1:20: the object has the key \"version\" twice"
        )
        #expect(
            error(#"{"model": {"vocab": {}, "vocab": {}}}"#)?.description
                == "1:25: the object has the key \"vocab\" twice"
        )
    }

    /// A damaged tokenizer, the text at whose start the error has to point, and the error without its position.
    struct Refusal: Sendable {
        let place: String?
        let description: String
        let change: @Sendable (inout TokenizerText) -> Void

        init(_ place: String?, _ description: String, _ change: @escaping @Sendable (inout TokenizerText) -> Void) {
            self.place = place
            self.description = description
            self.change = change
        }
    }

    static let refusals = [
        Refusal(
            #""BertNormalizer""#,
            "normalizer.type: \"BertNormalizer\" is not supported; "
                + "supported are NFC, NFD, NFKC, NFKD, Lowercase, Prepend, Replace, Strip and Sequence"
        ) { $0.normalizer = #"{"type": "BertNormalizer"}"# },
        Refusal(#"{"type": "Prepend"}"#, "normalizer.normalizers[1].prepend: expected a string, found nothing") {
            $0.normalizer = #"{"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Prepend"}]}"#
        },
        Refusal(#"3}"#, "normalizer.normalizers: expected an array, found 3") {
            $0.normalizer = #"{"type": "Sequence", "normalizers": 3}"#
        },
        Refusal(#"[], "pre"#, "normalizer: expected an object, found an array") { $0.normalizer = "[]" },
        Refusal(#"{"Glob""#, "normalizer.pattern: expected an object with \"String\" or \"Regex\", found an object") {
            $0.normalizer = #"{"type": "Replace", "pattern": {"Glob": "*"}, "content": ""}"#
        },
        Refusal(#""yes""#, "normalizer.strip_left: expected true or false, found \"yes\"") {
            $0.normalizer = #"{"type": "Strip", "strip_left": "yes", "strip_right": true}"#
        },
        Refusal(
            #""BertPreTokenizer""#,
            "pre_tokenizer.type: \"BertPreTokenizer\" is not supported; "
                + "supported are ByteLevel, Split, Digits, Metaspace, Punctuation, Whitespace, WhitespaceSplit "
                + "and Sequence"
        ) { $0.preTokenizer = #"{"type": "BertPreTokenizer"}"# },
        Refusal(
            #""(?<=a)b""#,
            "pre_tokenizer.pattern.Regex: this kind of group is not supported; "
                + "supported are (...), (?:...), (?i:...), (?=.), (?!.), at character 0 of the pattern \"(?<=a)b\""
        ) {
            $0.preTokenizer =
                #"{"type": "Split", "pattern": {"Regex": "(?<=a)b"}, "behavior": "Isolated", "invert": false}"#
        },
        Refusal(
            #""Dropped""#,
            "pre_tokenizer.behavior: \"Dropped\" is not supported; "
                + "supported are Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous"
        ) {
            $0.preTokenizer = #"{"type": "Split", "pattern": {"String": "a"}, "behavior": "Dropped", "invert": false}"#
        },
        Refusal(
            #"{"type": "Digits""#,
            "pre_tokenizer.pretokenizers[1]: a step behind ByteLevel is not supported; "
                + "supported are ByteLevel as the last step"
        ) {
            $0.preTokenizer =
                #"{"type": "Sequence", "pretokenizers": [\#(TokenizerText.byteLevel), "#
                + #"{"type": "Digits", "individual_digits": true}]}"#
        },
        Refusal(#""ab""#, "pre_tokenizer.replacement: expected a string of one character, found \"ab\"") {
            $0.preTokenizer = #"{"type": "Metaspace", "replacement": "ab", "prepend_scheme": "always"}"#
        },
        Refusal(
            #""first""#,
            "pre_tokenizer.prepend_scheme: add_prefix_space is false, but prepend_scheme is not \"never\""
        ) {
            $0.preTokenizer =
                #"{"type": "Metaspace", "replacement": "_", "add_prefix_space": false, "prepend_scheme": "first"}"#
        },
        Refusal(
            #""Unknown""#,
            "post_processor.type: \"Unknown\" is not supported; "
                + "supported are ByteLevel, TemplateProcessing, RobertaProcessing, BertProcessing and Sequence"
        ) { $0.postProcessor = #"{"type": "Unknown"}"# },
        Refusal(
            #""B""#,
            "post_processor.single[0].Sequence.id: \"B\" is not supported; "
                + "supported are \"A\": only one text is encoded"
        ) {
            $0.postProcessor =
                #"{"type": "TemplateProcessing", "special_tokens": {}, "#
                + #""single": [{"Sequence": {"id": "B", "type_id": 0}}]}"#
        },
        Refusal(#"7]"#, "post_processor.special_tokens.<s>.ids[0]: expected the id of a token, found 7") {
            $0.postProcessor =
                #"{"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}], "#
                + #""special_tokens": {"<s>": {"ids": [7]}}}"#
        },
        Refusal(#"["a"]"#, "post_processor.cls: expected an array of a token and its id, found an array") {
            $0.postProcessor = #"{"type": "RobertaProcessing", "cls": ["a"], "sep": ["b", 1]}"#
        },
        Refusal(
            #""CTC""#,
            "decoder.type: \"CTC\" is not supported; "
                + "supported are ByteLevel, ByteFallback, Fuse, Replace, Strip, Metaspace, BPEDecoder and Sequence"
        ) { $0.decoder = #"{"type": "CTC"}"# },
        Refusal(
            #"{"type": "ByteFallback"}"#,
            "decoder.decoders[1]: this step behind Fuse or ByteLevel is not supported; "
                + "supported are Replace and Strip there"
        ) { $0.decoder = #"{"type": "Sequence", "decoders": [{"type": "Fuse"}, {"type": "ByteFallback"}]}"# },
        Refusal(#"-1"#, "decoder.start: expected an integer from 0 to 1023, found -1") {
            $0.decoder = #"{"type": "Strip", "content": " ", "start": -1, "stop": 0}"#
        },
        Refusal(#""type": "WordPiece""#, "the object has the key \"type\" twice") {
            $0.model = #""type": "WordPiece", "vocab": {}"#
        },
        Refusal(#"{"type": "BPE""#, "model: expected the member \"merges\", found nothing") {
            $0.model = #""vocab": {}"#
        },
        Refusal(#"{"type": "BPE""#, "model: expected the member \"vocab\", found nothing") {
            $0.model = #""merges": []"#
        },
        Refusal(#"[], "merges""#, "model.vocab: expected an object, found an array") {
            $0.model = #""vocab": [], "merges": []"#
        },
        Refusal(#""a": -1"#, "model.vocab[\"a\"]: expected an id from 0 to 16777215, found -1") {
            $0.model = #""vocab": {"a": -1}, "merges": []"#
        },
        Refusal(#""a": 16777216"#, "model.vocab[\"a\"]: expected an id from 0 to 16777215, found 16777216") {
            $0.model = #""vocab": {"a": 16777216}, "merges": []"#
        },
        Refusal(#"0.5"#, "the number 0.5 does not fit a 64-bit integer") {
            $0.model = #""vocab": {"a": 0.5}, "merges": []"#
        },
        Refusal(#""b": 0"#, "model.vocab[\"b\"]: the vocabulary has the id of this token twice") {
            $0.model = #""vocab": {"a": 0, "b": 0}, "merges": []"#
        },
        Refusal(#""\u0061""#, "model.vocab[\"a\"]: the vocabulary has this token twice") {
            $0.model = #""vocab": {"a": 0, "\u0061": 1}, "merges": []"#
        },
        Refusal(#""a b""#, "model.merges[0]: the token \"b\" of the merge is not in the vocabulary") {
            $0.model = #""vocab": {"a": 0}, "merges": ["a b"]"#
        },
        Refusal(#"["a", "b"]"#, "model.merges[0]: the token \"ab\" of the merge is not in the vocabulary") {
            $0.model = #""vocab": {"a": 0, "b": 1}, "merges": [["a", "b"]]"#
        },
        Refusal(#""a a a""#, "model.merges[0]: expected two tokens, as \"a b\" or [\"a\", \"b\"], found \"a a a\"") {
            $0.model = #""vocab": {"a": 0}, "merges": ["a a a"]"#
        },
        Refusal(#"["a"]"#, "model.merges[0]: expected two tokens, as \"a b\" or [\"a\", \"b\"], found \"a\"") {
            $0.model = #""vocab": {"a": 0}, "merges": [["a"]]"#
        },
        Refusal(#"3]"#, "expected an array, found a number") { $0.model = #""vocab": {"a": 0}, "merges": [3]"# },
        Refusal(
            #"0.1"#,
            "model.dropout: 0.1 is not supported; supported are null and 0: encoding at random is for training"
        ) { $0.model = #""dropout": 0.1, "vocab": {}, "merges": []"# },
        Refusal(#""<unk>""#, "model.unk_token: expected a token of the vocabulary, found \"<unk>\"") {
            $0.model = #""unk_token": "<unk>", "vocab": {"a": 0}, "merges": []"#
        },
        Refusal(
            #"5,"#,
            "added_tokens[0].id: expected the id 0 for the token \"x\""
                + " (ids of added tokens go on from the vocabulary without gaps), found 5"
        ) { $0.addedTokens = "[\(TokenizerText.addedToken("x", 5))]" },
        Refusal(
            #"1,"#,
            "added_tokens[0].id: expected the id 0 for the token \"\\n\" (that is its id in the vocabulary), found 1"
        ) {
            $0.addedTokens = "[\(TokenizerText.addedToken("\n", 1))]";
            $0.model = #""vocab": {"a": 1, "\n": 0}, "merges": []"#
        },
        Refusal(#"1,"content":"x""#, "added_tokens[1].id: the token \"x\" has two ids, 0 and 1") {
            $0.addedTokens = "[\(TokenizerText.addedToken("x", 0)), \(TokenizerText.addedToken("x", 1))]"
        },
        Refusal(#"{"id": 0"#, "added_tokens[0].special: expected true or false, found nothing") {
            $0.addedTokens = #"[{"id": 0, "content": "x", "single_word": false}]"#
        },
        Refusal(nil, "added_tokens: the added tokens \"A\" and \"a\" are the same text once normalized") {
            $0.addedTokens =
                "[\(TokenizerText.addedToken("A", 0, "normalized")), \(TokenizerText.addedToken("a", 1, "normalized"))]";
            $0.normalizer = #"{"type": "Lowercase"}"#
        },
    ]

    @Test(arguments: refusals.indices) func refusesWithPlaceAndAdvice(index: Int) throws {
        let refusal = Self.refusals[index]
        var text = TokenizerText()
        refusal.change(&text)
        let found = try #require(error(text))
        let position = try refusal.place.map { place in
            let before = text.text[..<(try #require(text.text.firstRange(of: place))).lowerBound]
            let lines = before.split(separator: "\n", omittingEmptySubsequences: false)
            return JSONPosition(line: lines.count, column: (lines.last?.utf8.count ?? 0) + 1)
        }
        #expect(found.position == position)
        #expect(found.description == (position.map { "\($0): " } ?? "") + refusal.description)
    }

    @Test(arguments: ["Unigram", "WordPiece", "WordLevel"]) func otherModelsAreNamed(type: String) {
        let text = #"{"version": "1.0", "model": {"type": "\#(type)", "vocab": [["a", -1.5]]}}"#
        #expect(error(text)?.problem == .notBytePairEncoding(found: type))
        #expect(error(text)?.path == "model.type")
        #expect(
            error(text)?.description
                == "1:38: model.type: expected a tokenizer of type BPE (byte-pair encoding), found \(type)"
        )
    }

    @Test func smallThings() throws {
        #expect(
            error(#"{"version": "2.0", "model": {}}"#)?.description
                == "1:13: version: \"2.0\" is not supported; supported are \"1.0\""
        )
        #expect(error("{}")?.description == "model: expected an object with the model, found nothing")
        #expect(error(#"{"model": 3}"#)?.description == "1:11: model: expected an object, found 3")
        #expect(error(#"{"model": {"vocab": {}}}"#)?.problem == .notBytePairEncoding(found: "a model without a type"))
        // Files from before the type was written.
        #expect(
            try Tokenizer(json: Array(#"{"model": {"merges": [], "vocab": {"a": 3}}}"#.utf8)).encode("aa") == [3, 3]
        )
        let long = "[" + TokenizerText.addedToken(String(repeating: "x", count: 5_000), 0) + "]"
        #expect(
            error(TokenizerText(addedTokens: long))?.description.hasSuffix(
                "an added token of 5000 bytes is not supported; supported are at most 4096"
            ) == true
        )
        let steps = Array(repeating: #"{"type": "NFC"}"#, count: 65).joined(separator: ",")
        let many = #"{"type": "Sequence", "normalizers": [\#(steps)]}"#
        #expect(
            error(TokenizerText(normalizer: many))?.description
                == "2:15: normalizer: a sequence of 65 steps is not supported; supported are at most 64 steps"
        )
        // An unknown token that is not in the vocabulary does no harm where nothing can be unknown.
        var whole = TokenizerText.byteLevel()
        whole.model = #""unk_token": "<|endoftext|>", "# + whole.model
        #expect(try whole.load().encode("é") == [0xC3, 0xA9])
    }

    @Test func postProcessorsAddTheirTokens() throws {
        var text = TokenizerText(model: TokenizerText.model(vocabulary: ["a", "<s>", "</s>"]))
        func ids(_ processor: String, _ add: Bool = true) throws -> [Int32] {
            text.postProcessor = processor
            return try text.load().encode("aa", addSpecialTokens: add)
        }
        let template = #"""
            {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "both", "type_id": 0}},
            {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}], "pair": [],
            "special_tokens": {"both": {"id": "both", "ids": [1, 2], "tokens": ["<s>", "</s>"]},
            "</s>": {"id": "</s>", "ids": [2], "tokens": ["</s>"]}}}
            """#
        #expect(try ids("null") == [0, 0])
        #expect(try ids(template) == [1, 2, 0, 0, 2])
        #expect(try ids(template, false) == [0, 0])
        #expect(
            try ids(
                #"{"type": "RobertaProcessing", "cls": ["<s>", 1], "sep": ["</s>", 2], "trim_offsets": true}"#
            ) == [1, 0, 0, 2]
        )
        #expect(
            try ids(#"{"type": "Sequence", "processors": [{"type": "ByteLevel"}, \#(template)]}"#) == [1, 2, 0, 0, 2]
        )
        #expect(
            error(
                {
                    var two = text;
                    two.postProcessor = #"{"type": "Sequence", "processors": [\#(template), \#(template)]}"#; return two
                }()
            )?.description.contains("a second processor that adds tokens") == true
        )
    }

    @Test func textsBeyondTheLimitsAreRefused() throws {
        let tokenizer = try TokenizerText.byteLevel(merges: [("a", "a")]).load()
        #expect(try tokenizer.encode("aaaa", limits: EncodingLimits(bytes: 4, tokens: 2)) == [256, 256])
        #expect(throws: TokenizerError(problem: .textTooLong(count: 5, limit: 4, unit: "bytes"))) {
            try tokenizer.encode("aaaaa", limits: EncodingLimits(bytes: 4))
        }
        #expect(throws: TokenizerError(problem: .textTooLong(count: 3, limit: 2, unit: "tokens"))) {
            try tokenizer.encode("aaaaa", limits: EncodingLimits(tokens: 2))
        }
        let error = TokenizerError(problem: .textTooLong(count: 3, limit: 2, unit: "tokens"))
        #expect(error.description == "the text has 3 tokens, allowed are 2")
    }

    @Test func bytesThatAreNoTextAreReadAsReplacementCharacters() throws {
        let tokenizer = try TokenizerText.byteLevel().load()
        func text(_ bytes: [UInt8]) -> String { tokenizer.decode(tokenizer.encode(bytes)) }
        #expect(text([0x61, 0xFF, 0x62]) == "a\u{FFFD}b")
        #expect(text([0xE2, 0x82, 0x41]) == "\u{FFFD}A")
        #expect(text([0xED, 0xA0, 0x80]) == "\u{FFFD}\u{FFFD}\u{FFFD}")
        #expect(text([0xF0, 0x9F, 0x98]) == "\u{FFFD}")
        #expect(text([0xC0, 0x80]) == "\u{FFFD}\u{FFFD}")
        #expect(text([0xF0, 0x9F, 0x98, 0x80]) == "😀")
    }
}
