// Versions of the compiler, which a description names as the oldest that understands it.
// Not the schema number, which changes only when old descriptions would be misread.

/// A version such as `0.1.0`, by the rules of semantic versioning without suffixes.
public struct CompilerVersion: Sendable, Hashable, Comparable {
    /// The first number: changes when descriptions or generated code change incompatibly.
    public var major: Int
    /// The second number: changes when something is added.
    public var minor: Int
    /// The third number: changes when something is repaired.
    public var patch: Int

    /// This build.
    public static let current = CompilerVersion(major: 0, minor: 1, patch: 0)
    /// The oldest build that reads schema 1.
    public static let firstWithSchema1 = CompilerVersion(major: 0, minor: 1, patch: 0)

    /// The version `major.minor.patch`.
    public init(major: Int, minor: Int, patch: Int) {
        self.major = major
        self.minor = minor
        self.patch = patch
    }

    /// The version that `text` spells, or nil unless it is three numbers of at most six digits with full stops between.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        var numbers: [Int] = []
        for part in parts {
            guard (1...6).contains(part.utf8.count), part.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                part == "0" || !part.hasPrefix("0"), let number = Int(part)
            else { return nil }
            numbers.append(number)
        }
        self.init(major: numbers[0], minor: numbers[1], patch: numbers[2])
    }

    /// Orders by major, then minor, then patch.
    public static func < (left: CompilerVersion, right: CompilerVersion) -> Bool {
        (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
    }
}

extension CompilerVersion: CustomStringConvertible {
    /// `major.minor.patch`.
    public var description: String { "\(major).\(minor).\(patch)" }
}
