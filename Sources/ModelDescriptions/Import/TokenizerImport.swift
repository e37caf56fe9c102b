// Finds the special tokens of a checkpoint: numbers from the configurations, their text from the tokenizer's files.
// Not the tokenizer itself: the runtime reads `tokenizer.json`.

import Diagnostics
import JSONText

/// The tokens that the tokenizer's files name, by number.
struct SpecialTokens {
    private(set) var texts: [Int: String] = [:]
    private let session: ImportSession

    /// Reads `tokenizer.json`, or `tokenizer_config.json` where there is no other; reports if neither names tokens.
    init(session: ImportSession, tokenizerConfig: ConfigReader?) {
        self.session = session
        if session.files.contents[.tokenizer] != nil {
            readTokenizer()
        } else {
            session.diagnostics.report(
                .warning("there is no tokenizer.json beside config.json; a compiled model will need one")
            )
        }
        if let decoder = tokenizerConfig?.object("added_tokens_decoder") {
            for key in decoder.keys {
                guard let number = Int(key), texts[number] == nil,
                    let content = decoder.object(key)?.optional(
                        "content",
                        for: nil,
                        expected: "a string",
                        { $0.string }
                    )
                else { continue }
                texts[number] = content
            }
        }
    }

    /// The text of `token`, which `purpose` needs; nil after having reported that it is not known.
    func text(of token: ImportedToken, purpose: String) -> String? {
        if let text = texts[token.number], !text.isEmpty { return text }
        session.diagnostics.report(
            .error(
                "token \(token.number), \(purpose), is named neither in tokenizer.json nor in tokenizer_config.json",
                at: token.span
            )
        )
        return nil
    }

    /// Walks `tokenizer.json`, which is too large for a tree, to its `added_tokens` and to the kind of its model.
    private mutating func readTokenizer() {
        guard let bytes = session.files.contents[.tokenizer] else { return }
        let path = session.files.path(of: .tokenizer)
        let result: Result<(tokens: [Int: String], kind: String?, kindOffset: JSONPosition), JSONError> =
            bytes.withUnsafeBytes { raw in
                do throws(JSONError) {
                    return .success(try Self.walk(raw))
                } catch {
                    return .failure(error)
                }
            }
        switch result {
        case .failure(let error):
            session.diagnostics.report(ImportSession.diagnostic(of: error, path: path))
        case .success(let found):
            texts = found.tokens
            let place = SourceLocation(file: path, line: found.kindOffset.line, column: found.kindOffset.column)
            if found.kind != "BPE" {
                let words = found.kind.map { "is of the kind \(TOMLText.string($0))" } ?? "names no kind"
                session.diagnostics.report(
                    .error("this tokenizer \(words), but only \"BPE\" is covered", at: SourceSpan(place))
                )
            }
        }
    }

    private static func walk(
        _ bytes: UnsafeRawBufferPointer
    ) throws(JSONError) -> (tokens: [Int: String], kind: String?, kindOffset: JSONPosition) {
        var reader = try JSONReader(bytes)
        var tokens: [Int: String] = [:]
        var kind: String?
        var kindOffset = JSONPosition(line: 1, column: 1)
        try reader.enterObject()
        while let key = try reader.nextKey() {
            if key.string == "added_tokens" {
                for token in try reader.readValue().array ?? [] {
                    if let number = token["id"]?.integer { tokens[number] = token["content"]?.string }
                }
            } else if key.string == "model", try reader.peek() == .object {
                try reader.enterObject()
                while let key = try reader.nextKey() {
                    if key.string == "type" {
                        let value = try reader.readValue()
                        kind = value.string
                        kindOffset = reader.position(of: value.offset)
                    } else {
                        _ = try reader.skipValue()
                    }
                }
            } else {
                _ = try reader.skipValue()
            }
        }
        try reader.finish()
        return (tokens, kind, kindOffset)
    }
}

/// Puts together the table [tokenizer].
struct TokenizerImport {
    let session: ImportSession
    let tokens: SpecialTokens
    let tokenizerConfig: ConfigReader?

    func read(_ stages: ImportedStages, generation: ConfigReader?) -> ModelDescription.Tokenizer? {
        let endOfText = readEndOfText(stages, generation: generation)
        let image = stages.imageToken.flatMap { tokens.text(of: $0, purpose: "which stands for an image") }
        guard !endOfText.isEmpty, (image == nil) == (stages.imageToken == nil) else { return nil }
        return ModelDescription.Tokenizer(
            endOfText: endOfText,
            startOfText: readStartOfText(),
            padding: readPadding(stages, generation: generation),
            image: image,
            video: stages.videoToken.flatMap { tokens.texts[$0.number] }
        )
    }

    /// What ends an answer: `generation_config.json` counts, then `config.json`, then the tokenizer.
    private func readEndOfText(_ stages: ImportedStages, generation: ConfigReader?) -> [String] {
        var ends = generation?.tokens("eos_token_id") ?? []
        if ends.isEmpty { ends = stages.endOfText }
        var texts: [String] = []
        for end in ends {
            guard let text = tokens.text(of: end, purpose: "which ends a text") else { return [] }
            if !texts.contains(text) { texts.append(text) }
        }
        if texts.isEmpty, let text = token("eos_token") { texts = [text] }
        if texts.isEmpty {
            session.diagnostics.report(.error("no file says which token ends a text (`eos_token_id`)"))
        }
        return texts
    }

    private func readStartOfText() -> String? {
        let isAdded = tokenizerConfig?.optional("add_bos_token", for: nil, expected: "true or false") { $0.boolean }
        return isAdded == true ? token("bos_token") : nil
    }

    private func readPadding(_ stages: ImportedStages, generation: ConfigReader?) -> String? {
        if let text = token("pad_token") { return text }
        let padding = generation?.token("pad_token_id", default: nil) ?? stages.padding
        return padding.flatMap { tokens.texts[$0.number] }
    }

    /// A token of `tokenizer_config.json`: its text, or an object that holds it.
    private func token(_ key: String) -> String? {
        let expected = "a string, or an object with `content`"
        return tokenizerConfig?.optional(key, for: nil, expected: expected) { $0.string ?? $0["content"]?.string }
    }
}
