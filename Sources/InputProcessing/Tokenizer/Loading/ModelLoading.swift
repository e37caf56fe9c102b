// The member `model` of tokenizer.json: options, then vocabulary and merges streamed into flat tables.
// Not the encoding itself. Next: ../Model/BytePairModel.swift.

import JSONText

enum ModelLoading {
    /// The members of a model: small ones as trees, the large ones as places in the text.
    struct ModelText {
        /// All members but `vocab` and `merges`; anything but an object is kept as it is.
        let node: JSONValue
        let vocabularyStart: Int?
        let mergesStart: Int?
    }

    /// Makes the model whose text is `text`.
    static func model(_ text: ModelText, _ reader: JSONReader, isByteLevel: Bool) throws(TokenizerError)
        -> BytePairModel
    {
        let node = ComponentNode(value: text.node, path: "model", reader: reader)
        // Old files leave the type out; merges are found in this kind alone.
        let type = try node.optional("type")
        if let type, type.value.string != "BPE" {
            throw type.error(.notBytePairEncoding(found: type.value.string ?? type.value.kind.rawValue))
        }
        guard let mergesStart = text.mergesStart else {
            if type == nil { throw node.error(.notBytePairEncoding(found: "a model without a type")) }
            throw node.error(.missing(expected: "the member \"merges\""))
        }
        guard let vocabularyStart = text.vocabularyStart else {
            throw node.error(.missing(expected: "the member \"vocab\""))
        }
        let vocabulary = try readVocabulary(reader.reader(at: vocabularyStart))
        let prefix = try node.optional("continuing_subword_prefix")?.string() ?? ""
        let merges = try readMerges(
            reader.reader(at: mergesStart),
            vocabulary: vocabulary,
            prefixLength: prefix.utf8.count
        )
        return try makeModel(node, vocabulary: vocabulary, merges: merges, isByteLevel: isByteLevel)
    }

    private static func makeModel(
        _ node: ComponentNode,
        vocabulary: Vocabulary,
        merges: PairTable,
        isByteLevel: Bool
    ) throws(TokenizerError) -> BytePairModel {
        if let dropout = try node.optional("dropout"), dropout.value.double != 0 {
            throw dropout.unsupported("null and 0: encoding at random is for training")
        }
        var options = BytePairModel.Options()
        options.fusesUnknown = try node.boolean("fuse_unk", default: false)
        options.fallsBackToBytes = try node.boolean("byte_fallback", default: false)
        options.ignoresMerges = try node.boolean("ignore_merges", default: false)
        options.continuingPrefix = Array((try node.optional("continuing_subword_prefix")?.string() ?? "").utf8)
        options.endSuffix = Array((try node.optional("end_of_word_suffix")?.string() ?? "").utf8)
        guard let unknown = try node.optional("unk_token") else {
            return BytePairModel(vocabulary: vocabulary, merges: merges, options: options, isByteLevel: isByteLevel)
        }
        options.unknownToken = vocabulary.id(of: Array(try unknown.string().utf8))
        let model = BytePairModel(vocabulary: vocabulary, merges: merges, options: options, isByteLevel: isByteLevel)
        if options.unknownToken == nil, model.canMeetUnknown {
            throw unknown.wrong(expected: "a token of the vocabulary")
        }
        return model
    }

    /// Reads past the model that comes next, noting what is in it.
    static func locate(_ reader: inout JSONReader) throws(JSONError) -> ModelText {
        guard try reader.peek() == .object else {
            return ModelText(node: try reader.readValue(), vocabularyStart: nil, mergesStart: nil)
        }
        let start = reader.offset
        var members: [JSONMember] = []
        var starts: [String: Int] = [:]
        try reader.enterObject()
        while let slice = try reader.nextKey() {
            let key = slice.string
            guard starts[key] == nil, !members.contains(where: { $0.key == key }) else {
                throw reader.failure(.duplicateKey(key), at: slice.offset - 1)
            }
            if key == "vocab" || key == "merges" {
                starts[key] = try reader.skipValue().lowerBound
            } else {
                members.append(JSONMember(key: key, value: try reader.readValue(), keyOffset: slice.offset - 1))
            }
        }
        return ModelText(
            node: JSONValue(.object(members), offset: start),
            vocabularyStart: starts["vocab"],
            mergesStart: starts["merges"]
        )
    }

