// Rewrites a stretch of text before it is cut into words: normal forms, case, replacements.
// Not the cutting. Next: PreTokenizer.swift.

/// The steps of a file's `normalizer`, in order.
struct Normalizer: Sendable {
    enum Step: Sendable {
        /// Brings the text into a Unicode normal form.
        case form(NormalForm)
        /// Brings the text into lower case.
        case lowercase
        /// Puts bytes before a text that is not empty.
        case prepend([UInt8])
        /// Replaces every match.
        case replace(PatternScanner, with: [UInt8])
        /// Removes white space from the ends.
        case strip(left: Bool, right: Bool)
    }

    let steps: [Step]

    /// Rewrites `text`, valid UTF-8. `isAtOrigin` becomes false if the text no longer starts where it started.
    func apply(to text: inout [UInt8], isAtOrigin: inout Bool) {
        for step in steps {
            switch step {
            case .form(let form): form.normalize(&text)
            case .lowercase: Lowercase.apply(to: &text)
            case .prepend(let prefix): if !text.isEmpty { text.insert(contentsOf: prefix, at: 0) }
            case .replace(let pattern, let replacement):
                let removesStart = Self.replace(pattern, with: replacement, in: &text) && replacement.isEmpty
                if removesStart { isAtOrigin = false }
            case .strip(let left, let right):
                if Self.strip(&text, left: left, right: right) { isAtOrigin = false }
            }
        }
    }

    /// Replaces every match in `text`; returns whether one stood at the start.
    @discardableResult
    static func replace(_ pattern: PatternScanner, with replacement: [UInt8], in text: inout [UInt8]) -> Bool {
        // The reference library matches nothing in nothing.
        guard !text.isEmpty else { return false }
        var output: [UInt8] = []
        var copied = 0
        var hasMatch = false
        var startsWithMatch = false
        text.withUnsafeBufferPointer { bytes in
            pattern.forEachMatch(in: bytes) { match in
                if match.lowerBound == 0, !match.isEmpty { startsWithMatch = true }
                hasMatch = true
                output.append(contentsOf: bytes[copied..<match.lowerBound])
                output.append(contentsOf: replacement)
                copied = match.upperBound
            }
            if hasMatch { output.append(contentsOf: bytes[copied...]) }
        }
        if hasMatch { text = output }
        return startsWithMatch
    }

    /// Removes white space; returns whether any went from the start.
    private static func strip(_ text: inout [UInt8], left: Bool, right: Bool) -> Bool {
        let kept: Range<Int> = text.withUnsafeBufferPointer { bytes in
            var start = 0
            var end = bytes.count
            func isSpace(_ index: Int) -> Bool {
                Unicode.Scalar(UTF8Scalars.decode(bytes, at: index).scalar).map(ScalarSet.whiteSpace.contains) ?? false
            }
            while left, start < end, isSpace(start) { start = UTF8Scalars.decode(bytes, at: start).next }
            while right, end > start {
                let last = UTF8Scalars.start(before: end, in: bytes)
                guard isSpace(last) else { break }
                end = last
            }
            return start..<end
        }
        text.removeSubrange(kept.upperBound...)
        text.removeSubrange(..<kept.lowerBound)
        return kept.lowerBound > 0
    }
}
