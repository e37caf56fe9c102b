// Reads tokenizer.json: the large vocabulary and merges as a stream, everything else as a small tree.
// Not the meaning of the stages (StageLoading.swift) or of the model (ModelLoading.swift). Next: those two.

import JSONText

/// The parts of a `tokenizer.json`.
enum TokenizerLoader {
    /// Larger files are refused.
    static let fileByteLimit = 512 << 20
    /// Added tokens with longer texts are refused: they are compared with the text at every place.
    private static let addedTokenByteLimit = 4_096
    /// Arrays and objects of a tokenizer nest only a few levels.
    private static let depthLimit = 64

    static func load(_ bytes: UnsafeRawBufferPointer) throws(TokenizerError) -> TokenizerParts {
        var reader = try json { () throws(JSONError) in try JSONReader(bytes, depthLimit: depthLimit) }
        let (members, modelText) = try json { () throws(JSONError) in try topLevel(&reader) }
        let root = ComponentNode(
            value: JSONValue(.object(members)),
            path: "",
            reader: reader
        )
        if let version = try root.optional("version"), version.value.string != "1.0" {
            throw version.unsupported("\"1.0\"")
        }
        guard let modelText else {
            throw TokenizerError(path: "model", problem: .missing(expected: "an object with the model"))
        }
        let preTokenizer = try StageLoading.preTokenizer(root.optional("pre_tokenizer"))
        let normalizer = try StageLoading.normalizer(root.optional("normalizer"))
        let decoder = try StageLoading.decoder(root.optional("decoder"))
        let model = try ModelLoading.model(modelText, reader, isByteLevel: preTokenizer.isByteLevel)
        let added = try addedTokens(root.optional("added_tokens"), model: model)
        let known = Set(added.map(\.id))
        let postProcessor = try StageLoading.postProcessor(root.optional("post_processor")) { id in
            known.contains(Int32(id)) || model.vocabulary.token(id) != nil
        }
        do {
            return try TokenizerParts(
                addedTokens: added,
                normalizer: normalizer,
                preTokenizer: preTokenizer.steps,
                model: model,
                postProcessor: postProcessor,
                decoder: decoder
            )
        } catch {
            let pair = "\(error.first.text.debugDescription) and \(error.second.text.debugDescription)"
            throw TokenizerError(
                path: "added_tokens",
                problem: .inconsistent("the added tokens \(pair) are the same text once normalized")
            )
        }
    }

    /// Runs a step of the JSON reader and says its error as one of the tokenizer.
    static func json<Value>(_ body: () throws(JSONError) -> Value) throws(TokenizerError) -> Value {
        do {
            return try body()
        } catch {
            throw TokenizerError(
                position: JSONPosition(line: error.line, column: error.column),
                problem: .malformed(error)
            )
        }
    }

    /// The members of the top object as trees, but for the model, which is read as a stream.
    private static func topLevel(
        _ reader: inout JSONReader
    ) throws(JSONError) -> (members: [JSONMember], model: ModelLoading.ModelText?) {
        var members: [JSONMember] = []
        var model: ModelLoading.ModelText?
        try reader.enterObject()
        while let slice = try reader.nextKey() {
            let key = slice.string
            let isRepeated = key == "model" ? model != nil : members.contains { $0.key == key }
            guard !isRepeated else { throw reader.failure(.duplicateKey(key), at: slice.offset - 1) }
            if key == "model" {
                model = try ModelLoading.read(&reader)
            } else {
                members.append(JSONMember(key: key, value: try reader.readValue(), keyOffset: slice.offset - 1))
            }
        }
        try reader.finish()
        return (members, model)
    }

    /// The added tokens, checked to have the ids that the reference library would give them.
    private static func addedTokens(
        _ node: ComponentNode?,
        model: BytePairModel
    ) throws(TokenizerError) -> [AddedToken] {
        guard let node else { return [] }
        var tokens: [AddedToken] = []
        var places: [[UInt8]: Int] = [:]
        var ids: Set<Int32> = []
        var nextID = model.vocabulary.count
        for element in try node.elements() {
            let content = try element.required("content", "a string")
            let text = try content.string()
            let bytes = Array(text.utf8)
            guard !bytes.isEmpty else { continue }
            guard bytes.count <= addedTokenByteLimit else {
                throw content.error(
                    .unsupported(
                        found: "an added token of \(bytes.count) bytes",
                        supported: "at most \(addedTokenByteLimit)"
                    )
                )
            }
            let idNode = try element.required("id", "an integer")
            let id = try idNode.integer(in: 0..<Vocabulary.idLimit)
            let token = AddedToken(
                text: text,
                id: Int32(id),
                isSpecial: try element.boolean("special"),
                isNormalized: try element.boolean("normalized"),
                stripsLeft: try element.boolean("lstrip"),
                stripsRight: try element.boolean("rstrip"),
                isSingleWord: try element.boolean("single_word")
            )
            if let place = places[bytes] {
                guard tokens[place].id == token.id else {
                    throw idNode.error(
                        .inconsistent("the token \(text.debugDescription) has two ids, \(tokens[place].id) and \(id)")
                    )
                }
                tokens[place] = token
                continue
            }
            let expected = model.vocabulary.id(of: bytes).map(Int.init) ?? nextID
            guard id == expected else {
                let why =
                    expected == nextID && model.vocabulary.id(of: bytes) == nil
                    ? "ids of added tokens go on from the vocabulary without gaps" : "that is its id in the vocabulary"
                throw idNode.error(
                    .inconsistent(
                        "expected the id \(expected) for the token \(text.debugDescription) (\(why)), found \(id)"
                    )
                )
            }
            if expected == nextID { nextID += 1 }
            guard ids.insert(token.id).inserted else {
                throw idNode.error(.inconsistent("the id \(id) is taken by another added token"))
            }
            places[bytes] = tokens.count
            tokens.append(token)
        }
        return tokens
    }
}
