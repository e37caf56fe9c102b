// From the names that a checkpoint uses to those that a model declares: prefixes, patterns.
// Not the comparison of the tensors: MatchedWeights.swift.

extension TensorNaming {
    /// The model's name of a checkpoint's tensor: its own name if the model declares it, else the name with the longest
    /// prefix of `renamed` replaced.
    func modelName(of name: String, declared: Set<String>) -> String {
        if declared.contains(name) { return name }
        let prefix = renamed.keys.filter { name.hasPrefix($0) }.max { $0.utf8.count < $1.utf8.count }
        guard let prefix, let replacement = renamed[prefix] else { return name }
        return replacement + name.dropFirst(prefix.count)
    }

    /// Whether a tensor is among those that the model does not read.
    func isUnused(_ name: String) -> Bool { unused.contains { matches(Array(name.utf8), pattern: Array($0.utf8)) } }
}

/// Whether `text` is `pattern`, in which `*` stands for any number of bytes. Linear in text times stars.
private func matches(_ text: [UInt8], pattern: [UInt8]) -> Bool {
    let star = UInt8(ascii: "*")
    var (textIndex, patternIndex) = (0, 0)
    var retry: (text: Int, pattern: Int)?
    while textIndex < text.count {
        if patternIndex < pattern.count, pattern[patternIndex] == star {
            retry = (textIndex, patternIndex + 1)
            patternIndex += 1
        } else if patternIndex < pattern.count, pattern[patternIndex] == text[textIndex] {
            textIndex += 1
            patternIndex += 1
        } else if let last = retry {
            retry = (last.text + 1, last.pattern)
            (textIndex, patternIndex) = (last.text + 1, last.pattern)
        } else {
            return false
        }
    }
    return pattern[patternIndex...].allSatisfy { $0 == star }
}
