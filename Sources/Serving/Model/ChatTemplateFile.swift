// The chat template of a checkpoint, and the special tokens that it may name.
// Not how conversations are rendered with it: ChatTemplateRenderer.swift.

import ChatTemplates
import Glibc
import JSONText

/// A checkpoint's chat template.
///
/// *Source*: transformers@5.23.0 `tokenization_utils_base.py` and `processing_utils.py`: `chat_template.jinja` first, then
/// `chat_template.json`, then `chat_template` of `tokenizer_config.json`, there also as a list of named templates, of
/// which `tool_use` is for conversations with tools.
struct ChatTemplateFile: Sendable {
    private let standard: ChatTemplate
    private let forTools: ChatTemplate?
    private let source: String
    /// `bos_token`, `eos_token` and so on.
    let specialTokens: [String: String]

    /// The template for a conversation.
    func template(withTools: Bool) -> ChatTemplate { withTools ? forTools ?? standard : standard }

    /// Whether a template has a word.
    func mentions(_ word: String) -> Bool {
        source.ranges(of: word).contains { range in
            let before = range.lowerBound == source.startIndex ? nil : source[source.index(before: range.lowerBound)]
            let after = range.upperBound == source.endIndex ? nil : source[range.upperBound]
            return ![before, after].contains { $0?.isLetter == true || $0?.isNumber == true || $0 == "_" }
        }
    }

    /// Whether a template has a text.
    func contains(_ text: String) -> Bool { source.firstRange(of: text) != nil }

    /// The template of the checkpoint in `folder`; nil if it has none.
    ///
    /// - Parameter path: A file with a template that takes the place of the checkpoint's.
    /// - Throws: `TemplateError` for one that cannot be understood, `ChatTemplateFileError` for a file that cannot be read.
    init?(folder: String, path: String? = nil) throws {
        let configuration = try Self.json("\(folder)/tokenizer_config.json")
        var tokens: [String: String] = [:]
        for member in configuration?.object ?? [] where member.key.hasSuffix("_token") {
            if let text = member.value.string ?? member.value["content"]?.string { tokens[member.key] = text }
        }
        specialTokens = tokens
        var named: [String: (text: String, file: String)] = [:]
        if let path {
            guard let text = try Self.text(path) else {
                throw ChatTemplateFileError(path: path, reason: "no such file")
            }
            named["default"] = (text, path)
        } else if let text = try Self.text("\(folder)/chat_template.jinja") {
            named["default"] = (text, "\(folder)/chat_template.jinja")
            if let text = try Self.text("\(folder)/additional_chat_templates/tool_use.jinja") {
                named["tool_use"] = (text, "\(folder)/additional_chat_templates/tool_use.jinja")
            }
        } else {
            let sources = [
                (try Self.json("\(folder)/chat_template.json")?["chat_template"], "\(folder)/chat_template.json"),
                (configuration?["chat_template"], "\(folder)/tokenizer_config.json"),
            ]
            for (value, file) in sources where named.isEmpty {
                if let text = value?.string { named["default"] = (text, file) }
                for element in value?.array ?? [] {
                    if let name = element["name"]?.string, let text = element["template"]?.string {
                        named[name] = (text, file)
                    }
                }
            }
        }
        guard let found = named["default"] else { return nil }
        standard = try ChatTemplate(found.text, name: found.file)
        forTools = try named["tool_use"].map { try ChatTemplate($0.text, name: $0.file) }
        source = found.text + "\n" + (named["tool_use"]?.text ?? "")
    }

    private static func json(_ path: String) throws -> JSONValue? {
        guard let text = try text(path) else { return nil }
        do { return try JSONDocument(text).root } catch { throw ChatTemplateFileError(path: path, reason: "\(error)") }
    }

    /// The text of a file; nil if there is none.
    private static func text(_ path: String) throws(ChatTemplateFileError) -> String? {
        guard let file = fopen(path, "rb") else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw ChatTemplateFileError(path: path, reason: String(cString: strerror(errno)))
        }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: byteLimit + 1)
        let count = fread(&bytes, 1, bytes.count, file)
        guard count <= byteLimit else {
            throw ChatTemplateFileError(path: path, reason: "it has more than \(byteLimit) bytes")
        }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    /// Some tokenizers list all their added tokens in the configuration.
    private static let byteLimit = 32 << 20
}

/// A file of a chat template that cannot be used.
struct ChatTemplateFileError: Error, CustomStringConvertible {
    let path: String
    let reason: String

    /// One sentence.
    var description: String { "\(path): \(reason)" }
}
