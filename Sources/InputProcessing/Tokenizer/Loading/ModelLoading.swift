// The member `model` of tokenizer.json: options, then vocabulary and merges streamed into flat tables.
// Not the encoding itself. Next: ../Model/BytePairModel.swift.

import JSONText

enum ModelLoading {
    /// The members of a model as far as one pass over the text can read them.
    struct ModelText {
        /// All members but `vocab` and `merges`; anything but an object is kept as it is.
        var node: JSONValue
        /// The member `vocab`.
        var tokens: TokenList?
        /// Where the member `merges` starts, which can only be read when the vocabulary is complete.
        var mergesStart: Int?
    }

    /// The tokens and ids of a vocabulary in the order of the file, not yet checked against each other.
    struct TokenList {
        /// Where the member starts.
        let start: Int
        var builder = Vocabulary.Builder(byteCapacity: 1 << 16)
        /// Where the key of each entry starts.
        var keyOffsets: [Int] = []
        /// Why the list is not complete.
        var refusal: Refusal?

        enum Refusal {
            /// The last entry has an id out of range.
            case identifier(Int)
            /// The member is no object.
            case kind(JSONReader.Kind)
        }
    }

    /// Makes the model whose text is `text`.
    static func model(
        _ text: ModelText,
        _ reader: JSONReader,
        isByteLevel: Bool
    ) throws(TokenizerError) -> BytePairModel {
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
        guard let tokens = text.tokens else { throw node.error(.missing(expected: "the member \"vocab\"")) }
        let vocabulary = try makeVocabulary(tokens, reader)
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

    /// Reads the model that comes next.
    static func read(_ reader: inout JSONReader) throws(JSONError) -> ModelText {
        guard try reader.peek() == .object else { return ModelText(node: try reader.readValue()) }
        let start = reader.offset
        var text = ModelText(node: JSONValue(.null))
        var members: [JSONMember] = []
        try reader.enterObject()
        while let slice = try reader.nextKey() {
            let key = slice.string
            let isRepeated =
                switch key {
                case "vocab": text.tokens != nil
                case "merges": text.mergesStart != nil
                default: members.contains { $0.key == key }
                }
            guard !isRepeated else { throw reader.failure(.duplicateKey(key), at: slice.offset - 1) }
            switch key {
            case "vocab": text.tokens = try readTokens(&reader)
            case "merges": text.mergesStart = try reader.skipValue().lowerBound
            default: members.append(JSONMember(key: key, value: try reader.readValue(), keyOffset: slice.offset - 1))
            }
        }
        text.node = JSONValue(.object(members), offset: start)
        return text
    }

    /// Reads the member `vocab`, or past it where it cannot be one.
    private static func readTokens(_ reader: inout JSONReader) throws(JSONError) -> TokenList {
        let kind = try reader.peek()
        var tokens = TokenList(start: reader.offset)
        guard kind == .object else {
            tokens.refusal = .kind(kind)
            try reader.skipValue()
            return tokens
        }
        var inside = reader
        try inside.enterObject()
        while let key = try inside.nextKey() {
            let id = try inside.readInteger()
            let isAllowed = (0..<Vocabulary.idLimit).contains(id)
            tokens.builder.add(id: isAllowed ? id : 0) { key.append(to: &$0) }
            tokens.keyOffsets.append(key.offset - 1)
            guard isAllowed else {
                tokens.refusal = .identifier(id)
                try reader.skipValue()
                return tokens
            }
        }
        reader = inside
        return tokens
    }

    private static func makeVocabulary(_ tokens: TokenList, _ reader: JSONReader) throws(TokenizerError) -> Vocabulary {
        switch tokens.refusal {
        case .identifier(let id):
            throw entryError(
                tokens.keyOffsets.count - 1,
                tokens,
                reader,
                .wrongValue(expected: "an id from 0 to \(Vocabulary.idLimit - 1)", found: "\(id)")
            )
        case .kind(let kind):
            throw TokenizerError(
                path: "model.vocab",
                position: reader.position(of: tokens.start),
                problem: .wrongValue(expected: "an object", found: kind.rawValue)
            )
        case nil: break
        }
        do {
            return try Vocabulary(tokens.builder)
        } catch {
            let (entry, explanation) =
                switch error {
                case .duplicateToken(let entry): (entry, "the vocabulary has this token twice")
                case .duplicateID(let entry): (entry, "the vocabulary has the id of this token twice")
                }
            throw entryError(entry, tokens, reader, .inconsistent(explanation))
        }
    }

    private static func entryError(
        _ entry: Int,
        _ tokens: TokenList,
        _ reader: JSONReader,
        _ problem: TokenizerError.Problem
    ) -> TokenizerError {
        TokenizerError(
            path: "model.vocab[\(tokens.builder.token(entry).debugDescription)]",
            position: reader.position(of: tokens.keyOffsets[entry]),
            problem: problem
        )
    }

    /// A merge: the pair of symbols, and its rank and result in one number.
    private typealias Merge = (pair: UInt64, result: UInt64)

    /// The merges: for a pair of symbols its rank and the symbol it becomes.
    private static func readMerges(
        _ reader: JSONReader,
        vocabulary: Vocabulary,
        prefixLength: Int
    ) throws(TokenizerError) -> PairTable {
        var merges: [Merge] = []
        let refused = try TokenizerLoader.json { () throws(JSONError) in
            try collectMerges(reader, vocabulary: vocabulary, prefixLength: prefixLength, into: &merges)
        }
        if let refused { throw refused }
        var table = PairTable(capacityFor: merges.count)
        for merge in merges { table.set(merge.pair, to: merge.result) }
        return table
    }

    /// Reads the merges; stops at one that cannot be and returns why.
    private static func collectMerges(
        _ start: JSONReader,
        vocabulary: Vocabulary,
        prefixLength: Int,
        into merges: inout [Merge]
    ) throws(JSONError) -> TokenizerError? {
        var reader = start
        var scratch: [UInt8] = []
        var place = 0
        try reader.enterArray()
        while try reader.hasNextElement() {
            let isString = try reader.peek() == .string
            let offset = reader.offset
            let problem: TokenizerError.Problem?
            switch try readMerge(&reader, isString: isString, into: &scratch) {
            case .comment: problem = nil
            case .malformed:
                problem = .wrongValue(
                    expected: "two tokens, as \"a b\" or [\"a\", \"b\"]",
                    found: String(decoding: scratch, as: UTF8.self).debugDescription
                )
            case .pair(let boundary):
                let missing = append(
                    scratch,
                    boundary: boundary,
                    prefixLength: prefixLength,
                    vocabulary,
                    to: &merges
                )
                problem = missing.map {
                    .inconsistent("the token \($0.debugDescription) of the merge is not in the vocabulary")
                }
            }
            if let problem {
                return TokenizerError(
                    path: "model.merges[\(place)]",
                    position: reader.position(of: offset),
                    problem: problem
                )
            }
            place += 1
        }
        return nil
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
        isString: Bool,
        into scratch: inout [UInt8]
    ) throws(JSONError) -> MergeShape {
        scratch.removeAll(keepingCapacity: true)
        if isString {
            try reader.readString().append(to: &scratch)
            if scratch.first == UInt8(ascii: "#"), scratch.starts(with: "#version".utf8) { return .comment }
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
        to merges: inout [Merge]
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
