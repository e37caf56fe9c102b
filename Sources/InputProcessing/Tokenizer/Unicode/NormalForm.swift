// The four Unicode normal forms over UTF-8 with the reference library's tables; most text costs one lookup a scalar.
// Not Swift's own normalisation: its Unicode version differs. Next: Tables/CanonicalTables.swift.

/// A Unicode normal form.
///
/// *Source*: Unicode Standard Annex 15; Hangul arithmetic: The Unicode Standard, section 3.12.
/// *Differs from source*: tables of the Unicode version that tokenizers@0.23.3 carries.
enum NormalForm: String, Sendable, CaseIterable {
    case nfc = "NFC"
    case nfd = "NFD"
    case nfkc = "NFKC"
    case nfkd = "NFKD"

    private var composes: Bool { self == .nfc || self == .nfkc }
    private var isCompatible: Bool { self == .nfkc || self == .nfkd }

    /// Brings UTF-8 text, which must be valid, into this form.
    func normalize(_ text: inout [UInt8]) {
        // ASCII stays as it is in all four forms.
        guard text.contains(where: { $0 >= 0x80 }) else { return }
        let tables = NormalFormData.shared
        let unsafe = NormalFormData.unsafeFlag(of: self)
        let result: [UInt8]? = text.withUnsafeBufferPointer { bytes in
            tables.properties.withUnsafeStorage { properties in
                var output: [UInt8] = []
                var scalars: [UInt32] = []
                var copied = 0
                // The last scalar before which the text can be cut: nothing after it changes what comes before it.
                var boundary = 0
                var index = 0
                while index < bytes.count {
                    let (scalar, next) = UTF8Scalars.decode(bytes, at: index)
                    if properties[scalar] & unsafe == 0 {
                        boundary = index
                        index = next
                        continue
                    }
                    scalars.removeAll(keepingCapacity: true)
                    var end = boundary
                    while end < bytes.count {
                        let (member, after) = UTF8Scalars.decode(bytes, at: end)
                        if end > index, properties[member] & unsafe == 0 { break }
                        tables.appendDecomposition(of: member, isCompatible: isCompatible, to: &scalars)
                        end = after
                    }
                    output.append(contentsOf: bytes[copied..<boundary])
                    tables.order(&scalars)
                    if composes { tables.compose(&scalars) }
                    for scalar in scalars { UTF8Scalars.append(scalar, to: &output) }
                    copied = end
                    boundary = end
                    index = end
                }
                guard copied > 0 else { return nil }
                output.append(contentsOf: bytes[copied...])
                return output
            }
        }
        if let result { text = result }
    }
}

/// The tables of the normal forms, read once.
private final class NormalFormData: Sendable {
    static let shared = NormalFormData()

    /// Combining class in the low byte, then the flags below.
    let properties: ScalarTable<UInt16>
    private let canonical: [UInt32: [UInt32]]
    private let compatibility: [UInt32: [UInt32]]
    private let composites: [UInt64: UInt32]

    /// The flag of scalars that a form may change, or whose neighbours may change because of them.
    static func unsafeFlag(of form: NormalForm) -> UInt16 {
        switch form {
        case .nfc: 1 << 8
        case .nfd: 1 << 9
        case .nfkc: 1 << 10
        case .nfkd: 1 << 11
        }
    }

    private init() {
        var pairs: [UInt32: [UInt32]] = [:]
        var canonical: [UInt32: [UInt32]] = [:]
        var composites: [UInt64: UInt32] = [:]
        var seconds: Set<UInt32> = []
        var cursor = TableCursor(CanonicalTables.decompositions)
        while !cursor.isAtEnd {
            let scalar = cursor.hexadecimal()
            let isPair = cursor.byte() == UInt8(ascii: "=")
            let parts = cursor.sequence()
            if isPair {
                pairs[scalar] = parts
                composites[UInt64(parts[0]) << 32 | UInt64(parts[1])] = scalar
                seconds.insert(parts[1])
            } else {
                canonical[scalar] = parts
            }
        }
        for (scalar, parts) in pairs {
            var full = [parts[1]]
            var first = parts[0]
            while let inner = pairs[first] {
                full.insert(inner[1], at: 0)
                first = inner[0]
            }
            canonical[scalar] = [first] + full
        }
        var compatibility: [UInt32: [UInt32]] = [:]
        cursor = TableCursor(CompatibilityTables.decompositions)
        while !cursor.isAtEnd {
            let scalar = cursor.hexadecimal()
            _ = cursor.take("=")
            compatibility[scalar] = cursor.sequence()
        }
        self.canonical = canonical
        self.compatibility = compatibility
        self.composites = composites
        properties = Self.properties(pairs: pairs, canonical: canonical, compatibility: compatibility, seconds: seconds)
    }

