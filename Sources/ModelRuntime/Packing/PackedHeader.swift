// The first bytes of a packed file: what it is, how long, and the checksums of everything after them.
// Not the weights. All numbers are 64 bits, little-endian.

/// The header of a packed file: 64 bytes, the last 8 of them a checksum of the others. Its fields keep their places in
/// all versions, so that each can tell the files of another.
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
    /// `PackedLayout.family`.
    let family: UInt64

    init(_ layout: PackedLayout, index: [UInt64]) {
        key = layout.key
        family = layout.family
        totalBytes = layout.totalBytes
        indexCount = index.count
        indexChecksum = combinedHash(index)
    }

    /// The header as numbers.
    var words: [UInt64] {
        let fields = [
            Self.magic, PackedLayout.version, key, UInt64(totalBytes), UInt64(indexCount), indexChecksum, family,
        ]
        return fields + [combinedHash(fields)]
    }

    /// Reads header and index of a file, or says why they cannot be trusted.
    static func read(
        _ bytes: UnsafeRawBufferPointer,
        layout: PackedLayout,
        indexCount: Int
    ) throws(PackedFileDamage) -> (header: PackedHeader, index: [UInt64]) {
        guard bytes.count >= byteCount else { throw .length(found: bytes.count, expected: layout.totalBytes) }
        guard let fields = fields(of: bytes) else { throw .header }
        guard fields[1] == PackedLayout.version, fields[2] == layout.key else { throw .otherModel }
        guard fields[3] == UInt64(layout.totalBytes), bytes.count == layout.totalBytes else {
            throw .length(found: bytes.count, expected: layout.totalBytes)
        }
        // The length is right, so there is room for the index that the layout has been made for.
        guard fields[4] == UInt64(indexCount) else { throw .otherModel }
        let index = words(of: bytes, from: byteCount, count: indexCount)
        guard combinedHash(index) == fields[5] else { throw .index }
        return (PackedHeader(layout, index: index), index)
    }

    /// The version and the family of a packed file of any version; nil if it does not begin with a whole header.
    static func origin(of bytes: UnsafeRawBufferPointer) -> (version: UInt64, family: UInt64)? {
        guard bytes.count >= byteCount, let fields = fields(of: bytes) else { return nil }
        return (fields[1], fields[6])
    }

    /// The fields of a header that is whole.
    private static func fields(of bytes: UnsafeRawBufferPointer) -> [UInt64]? {
        let fields = words(of: bytes, from: 0, count: 8)
        return fields[0] == magic && combinedHash(Array(fields[..<7])) == fields[7] ? fields : nil
    }

    private static func words(of bytes: UnsafeRawBufferPointer, from offset: Int, count: Int) -> [UInt64] {
        (0..<count).map { index in
            UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 8 * index, as: UInt64.self))
        }
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
