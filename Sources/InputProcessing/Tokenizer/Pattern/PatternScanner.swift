// Finds the matches of a split pattern in text, front to back, in time linear in the text for one match.
// Not a general regular-expression library: no captures, no lookbehind. Next: PatternParser.swift for the syntax.

/// A compiled pattern of a `Split` or `Replace` step.
///
/// Supported are literals, `.`, classes `[...]` with ranges, negation, nesting and `&&`, the escapes `\s \d \w \p{..}`
/// (and their complements), `\t \n \r \f \v \a \e \xHH \x{H} \uHHHH`, alternatives, groups `(...) (?:...) (?i:...)
/// (?i)`, greedy, lazy and (of one character) possessive quantifiers, `$`, `\z`, and lookaheads of one character.
/// Matches are those of Oniguruma, which the reference library uses: leftmost, then by order of preference. `$` holds
/// before a line feed and at the end.
struct PatternScanner: Sendable {
    private let program: PatternProgram
    private let automaton: PatternAutomaton

    /// How far a failing attempt may run before the search goes on with all starting points at once. Below it the
    /// attempts are cheap, above it they could make the search quadratic.
    private static let attemptLimit = 64

    /// Compiles a pattern.
    init(pattern: String) throws(PatternError) {
        try self.init(PatternParser.parse(pattern), pattern: pattern)
    }

    /// Compiles a tree; `pattern` names it in errors.
    init(_ node: PatternNode, pattern: String) throws(PatternError) {
        guard let program = PatternProgram(node) else {
            throw PatternError(
                pattern: pattern,
                offset: 0,
                reason: "the pattern is too long when its bounds are written out"
            )
        }
        self.program = program
        do {
            automaton = try PatternAutomaton(program)
        } catch {
            throw PatternError(pattern: pattern, offset: 0, reason: error.reason)
        }
    }

    /// Calls `body` with the byte range of every match in `text`, which must be valid UTF-8, in order and without
    /// overlaps. An empty match directly behind another match does not count.
    func forEachMatch(in text: UnsafeBufferPointer<UInt8>, _ body: (Range<Int>) -> Void) {
        automaton.classes.withUnsafeStorage { classes in
            automaton.asciiClasses.withUnsafeBufferPointer { asciiClasses in
                automaton.transitions.withUnsafeBufferPointer { transitions in
                    let tables = Tables(
                        classes: classes,
                        asciiClasses: asciiClasses,
                        transitions: transitions,
                        width: automaton.width,
                        text: text
                    )
                    scan(tables, body)
                }
            }
        }
    }

    private struct Tables {
        let classes: ScalarTable<UInt8>.Storage
        let asciiClasses: UnsafeBufferPointer<UInt8>
        let transitions: UnsafeBufferPointer<UInt16>
        let width: Int
        let text: UnsafeBufferPointer<UInt8>

        /// The symbol at `index` and the index behind it; the end symbol at the end.
        @inline(__always)
        func symbol(at index: Int) -> (symbol: Int, next: Int) {
            guard index < text.count else { return (width - 1, index) }
            let byte = text[index]
            if byte < 0x80 { return (Int(asciiClasses[Int(byte)]), index + 1) }
            let (scalar, next) = UTF8Scalars.decode(text, at: index)
            return (Int(classes[scalar]), next)
        }
    }

    private func scan(_ tables: Tables, _ body: (Range<Int>) -> Void) {
        let text = tables.text
        var searchStart = 0
        var lastEnd = -1
        while searchStart <= text.count {
            guard let match = firstMatch(tables, from: searchStart) else { return }
            if match.isEmpty, match.lowerBound == lastEnd {
                searchStart = match.lowerBound < text.count ? tables.symbol(at: match.lowerBound).next : text.count + 1
                continue
            }
            body(match)
            searchStart = match.upperBound
            lastEnd = match.upperBound
        }
    }

    private func firstMatch(_ tables: Tables, from start: Int) -> Range<Int>? {
        var start = start
        while true {
            let (end, stop) = attempt(tables, at: start)
            if let end { return start..<end }
            guard start < tables.text.count else { return nil }
            let next = tables.symbol(at: start).next
            if stop - start > Self.attemptLimit { return search(tables, from: next) }
            start = next
        }
    }

    /// The end of the match that starts at `start`, or nil, and how far the text was looked at.
    @inline(__always)
    private func attempt(_ tables: Tables, at start: Int) -> (end: Int?, stop: Int) {
        var state = PatternAutomaton.startState
        var index = start
        var end: Int?
        while true {
            let (symbol, next) = tables.symbol(at: index)
            let transition = Int(tables.transitions[state * tables.width + symbol])
            if transition & 1 != 0 { end = index }
            state = transition >> 1
            if state == PatternAutomaton.deadState || index == tables.text.count { return (end, index) }
            index = next
        }
    }

    /// The first match at or behind `start`, found by moving the cursors of all starting points together: linear in the
    /// text, whatever the pattern.
    private func search(_ tables: Tables, from start: Int) -> Range<Int>? {
        var walk = PatternWalk(program: program, membership: automaton.membership, width: automaton.width)
        var cursors: [(place: Int, start: Int)] = []
        var found: Range<Int>?
        var index = start
        while true {
            if found == nil { cursors.append((place: 0, start: index)) }
            if cursors.isEmpty { return found }
            let (symbol, next) = tables.symbol(at: index)
            var moved: [(place: Int, start: Int)] = []
            walk.beginStep()
            for cursor in cursors {
                let matches = walk.move(from: cursor.place, symbol: symbol) { place in
                    moved.append((place: place, start: cursor.start))
                }
                if matches {
                    found = cursor.start..<index
                    break
                }
            }
            if index == tables.text.count { return found }
            cursors = moved
            index = next
        }
    }
}
