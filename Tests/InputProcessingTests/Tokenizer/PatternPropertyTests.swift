// Random patterns over random texts: the automaton and the linear search against a plain backtracking matcher.
// The backtracking matcher is the definition; it is slow and stands here alone.

import Testing

@testable import InputProcessing

@Suite struct PatternPropertyTests {
    @Test func automatonAgreesWithBacktracking() throws {
        var fuzzer = TextFuzzer(seed: 21)
        var compared = 0
        for _ in 0..<1_000 {
            let pattern = self.pattern(depth: 2, &fuzzer)
            let node: PatternNode
            let scanner: PatternScanner
            do {
                node = try PatternParser.parse(pattern)
                scanner = try PatternScanner(node, pattern: pattern)
            } catch {
                continue
            }
            for _ in 0..<6 {
                let text = Array(
                    (0..<Int.random(in: 0...10, using: &fuzzer)).map { _ in fuzzer.pick(Self.alphabet) }.joined()
                        .unicodeScalars
                )
                var bytes = String(String.UnicodeScalarView(text))
                var found: [Range<Int>] = []
                bytes.withUTF8 { buffer in scanner.forEachMatch(in: buffer) { found.append($0) } }
                #expect(found == Self.expectedMatches(of: node, in: text), "\(pattern) in \(bytes.debugDescription)")
                compared += 1
            }
        }
        #expect(compared > 2_000)
    }

    /// Long runs before a failure switch the scanner to its linear search: the answers must stay the same.
    @Test func longFailingAttemptsFindTheSameMatches() throws {
        for pattern in [#"a+b|[ac]+?d"#, #"\s+$|x"#, #"(?:ab)+c|b"#, #"[^1]*2|a{3}"#] {
            let node = try PatternParser.parse(pattern)
            let scanner = try PatternScanner(node, pattern: pattern)
            var fuzzer = TextFuzzer(seed: 22)
            for _ in 0..<40 {
                var text = ""
                for _ in 0..<4 {
                    let run = String(
                        repeating: fuzzer.pick(["a", "ab", " ", "c"]),
                        count: Int.random(in: 0...90, using: &fuzzer)
                    )
                    text += run + fuzzer.pick(["", "b", "d", "x", "2", "\n"])
                }
                var found: [Range<Int>] = []
                text.withUTF8 { buffer in scanner.forEachMatch(in: buffer) { found.append($0) } }
                #expect(found == Self.expectedMatches(of: node, in: Array(text.unicodeScalars)), "\(pattern)")
            }
        }
    }

    private static let alphabet = ["a", "b", "A", " ", "\n", "1", "é", "한", "-", "ſ"]

    private func pattern(depth: Int, _ fuzzer: inout TextFuzzer) -> String {
        (0..<fuzzer.pick([1, 1, 2, 3])).map { _ in
            (0..<fuzzer.pick([1, 2, 3])).map { _ in piece(depth: depth, &fuzzer) }.joined()
        }.joined(separator: "|")
    }

    private func piece(depth: Int, _ fuzzer: inout TextFuzzer) -> String {
        switch Int.random(in: 0..<10, using: &fuzzer) {
        case 0: return fuzzer.pick([#"(?!\S)"#, "(?=a)", "$", #"\z"#, "(?![ab])"])
        case 1: return fuzzer.pick(["a", "[ab]", #"\s"#]) + fuzzer.pick(["++", "*+", "?+"])
        default:
            let atom =
                depth > 0 && Bool.random(using: &fuzzer)
                ? fuzzer.pick(["(?:", "(", "(?i:"]) + pattern(depth: depth - 1, &fuzzer) + ")"
                : fuzzer.pick(["a", "b", " ", "1", "한", #"\s"#, #"\S"#, "[^a]", "[a-b1]", ".", #"\w"#, #"\p{L}"#])
            return atom + fuzzer.pick(["", "", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,2}?", "{2,}"])
        }
    }

    // MARK: The definition

    private static func expectedMatches(of node: PatternNode, in text: [Unicode.Scalar]) -> [Range<Int>] {
        let offsets = text.reduce(into: [0]) { $0.append(($0.last ?? 0) + UTF8.width($1)) }
        var matches: [Range<Int>] = []
        var start = 0
        var lastEnd = -1
        while start <= text.count {
            guard let match = (start...text.count).lazy.compactMap({ end(of: node, in: text, from: $0) }).first else {
                break
            }
            if match.isEmpty, match.lowerBound == lastEnd {
                start += 1
                continue
            }
            matches.append(offsets[match.lowerBound]..<offsets[match.upperBound])
            start = match.upperBound
            lastEnd = match.upperBound
        }
        return matches
    }

    private static func end(of node: PatternNode, in text: [Unicode.Scalar], from start: Int) -> Range<Int>? {
        var end: Int?
        _ = backtrack(node, text, start) {
            end = $0
            return true
        }
        return end.map { start..<$0 }
    }

    /// Tries every way in order of preference until `then` accepts one.
    private static func backtrack(_ node: PatternNode, _ text: [Unicode.Scalar], _ index: Int, _ then: (Int) -> Bool)
        -> Bool
    {
        switch node {
        case .set(let set):
            return index < text.count && set.contains(text[index]) && then(index + 1)
        case .assertion(let assertion):
            let holds = index < text.count ? assertion.scalars.contains(text[index]) : assertion.allowsEnd
            return holds && then(index)
        case .sequence(let nodes):
            guard let first = nodes.first else { return then(index) }
            return backtrack(first, text, index) { backtrack(.sequence(Array(nodes.dropFirst())), text, $0, then) }
        case .alternation(let branches):
            return branches.contains { backtrack($0, text, index, then) }
        case .repetition(let repeated, let minimum, let maximum, let isGreedy):
            if minimum > 0 {
                return backtrack(repeated, text, index) {
                    backtrack(
                        .repetition(
                            repeated,
                            minimum: minimum - 1,
                            maximum: maximum.map { $0 - 1 },
                            isGreedy: isGreedy
                        ),
                        text,
                        $0,
                        then
                    )
                }
            }
            guard maximum != 0 else { return then(index) }
            func once() -> Bool {
                backtrack(repeated, text, index) {
                    backtrack(
                        .repetition(repeated, minimum: 0, maximum: maximum.map { $0 - 1 }, isGreedy: isGreedy),
                        text,
                        $0,
                        then
                    )
                }
            }
            return isGreedy ? once() || then(index) : then(index) || once()
        }
    }
}
