// Order, duplicates and errors of collected diagnostics.

import Diagnostics
import Testing

struct DiagnosticCollectorTests {
    private func place(_ file: String, _ line: Int, _ column: Int) -> SourceSpan {
        SourceSpan(SourceLocation(file: file, line: line, column: column))
    }

    @Test func `diagnostics come sorted by place, and without a place first`() {
        var collector = DiagnosticCollector()
        collector.report(.error("d", at: place("b", 1, 1)))
        collector.report(.error("c", at: place("a", 10, 2)))
        collector.report(.note("b2", at: place("a", 2, 9)))
        collector.report(.error("b1", at: place("a", 2, 9)))
        collector.report(.warning("a"))
        #expect(collector.sorted.map(\.message) == ["a", "b1", "b2", "c", "d"])
    }

    @Test func `one place and severity keep the order of reporting`() {
        var collector = DiagnosticCollector()
        for message in ["z", "y", "x"] { collector.report(.error(message, at: place("a", 1, 1))) }
        #expect(collector.sorted.map(\.message) == ["z", "y", "x"])
    }

    @Test func `the same diagnostic is kept once`() {
        var collector = DiagnosticCollector()
        collector.report([.error("a"), .error("a"), .warning("a")])
        #expect(collector.sorted.count == 2)
    }

    @Test func `only errors throw, and they bring everything along`() {
        var collector = DiagnosticCollector()
        #expect(collector.isEmpty)
        collector.report(.warning("odd"))
        #expect(throws: Never.self) { try collector.throwIfErrors() }
        #expect(!collector.hasErrors)
        collector.report(.error("wrong", at: place("a", 1, 2)))
        #expect(throws: DiagnosticError([.warning("odd"), .error("wrong", at: place("a", 1, 2))])) {
            try collector.throwIfErrors()
        }
        #expect("\(DiagnosticError(collector.sorted))" == "warning: odd\na:1:2: error: wrong")
    }

    @Test func `a span contains its first character and its end`() {
        let span = SourceSpan(start: SourceLocation(file: "a", line: 2, column: 5), endLine: 3, endColumn: 2)
        let inside = [(2, 5), (2, 99), (3, 1), (3, 2)]
        let outside = [(2, 4), (1, 9), (3, 3), (4, 1)]
        for (line, column) in inside {
            #expect(span.contains(SourceLocation(file: "a", line: line, column: column)))
        }
        for (line, column) in outside {
            #expect(!span.contains(SourceLocation(file: "a", line: line, column: column)))
        }
        #expect(!span.contains(SourceLocation(file: "b", line: 2, column: 6)))
    }
}
