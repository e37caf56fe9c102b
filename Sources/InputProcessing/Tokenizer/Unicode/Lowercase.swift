// Lower case scalar by scalar, as the reference library's `Lowercase` normalizer maps it.
// Not linguistic: no final sigma, no locale. Next: Tables/LowercaseTables.swift.

/// The mapping to lower case.
enum Lowercase {
    /// Brings UTF-8 text, which must be valid, into lower case.
    static func apply(to text: inout [UInt8]) {
        var output: [UInt8] = []
        output.reserveCapacity(text.count)
        text.withUnsafeBufferPointer { bytes in
            var index = 0
            while index < bytes.count {
                let (scalar, next) = UTF8Scalars.decode(bytes, at: index)
                index = next
                if scalar < 0x80 {
                    let isUpper = (0x41...0x5A).contains(scalar)
                    output.append(UInt8(isUpper ? scalar + 0x20 : scalar))
                } else if let sequence = sequences[scalar] {
                    for part in sequence { UTF8Scalars.append(part, to: &output) }
                } else {
                    UTF8Scalars.append(scalar &+ UInt32(bitPattern: distances[scalar]), to: &output)
                }
            }
        }
        text = output
    }

    /// How far the lower case of a scalar lies from it.
    private static let distances: ScalarTable<Int32> = {
        var runs: [(scalars: ClosedRange<UInt32>, element: Int32)] = []
        var cursor = TableCursor(LowercaseTables.distances)
        while !cursor.isAtEnd {
            let first = cursor.hexadecimal()
            let last = cursor.take("-") ? cursor.hexadecimal() : first
            let step = cursor.take("/") ? cursor.hexadecimal() : 1
            _ = cursor.take(":")
            let isNegative = cursor.take("-")
            let distance = Int32(bitPattern: cursor.hexadecimal())
            for scalar in stride(from: first, through: last, by: Int(step)) {
                runs.append((scalars: scalar...scalar, element: isNegative ? -distance : distance))
            }
        }
        return ScalarTable(runs: runs, fallback: 0)
    }()

    private static let sequences: [UInt32: [UInt32]] = {
        var sequences: [UInt32: [UInt32]] = [:]
        var cursor = TableCursor(LowercaseTables.sequences)
        while !cursor.isAtEnd {
            let scalar = cursor.hexadecimal()
            _ = cursor.take("=")
            sequences[scalar] = cursor.sequence()
        }
        return sequences
    }()
}
