// How diagnostics look, in editors and in terminals.

import Testing

@testable import Diagnostics

struct DiagnosticRenderingTests {
    private func span(_ line: Int, _ column: Int, _ endLine: Int, _ endColumn: Int) -> SourceSpan {
        SourceSpan(
            start: SourceLocation(file: "a.toml", line: line, column: column),
            endLine: endLine,
            endColumn: endColumn
        )
    }

    @Test func `a diagnostic is one line that editors jump to`() {
        let diagnostic = Diagnostic.error("`heads` is 0", at: span(3, 9, 3, 10))
        #expect("\(diagnostic)" == "a.toml:3:9: error: `heads` is 0")
        #expect("\(Diagnostic.warning("unused"))" == "warning: unused")
        #expect("\(Diagnostic.note("seen"))" == "note: seen")
    }

    @Test func `notes stand on lines of their own`() {
        let diagnostic = Diagnostic.error(
            "twice",
            at: span(3, 1, 3, 2),
            notes: [.init("first here", at: span(1, 1, 1, 2)), .init("no place")]
        )
        #expect("\(diagnostic)" == "a.toml:3:1: error: twice\na.toml:1:1: note: first here\nnote: no place")
    }

    @Test func `an excerpt marks the span`() {
        let text = "one = 1\ntwo = \"zwei\"\n"
        let diagnostic = Diagnostic.error("not German", at: span(2, 7, 2, 13))
        #expect(
            diagnostic.rendered(sources: ["a.toml": text]) == """
                a.toml:2:7: error: not German
                    two = "zwei"
                          ^^^^^^
                """
        )
    }

    @Test func `an excerpt stands below each note that has a place`() {
        let diagnostic = Diagnostic.error(
            "twice",
            at: span(2, 1, 2, 2),
            notes: [.init("first here", at: span(1, 1, 1, 2)), .init("no place")]
        )
        #expect(
            diagnostic.rendered(sources: ["a.toml": "a = 1\na = 2"]) == """
                a.toml:2:1: error: twice
                    a = 2
                    ^
                a.toml:1:1: note: first here
                    a = 1
                    ^
                note: no place
                """
        )
    }

    @Test func `an excerpt keeps tabs, counts scalars and drops carriage returns`() {
        let diagnostic = Diagnostic.error("here", at: span(1, 5, 1, 6))
        #expect(
            diagnostic.rendered(sources: ["a.toml": "\té한=x\r\nrest"])
                == "a.toml:1:5: error: here\n    \té한=x\n    \t   ^"
        )
    }

    @Test func `a span over lines is marked to the end of its first line`() {
        let diagnostic = Diagnostic.error("open", at: span(1, 3, 4, 2))
        #expect(
            diagnostic.rendered(sources: ["a.toml": "x [1,\n2,\n3\n]"])
                == "a.toml:1:3: error: open\n    x [1,\n      ^^^"
        )
    }

    @Test func `a place after the end of a line, a missing line and a missing file are no trouble`() {
        let after = Diagnostic.error("more", at: span(1, 40, 1, 41))
        #expect(after.rendered(sources: ["a.toml": "ab"]) == "a.toml:1:40: error: more\n    ab\n      ^")
        let missing = Diagnostic.error("gone", at: span(9, 1, 9, 2))
        #expect(missing.rendered(sources: ["a.toml": "ab"]) == "a.toml:9:1: error: gone")
        #expect(missing.rendered(sources: [:]) == "a.toml:9:1: error: gone")
        let absurd = Diagnostic.error("odd", at: span(1, -5, 1, -9))
        #expect(absurd.rendered(sources: ["a.toml": "ab"]).hasSuffix("    ab\n    ^"))
    }

    @Test func `a long line is cut to a window around the place`() {
        let line = String(repeating: "a", count: 500) + "X" + String(repeating: "b", count: 500)
        let lines = Diagnostic.error("long", at: span(1, 501, 1, 502)).rendered(sources: ["a.toml": line])
            .split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines.allSatisfy { $0.count <= 120 })
        #expect(lines[1].firstIndex(of: "X") == lines[1].index(lines[1].startIndex, offsetBy: lines[2].count - 1))
    }

    @Test func `control characters do not reach a terminal`() {
        let diagnostic = Diagnostic.error("escape", at: span(1, 1, 1, 2))
        #expect(!diagnostic.rendered(sources: ["a.toml": "\u{1B}[31mred\u{7}"]).unicodeScalars.contains("\u{1B}"))
    }
}
