// The strings of a model's tokens and their ids, both ways, in flat memory.
// Not the added tokens, which AddedTokens.swift holds beside it. Next: BytePairModel.swift.

/// A model's vocabulary, as the file writes it.
struct Vocabulary: Sendable {
    /// The bytes of all tokens, one after another.
    private let bytes: [UInt8]
    /// Where the token of each entry starts in `bytes`; one more at the end.
    private let starts: [UInt32]
    /// The entry of each id, or -1 for ids that are not taken.
    private let entries: [Int32]
    private let ids: [Int32]
    private let table: StringTable

    /// Ids from here on are refused: tables are as long as the largest id.
    static let idLimit = 1 << 24

    /// How many tokens there are.
    var count: Int { ids.count }
    /// One more than the largest id.
    var idBound: Int { entries.count }

    /// Why strings and ids make no vocabulary.
    enum Conflict: Error {
        case duplicateToken(entry: Int)
        case duplicateID(entry: Int)
    }

    /// Collects tokens in the order of the file.
    struct Builder {
        fileprivate(set) var bytes: [UInt8] = []
        fileprivate(set) var starts: [UInt32] = [0]
        fileprivate(set) var ids: [Int32] = []

        init(byteCapacity: Int) { bytes.reserveCapacity(byteCapacity) }

        /// Adds a token whose UTF-8 `write` appends; the id must be below `idLimit`.
        mutating func add(id: Int, _ write: (inout [UInt8]) -> Void) {
            write(&bytes)
            starts.append(UInt32(bytes.count))
            ids.append(Int32(id))
        }

        /// The token of an entry.
        func token(_ entry: Int) -> String {
            String(decoding: bytes[Int(starts[entry])..<Int(starts[entry + 1])], as: UTF8.self)
        }
    }

    /// Makes the tables; a conflict names the entry that repeats an earlier one.
    init(_ builder: Builder) throws(Conflict) {
        bytes = builder.bytes
        starts = builder.starts
        ids = builder.ids
        var entries = Array(repeating: Int32(-1), count: Int(ids.max() ?? -1) + 1)
        var table = StringTable(capacityFor: ids.count)
        let conflict: Conflict? = bytes.withUnsafeBufferPointer { bytes in
            func token(_ entry: Int) -> UnsafeBufferPointer<UInt8> {
                UnsafeBufferPointer(rebasing: bytes[Int(builder.starts[entry])..<Int(builder.starts[entry + 1])])
            }
            for (entry, id) in builder.ids.enumerated() {
                let token = token(entry)
                let twin = table.insert(entry, hash: FlatHash.of(token)) { other in
                    Self.areEqual(token, bytes, builder.starts, other)
                }
                if twin != nil { return .duplicateToken(entry: entry) }
                if entries[Int(id)] >= 0 { return .duplicateID(entry: entry) }
                entries[Int(id)] = Int32(entry)
            }
            return nil
        }
        if let conflict { throw conflict }
        self.entries = entries
        self.table = table
    }

    /// The id of a token given as UTF-8, or nil.
    func id(of token: UnsafeBufferPointer<UInt8>) -> Int32? {
        bytes.withUnsafeBufferPointer { bytes in
            table.find(hash: FlatHash.of(token)) { Self.areEqual(token, bytes, starts, $0) }
        }.map { ids[$0] }
    }

    /// The id of a token given as UTF-8, or nil.
    func id(of token: [UInt8]) -> Int32? { token.withUnsafeBufferPointer { id(of: $0) } }

    /// The UTF-8 of the token with an id, or nil.
    func token(_ id: Int) -> ArraySlice<UInt8>? {
        guard entries.indices.contains(id), entries[id] >= 0 else { return nil }
        let entry = Int(entries[id])
        return bytes[Int(starts[entry])..<Int(starts[entry + 1])]
    }

    @inline(__always)
    private static func areEqual(
        _ token: UnsafeBufferPointer<UInt8>,
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ starts: [UInt32],
        _ entry: Int
    ) -> Bool {
        let start = Int(starts[entry])
        let count = Int(starts[entry + 1]) - start
        guard count == token.count else { return false }
        var index = 0
        while index < count, bytes[start + index] == token[index] { index += 1 }
        return index == count
    }
}