    private static func properties(
        pairs: [UInt32: [UInt32]],
        canonical: [UInt32: [UInt32]],
        compatibility: [UInt32: [UInt32]],
        seconds: Set<UInt32>
    ) -> ScalarTable<UInt16> {
        let (nfc, nfd) = (unsafeFlag(of: .nfc), unsafeFlag(of: .nfd))
        let (nfkc, nfkd) = (unsafeFlag(of: .nfkc), unsafeFlag(of: .nfkd))
        var flags: [UInt32: UInt16] = [:]
        for scalar in canonical.keys {
            flags[scalar, default: 0] |= nfd | nfkd | (pairs[scalar] == nil ? nfc | nfkc : 0)
        }
        for scalar in compatibility.keys { flags[scalar, default: 0] |= nfkc | nfkd }
        for scalar in seconds { flags[scalar, default: 0] |= nfc | nfkc }
        for scalar in Hangul.vowels { flags[scalar, default: 0] |= nfc | nfkc }
        for scalar in Hangul.trails { flags[scalar, default: 0] |= nfc | nfkc }
        var cursor = TableCursor(CanonicalTables.combiningClasses)
        while !cursor.isAtEnd {
            let first = cursor.hexadecimal()
            let last = cursor.take("-") ? cursor.hexadecimal() : first
            _ = cursor.take(":")
            let combiningClass = UInt16(cursor.hexadecimal())
            for scalar in first...last { flags[scalar, default: 0] |= nfc | nfd | nfkc | nfkd | combiningClass }
        }
        var runs = flags.map { (scalars: $0.key...$0.key, element: $0.value) }
        runs.append((scalars: Hangul.syllables, element: nfd | nfkd))
        return ScalarTable(runs: runs.sorted { $0.scalars.lowerBound < $1.scalars.lowerBound }, fallback: 0)
    }

    func appendDecomposition(of scalar: UInt32, isCompatible: Bool, to scalars: inout [UInt32]) {
        if Hangul.syllables.contains(scalar) {
            Hangul.appendDecomposition(of: scalar, to: &scalars)
        } else if isCompatible, let parts = compatibility[scalar] {
            scalars += parts
        } else if let parts = canonical[scalar] {
            scalars += parts
        } else {
            scalars.append(scalar)
        }
    }

    /// Sorts each stretch of combining marks by class, marks of one class staying in order.
    func order(_ scalars: inout [UInt32]) {
        var index = 0
        while index < scalars.count {
            let start = index
            while index < scalars.count, properties[scalars[index]] & 255 != 0 { index += 1 }
            if index - start > 1 {
                // Class, then place, then scalar in one key: 8, 32 and 21 bits.
                let keys = (start..<index).map { place in
                    UInt64(properties[scalars[place]] & 255) << 56 | UInt64(place - start) << 21
                        | UInt64(scalars[place])
                }
                for (place, key) in keys.sorted().enumerated() { scalars[start + place] = UInt32(key & 0x1F_FFFF) }
            }
            index += 1
        }
    }

    /// Composes every mark with its starter where nothing between them blocks it.
    func compose(_ scalars: inout [UInt32]) {
        var written = 0
        var starter: Int?
        var previousClass: UInt16 = 0
        for scalar in scalars {
            let combiningClass = properties[scalar] & 255
            if let starter, starter == written - 1 || (previousClass != 0 && previousClass < combiningClass),
                let composite = composite(of: scalars[starter], and: scalar)
            {
                scalars[starter] = composite
                continue
            }
            if combiningClass == 0 { starter = written }
            previousClass = combiningClass
            scalars[written] = scalar
            written += 1
        }
        scalars.removeSubrange(written...)
    }

    private func composite(of first: UInt32, and second: UInt32) -> UInt32? {
        Hangul.composite(of: first, and: second) ?? composites[UInt64(first) << 32 | UInt64(second)]
    }
}

/// The arithmetic of Hangul syllables.
private enum Hangul {
    static let syllables: ClosedRange<UInt32> = 0xAC00...0xD7A3
    static let leads: ClosedRange<UInt32> = 0x1100...0x1112
    static let vowels: ClosedRange<UInt32> = 0x1161...0x1175
    static let trails: ClosedRange<UInt32> = 0x11A8...0x11C2
    /// Trailing consonants of a syllable, none counted as one.
    private static let trailCount: UInt32 = 28
    private static let vowelCount: UInt32 = 21

    static func appendDecomposition(of syllable: UInt32, to scalars: inout [UInt32]) {
        let index = syllable - syllables.lowerBound
        scalars.append(leads.lowerBound + index / (vowelCount * trailCount))
        scalars.append(vowels.lowerBound + index % (vowelCount * trailCount) / trailCount)
        let trail = index % trailCount
        if trail > 0 { scalars.append(trails.lowerBound + trail - 1) }
    }

    static func composite(of first: UInt32, and second: UInt32) -> UInt32? {
        if leads.contains(first), vowels.contains(second) {
            let lead = first - leads.lowerBound
            return syllables.lowerBound + (lead * vowelCount + second - vowels.lowerBound) * trailCount
        }
        if syllables.contains(first), (first - syllables.lowerBound) % trailCount == 0, trails.contains(second) {
            return first + second - trails.lowerBound + 1
        }
        return nil
    }
}
