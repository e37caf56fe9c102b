// Damaged tokenizer files: loading says what is wrong or gives a tokenizer that works; it never traps.
// A fixed seed; `Scripts/fuzz 100` does 100 times as much.

import JSONText
import TestRandomness
import Testing

@testable import InputProcessing

@Suite struct TokenizerFuzzTests {
    /// A file with something of everything, small enough to damage often.
    static let base: TokenizerText = {
        var text = TokenizerText.byteLevel(
            merges: [("t", "h"), ("th", "e"), ("Ġ", "the"), ("1", "2")],
            addedTokens: "[" + TokenizerText.addedToken("<|end|>", 260, "special") + ","
                + TokenizerText.addedToken("<mask>", 261, "special", "lstrip", "normalized") + "]"
        )
        text.normalizer =
            #"{"type":"Sequence","normalizers":[{"type":"NFC"},"#
            + #"{"type":"Replace","pattern":{"Regex":"\\s{2,}"},"content":" "}]}"#
        text.preTokenizer = #"""
            {"type":"Sequence","pretokenizers":[{"type":"Split","behavior":"Isolated","invert":false,"pattern":
            {"Regex":"(?i:'s|'t)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|\\s+(?!\\S)|\\s+"}},
            {"type":"ByteLevel","add_prefix_space":false,"trim_offsets":false,"use_regex":false}]}
            """#
        text.postProcessor =
            #"{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A","type_id":0}},"#
            + #"{"SpecialToken":{"id":"e","type_id":0}}],"pair":[],"#
            + #""special_tokens":{"e":{"id":"e","ids":[260],"tokens":["<|end|>"]}}}"#
        return text
    }()

    @Test func theBaseItselfWorks() throws {
        let tokenizer = try Self.base.load()
        #expect(tokenizer.encode(" the  the12<|end|>", addSpecialTokens: true) == [258, 258, 259, 260, 260])
    }

    @Test func damagedFilesNeverTrap() throws {
        var fuzzer = TextFuzzer(seed: 51)
        let bytes = Array(Self.base.text.utf8)
        // Half of the damage goes where the interesting members are, before the long vocabulary.
        let interesting = bytes.count - Array(Self.base.model.utf8).count
        var loaded = 0
        var refused = 0
        for round in 0..<1_500 * FuzzRounds.factor {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...3, using: &fuzzer) {
                let bound = round % 2 == 0 ? interesting : damaged.count
                let index = Int.random(in: 0..<bound, using: &fuzzer)
                switch Int.random(in: 0..<4, using: &fuzzer) {
                case 0: damaged[index] = UInt8.random(in: 0x20...0x7E, using: &fuzzer)
                case 1: damaged.remove(at: index)
                case 2: damaged.insert(fuzzer.pick(Array("()[]{}+*?\\|^-0\"".utf8)), at: index)
                default: damaged[index] = UInt8.random(in: 0...255, using: &fuzzer)
                }
            }
            do {
                let tokenizer = try Tokenizer(json: damaged)
                loaded += 1
                let text = fuzzer.text(pieces: 20)
                let ids = tokenizer.encode(text, addSpecialTokens: true)
                _ = tokenizer.decode(ids, skipSpecialTokens: true)
                #expect(ids.allSatisfy { (0..<Int32(tokenizer.idBound)).contains($0) })
            } catch {
                #expect(!error.description.isEmpty)
                refused += 1
            }
        }
        #expect(loaded > 50 && refused > 500, "\(loaded) loaded, \(refused) refused")
    }

    /// Members swapped for other values of JSON.
    @Test func otherValuesInPlaceOfMembersNeverTrap() throws {
        let values = [
            "null", "true", "-1", "1e400", "99999999999999999999", "\"\"", "\"x\"", "[]", "[[]]", "{}",
            #"{"type":"Sequence"}"#, #"{"type":3}"#,
        ]
        var refused = 0
        for value in values {
            for place in 0..<6 {
                var text = Self.base
                switch place {
                case 0: text.addedTokens = value
                case 1: text.normalizer = value
                case 2: text.preTokenizer = value
                case 3: text.postProcessor = value
                case 4: text.decoder = value
                default: text.model = #""vocab": \#(value), "merges": \#(value)"#
                }
                do {
                    _ = try text.load().encode("the 12")
                } catch {
                    #expect(!error.path.isEmpty || error.position != nil)
                    refused += 1
                }
            }
        }
        #expect(refused > 40)
    }
}