    private static func readVocabulary(_ reader: JSONReader) throws(TokenizerError) -> Vocabulary {
        var reader = reader
        var builder = Vocabulary.Builder(byteCapacity: 1 << 16)
        var keyOffsets: [Int] = []
        var refusal: TokenizerError?
        try TokenizerLoader.json { () throws(JSONError) in
            try reader.enterObject()
            while let key = try reader.nextKey() {
                _ = try reader.peek()
                let valueStart = reader.offset
                let id = try reader.readInteger()
                guard (0..<Vocabulary.idLimit).contains(id) else {
                    refusal = TokenizerError(
                        path: "model.vocab[\(key.string.debugDescription)]",
                        position: reader.position(of: valueStart),
                        problem: .wrongValue(expected: "an id from 0 to \(Vocabulary.idLimit - 1)", found: "\(id)")
                    )
                    return
                }
                builder.add(id: id) { key.append(to: &$0) }
                keyOffsets.append(key.offset - 1)
            }
        }
        if let refusal { throw refusal }
        do {
            return try Vocabulary(builder)
        } catch {
            let (entry, explanation) =
                switch error {
                case .duplicateToken(let entry): (entry, "the vocabulary has this token twice")
                case .duplicateID(let entry): (entry, "the vocabulary has the id of this token twice")
                }
            throw TokenizerError(
                path: "model.vocab[\(builder.token(entry).debugDescription)]",
                position: reader.position(of: keyOffsets[entry]),
                problem: .inconsistent(explanation)
            )
        }
    }

    /// The merges: for a pair of symbols its rank and the symbol it becomes.
    private static func readMerges(
        _ reader: JSONReader,
        vocabulary: Vocabulary,
        prefixLength: Int
    ) throws(TokenizerError) -> PairTable {
        var reader = reader
        var collected: [(pair: UInt64, result: UInt64)] = []
        var scratch: [UInt8] = []
        var refusal: TokenizerError?
        var place = 0
        try TokenizerLoader.json { () throws(JSONError) in
            try reader.enterArray()
            while try reader.hasNextElement() {
                defer { place += 1 }
                _ = try reader.peek()
                let start = reader.offset
                let split = try readMerge(&reader, into: &scratch)
                let problem: TokenizerError.Problem
                switch split {
                case .comment: continue
                case .malformed:
                    problem = .wrongValue(
                        expected: "two tokens, as \"a b\" or [\"a\", \"b\"]",
                        found: String(decoding: scratch, as: UTF8.self).debugDescription
                    )
                case .pair(let boundary):
                    guard
                        let missing = append(
                            scratch,
                            boundary: boundary,
                            prefixLength: prefixLength,
                            vocabulary,
                            to: &collected
                        )
                    else { continue }
                    problem = .inconsistent(
                        "the token \(missing.debugDescription) of the merge is not in the vocabulary"
                    )
                }
                refusal = TokenizerError(
                    path: "model.merges[\(place)]",
                    position: reader.position(of: start),
                    problem: problem
                )
                return
            }
        }
        if let refusal { throw refusal }
        var table = PairTable(capacityFor: collected.count)
        for merge in collected { table.set(merge.pair, to: merge.result) }
        return table
    }

    private enum MergeShape {
        /// The left token ends at this offset of the scratch bytes, the right one fills the rest.
        case pair(boundary: Int)
        /// A line that the format lets stand among merges, such as `#version: 0.2`.
        case comment
        case malformed
    }

    /// Reads a merge and leaves both tokens, without what separates them, in `scratch`.
    private static func readMerge(
        _ reader: inout JSONReader,
        into scratch: inout [UInt8]
    ) throws(JSONError) -> MergeShape {
        scratch.removeAll(keepingCapacity: true)
        if try reader.peek() == .string {
            try reader.readString().append(to: &scratch)
            if scratch.starts(with: "#version".utf8) { return .comment }
            guard let space = scratch.firstIndex(of: UInt8(ascii: " ")),
                !scratch[(space + 1)...].contains(UInt8(ascii: " "))
            else { return .malformed }
            scratch.remove(at: space)
            return .pair(boundary: space)
        }
        try reader.enterArray()
        var boundaries: [Int] = []
        while try reader.hasNextElement() {
            try reader.readString().append(to: &scratch)
            boundaries.append(scratch.count)
        }
        return boundaries.count == 2 ? .pair(boundary: boundaries[0]) : .malformed
    }

    /// Looks up a merge and appends it; returns a token that is not in the vocabulary if there is one.
    private static func append(
        _ tokens: [UInt8],
        boundary: Int,
        prefixLength: Int,
        _ vocabulary: Vocabulary,
        to merges: inout [(pair: UInt64, result: UInt64)]
    ) -> String? {
        tokens.withUnsafeBufferPointer { bytes in
            let left = UnsafeBufferPointer(rebasing: bytes[..<boundary])
            let right = UnsafeBufferPointer(rebasing: bytes[boundary...])
            guard let leftID = vocabulary.id(of: left) else { return String(decoding: left, as: UTF8.self) }
            guard let rightID = vocabulary.id(of: right) else { return String(decoding: right, as: UTF8.self) }
            let merged: Int32?
            if prefixLength == 0 {
                merged = vocabulary.id(of: bytes)
            } else {
                merged = vocabulary.id(of: Array(left) + right.dropFirst(prefixLength))
            }
            guard let merged else { return String(decoding: bytes, as: UTF8.self) }
            merges.append(
                (
                    pair: PairTable.key(UInt32(leftID), UInt32(rightID)),
                    result: UInt64(merges.count) << 32 | UInt64(merged)
                )
            )
            return nil
        }
    }
}
