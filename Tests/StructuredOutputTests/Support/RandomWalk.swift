// Random walks through masks, with a bias to come to an end.
// Next: ../SchemaFixtureTests.swift.

import TestRandomness

@testable import StructuredOutput

struct RandomWalk {
    /// The text that a walk ended in; nil if it did not end within `tokenLimit`.
    static func text(
        _ compiled: CompiledConstraint,
        tokenLimit: Int = 300,
        using generator: inout SeededGenerator
    ) -> [UInt8]? {
        let vocabulary = compiled.vocabulary
        var state = ConstraintState(compiled)
        var text: [UInt8] = []
        for count in 0..<tokenLimit {
            let tokens = state.allowedTokens().tokens
            guard !tokens.isEmpty else { return nil }
            var token = tokens[Int.random(in: 0..<tokens.count, using: &generator)]
            if let last = tokens.last, vocabulary.endTokens.contains(last), Bool.random(using: &generator) {
                token = last
            }
            // After a while, whatever closes something.
            if Int.random(in: 0..<(count > 12 ? 5 : 12), using: &generator) < 4 {
                let closing = tokens.filter { token in
                    guard let bytes = vocabulary.bytes(of: token) else { return true }
                    return bytes.count == 1 && "\"}]01nb".utf8.contains(bytes[bytes.startIndex])
                }
                if let closer = closing.randomElement(using: &generator) { token = closer }
            }
            guard state.accept(token) else { return nil }
            if state.isEnded { return text }
            text += vocabulary.bytes(of: token) ?? []
        }
        return nil
    }
}
