// No constraint lets invalid UTF-8 through, however tokens cut characters.
// Escapes of JSON strings: SchemaKeywordTests.swift.

import TestRandomness
import Testing

@testable import StructuredOutput

@Suite struct UTF8Tests {
    private static let constraints: [(String, Constraint)] = [
        ("string", Checks.schema(#"{"type": "string"}"#)),
        ("short string", Checks.schema(#"{"type": "string", "maxLength": 4}"#)),
        ("pattern", Checks.schema(#"{"type": "string", "pattern": "^[^a]*$"}"#)), ("regex", .regex("\"[^x]*\"")),
        ("grammar", .grammar("root ::= \"\\\"\" [^\"]* \"\\\"\"")),
        ("free text", .sequence([.literal("\""), .freeText(excluding: ["\""]), .literal("\"")])),
    ]

    /// Every sequence of bytes up to four, where the first two tell all apart: between quotes, exactly the valid ones.
    @Test func onlyCharactersStandBetweenQuotes() throws {
        let interesting: [UInt8] = [
            0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE,
            0xEF,
            0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
        ]
        for (name, constraint) in Self.constraints {
            let compiled = try Checks.compiled(constraint)
            var valid = 0
            func check(_ bytes: [UInt8]) {
                var state = ConstraintState(compiled)
                let isAccepted = state.accept(bytes: [0x22] + bytes + [0x22]) && state.isComplete
                let isValid = String(validating: bytes, as: UTF8.self) != nil
                let isControl =
                    name.contains("string") && bytes.contains { $0 < 0x20 } || name == "pattern" && bytes.contains(0)
                #expect(isAccepted == (isValid && !isControl), "\(name): \(bytes)")
                if isAccepted { valid += 1 }
            }
            for first in interesting {
                check([first])
                for second in interesting {
                    check([first, second])
                    for third in interesting where first >= 0xE0 { check([first, second, third]) }
                    for third in [0x7F, 0x80, 0xBF, 0xC0] as [UInt8] where first >= 0xF0 {
                        for fourth in [0x7F, 0x80, 0xBF, 0xC0] as [UInt8] { check([first, second, third, fourth]) }
                    }
                }
            }
            #expect(valid > 50, "\(name): \(valid)")
        }
    }

    /// Tokens that end in the middle of characters are allowed where the rest can follow, and only there.
    @Test func tokensMayCutCharacters() throws {
        let pieces: [[UInt8]] = [
            [0x22], [0xE6], [0xE6, 0x97], [0x97, 0xA5], [0xA5], [0xA5, 0x22], [0xF0, 0x9F], [0x98, 0x80, 0x22], [0x80],
            [0xED, 0xA0], [0xC3, 0xA9, 0xE6], [0x22, 0xE6],
        ]
        let vocabulary = RandomVocabulary.vocabulary(pieces)
        let compiled = try ConstraintCompiler(vocabulary: vocabulary).compile(Checks.schema(#"{"type": "string"}"#))
        func allowed(after tokens: [Int32]) -> [Int32] {
            var state = ConstraintState(compiled)
            for token in tokens where !state.accept(token) { return [-1] }
            return state.allowedTokens().tokens
        }
        #expect(allowed(after: []) == [0, 11])
        #expect(allowed(after: [0]) == [0, 1, 2, 6, 10])
        #expect(allowed(after: [11]) == [3, 4, 7, 8])
        #expect(allowed(after: [0, 2]) == [4, 5, 8])
        #expect(allowed(after: [0, 6]) == [3, 4, 7, 8])
        #expect(allowed(after: [0, 10, 3, 0]) == [13])
    }
}
