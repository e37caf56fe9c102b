// Random and damaged templates never do more than throw. Seeds are fixed: a failure repeats.
// Not the texts of correct ones: FamilyTests.swift.

import TestRandomness
import Testing

@testable import ChatTemplates

@Suite struct TemplatePropertyTests {
    private static let pieces =
        [
            "{{", "}}", "{%", "%}", "{#", "#}", "-", "+", " ", "\n", "(", ")", "[", "]", "{", "}", ",", ":", ".", "|",
            "~", "*",
            "**", "/", "//", "%", "=", "==", "!=", "<", ">=", "'", "\"", "\\", "a", "x", "loop", "messages", "ns", "if",
            "else",
            "elif", "endif", "for", "in", "endfor", "not", "and", "or", "is", "set", "endset", "macro", "endmacro",
            "call",
            "endcall", "filter", "endfilter", "with", "endwith", "generation", "endgeneration", "raw", "endraw",
            "break",
            "continue", "recursive", "namespace", "range", "dict", "caller", "varargs", "kwargs", "true", "none", "0",
            "1",
            "-3", "2.5", "1e9", "99999999999", "'s'", "'é한😀'", "upper", "tojson", "indent", "join", "map", "select",
            "default",
            "length", "items", "split", "format", "%s", "defined", "string", "é", "\u{301}", "\0", "\r\n", "\u{2028}",
        ]

    private let limits = RenderingLimits(textBytes: 50_000, steps: 20_000)

    private func variables() throws -> [String: TemplateValue] {
        let fixture = try FamilyFixture()
        return fixture.variables((13, 3), isMessageText: true)
    }

    /// Loads and renders, and looks at what comes of it.
    private func check(_ source: String, _ variables: [String: TemplateValue]) -> TemplateError.Kind? {
        do throws(TemplateError) {
            let rendered = try ChatTemplate(source, name: "t").render(
                variables,
                limits: limits,
                clock: TemplateFixtures.clock
            )
            #expect(rendered.text.utf8.count <= limits.textBytes)
            #expect(rendered.messageText.allSatisfy { $0.upperBound <= rendered.text.utf8.count })
            return nil
        } catch {
            #expect(error.line >= 1 && error.column >= 1)
            return error.kind
        }
    }

    @Test func randomTemplatesThrowOrRenderButNeverTrap() throws {
        var generator = SeededGenerator(seed: 21)
        let variables = try variables()
        var kinds: [TemplateError.Kind?: Int] = [:]
        for _ in 0..<6_000 * FuzzRounds.factor {
            let isTag = Bool.random(using: &generator)
            let body = (0..<Int.random(in: 0...12, using: &generator)).map { _ in
                Self.pieces[Int.random(in: 0..<Self.pieces.count, using: &generator)]
            }
            let inner = body.joined(separator: Bool.random(using: &generator) ? " " : "")
            kinds[check(isTag ? "{{ \(inner) }}" : inner, variables), default: 0] += 1
        }
        #expect(kinds[nil, default: 0] > 300 && kinds[.syntax, default: 0] > 1_000)
    }

    @Test func damagedTemplatesThrowOrRenderButNeverTrap() throws {
        var generator = SeededGenerator(seed: 22)
        let fixture = try FamilyFixture()
        var kinds: [TemplateError.Kind?: Int] = [:]
        for _ in 0..<120 * FuzzRounds.factor {
            for family in fixture.families {
                var source = Array(family.template.unicodeScalars)
                for _ in 0..<Int.random(in: 1...3, using: &generator) { damage(&source, using: &generator) }
                let pair = fixture.pairs[Int.random(in: 0..<fixture.pairs.count, using: &generator)]
                var text = String.UnicodeScalarView()
                text.append(contentsOf: source)
                kinds[check(String(text), fixture.variables(pair, isMessageText: true)), default: 0] += 1
            }
        }
        // Every outcome has to occur, or the damage is too mild or too strong to test anything.
        #expect(kinds[nil, default: 0] > 100 && kinds[.syntax, default: 0] > 100)
        #expect(kinds[.evaluation, default: 0] > 20 && kinds[.raised, default: 0] > 5)
    }

    private func damage(_ source: inout [Unicode.Scalar], using generator: inout SeededGenerator) {
        guard !source.isEmpty else { return }
        let index = Int.random(in: 0..<source.count, using: &generator)
        let end = min(source.count, index + Int.random(in: 1...12, using: &generator))
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: source.removeSubrange(index..<end)
        case 1: source.insert(contentsOf: source[index..<end], at: Int.random(in: 0...source.count, using: &generator))
        case 2:
            let piece = Self.pieces[Int.random(in: 0..<Self.pieces.count, using: &generator)]
            source.insert(contentsOf: Array(piece.unicodeScalars), at: index)
        case 3: source.removeSubrange(index...)
        default: source.swapAt(index, Int.random(in: 0..<source.count, using: &generator))
        }
    }

    @Test func randomValuesThroughEveryFilterTestAndMethodNeverTrap() throws {
        var generator = SeededGenerator(seed: 23)
        let filters = FilterCatalog.standard.keys.sorted()
        let tests = TestCatalog.standard.keys.sorted().filter { $0.allSatisfy(\.isLetter) }
        let methods =
            TextMethods.all.keys.sorted() + DictionaryMethods.all.keys.sorted() + ListMethods.all.keys.sorted()
        let values = [
            "x", "none", "true", "0", "-1", "9223372036854775807", "-9223372036854775807 - 1", "2.5", "1e308", "-0.0",
            "''", "'a b,c'", "'é한👩‍👩‍👧\u{301}'", "'%s %d %(a)s {} {0:>5}'", "[]", "[1, 'a', none]", "['b', 'a']", "{}",
            "{'a': 1}",
            "(1, 2)", "range(3)", "range(-5, 5, 3)", "namespace(a=1)", "messages", "messages[0]", "'\\n\\r\\n\\u2028x'",
            "joiner()", "x.y", "dict", "['a']|map('upper')", "{'a': 1}.items()",
        ]
        let variables = try variables()
        func one(of names: [String]) -> String { names[Int.random(in: 0..<names.count, using: &generator)] }
        func value() -> String { one(of: values) }
        func arguments() -> String {
            (0..<Int.random(in: 0...3, using: &generator)).map { _ in value() }.joined(separator: ", ")
        }
        var rendered = 0
        for round in 0..<9_000 * FuzzRounds.factor {
            let source: String
            switch round % 4 {
            case 0:
                source =
                    "{{ (\(value()))|\(one(of: filters))(\(arguments())) }}"
            case 1:
                source =
                    "{{ (\(value())).\(one(of: methods))(\(arguments())) }}"
            case 2:
                source =
                    "{{ (\(value())) is \(one(of: tests))(\(arguments())) }}"
            default:
                let symbols = ["+", "-", "*", "/", "//", "%", "**", "<", "==", "in", "~"]
                let symbol = one(of: symbols)
                source = "{{ (\(value())) \(symbol) (\(value())) }}{{ (\(value()))[\(value()):\(value()):\(value())] }}"
            }
            if check(source, variables) == nil { rendered += 1 }
        }
        #expect(rendered > 700)
    }
}
