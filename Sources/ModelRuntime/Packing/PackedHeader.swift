// The first bytes of a packed file: what it is, how long, and the checksums of everything after them.
// Not the weights. All numbers are 64 bits, little-endian.

/// The header of a packed file: 64 bytes, the last 8 of them a checksum of the others.
struct PackedHeader: Sendable, Equatable {
    static let byteCount = 64
    static let magic: UInt64 = 0x4B43_4150_434D_4C56  // "VLMCPACK"

    /// `PackedLayout.key`.
    let key: UInt64
    /// Bytes of the whole file.
    let totalBytes: Int
    /// The numbers of the index, which follows the header.
    let indexCount: Int
    /// The checksum of the index.
    let indexChecksum: UInt64

    init(key: UInt64, totalBytes: Int, index: [UInt64]) {
        self.key = key
        self.totalBytes = totalBytes
        indexCount = index.count
        indexChecksum = combinedHash(index)
    }

    /// The header as numbers.
    var words: [UInt64] {
        let fields = [
            Self.magic, PackedLayout.version, key, UInt64(totalBytes), UInt64(indexCount), indexChecksum, 0,
        ]
        return fields + [combinedHash(fields)]
    }

    /// Reads header and index of a file, or says why they cannot be trusted.
    static func read(
        _ bytes: UnsafeRawBufferPointer,
        layout: PackedLayout,
        indexCount: Int
    ) throws(PackedFileDamage) -> (header: PackedHeader, index: [UInt64]) {
        func words(from offset: Int, count: Int) -> [UInt64] {
            (0..<count).map { index in
                UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 8 * index, as: UInt64.self))
            }
        }
        guard bytes.count >= Self.byteCount else { throw .length(found: bytes.count, expected: layout.totalBytes) }
        let fields = words(from: 0, count: 8)
        guard fields[0] == Self.magic, combinedHash(Array(fields[..<7])) == fields[7] else { throw .header }
        guard fields[1] == PackedLayout.version, fields[2] == layout.key else { throw .otherModel }
        guard fields[3] == UInt64(layout.totalBytes), bytes.count == layout.totalBytes else {
            throw .length(found: bytes.count, expected: layout.totalBytes)
        }
        // The length is right, so there is room for the index that the layout has been made for.
        guard fields[4] == UInt64(indexCount) else { throw .otherModel }
        let index = words(from: Self.byteCount, count: indexCount)
        guard combinedHash(index) == fields[5] else { throw .index }
        return (PackedHeader(key: fields[2], totalBytes: layout.totalBytes, index: index), index)
    }
}

/// Why a packed file is not used.
public enum PackedFileDamage: Error, Sendable, Hashable, CustomStringConvertible {
    /// It does not begin with a whole header.
    case header
    /// It belongs to another model, or was packed by another version.
    case otherModel
    /// It is truncated, or too long.
    case length(found: Int, expected: Int)
    /// Its index is damaged.
    case index
    /// A weight in it is damaged.
    case payload(entry: String)

    /// A phrase.
    public var description: String {
        switch self {
        case .header: "its header is damaged"
        case .otherModel: "it belongs to another model or version"
        case .length(let found, let expected): "it has \(found) bytes instead of \(expected)"
        case .index: "its index is damaged"
        case .payload(let entry): "the weight \(entry) in it is damaged"
        }
    }
}

/// What is known about packed weights only after packing: the numbers of the index.
struct PackedIndex: Sendable, Equatable {
    /// The checksum of each entry.
    var checksums: [UInt64]
    /// Of each entry the squared differences from the checkpoint, as bits of a Double.
    var squaredErrors: [UInt64]
    /// Of each entry the squares of the checkpoint's values, as bits of a Double.
    var squaredValues: [UInt64]
    /// The content hash of each tensor that is read.
    var tensorHashes: [UInt64]
    /// How many elements of each tensor are NaN or infinite.
    var nonFiniteCounts: [UInt64]
    /// For each tied copy 1 if it differs from the tensor that is used, else 0.
    var tiedDifferences: [UInt64]

    /// The index of weights that come from no checkpoint.
    init() {
        (checksums, squaredErrors, squaredValues) = ([], [], [])
        (tensorHashes, nonFiniteCounts, tiedDifferences) = ([], [], [])
    }

    init(_ weights: MatchedWeights) {
        checksums = [UInt64](repeating: 0, count: weights.entries.count)
        squaredErrors = checksums
        squaredValues = checksums
        tensorHashes = [UInt64](repeating: 0, count: weights.tensors.count)
        nonFiniteCounts = tensorHashes
        tiedDifferences = [UInt64](repeating: 0, count: weights.tiedCopies.count)
    }

    /// The index of the same weights, read from a file.
    init(_ weights: MatchedWeights, numbers: [UInt64]) {
        self.init(weights)
        precondition(numbers.count == self.numbers.count, "an index of another model")
        var rest = numbers[...]
        func take(_ part: [UInt64]) -> [UInt64] {
            defer { rest = rest.dropFirst(part.count) }
            return Array(rest.prefix(part.count))
        }
        checksums = take(checksums)
        squaredErrors = take(squaredErrors)
        squaredValues = take(squaredValues)
        tensorHashes = take(tensorHashes)
        nonFiniteCounts = take(nonFiniteCounts)
        tiedDifferences = take(tiedDifferences)
    }

    /// All of it, in the order in which the file holds it.
    var numbers: [UInt64] {
        checksums + squaredErrors + squaredValues + tensorHashes + nonFiniteCounts + tiedDifferences
    }
}
