// Recognises the chat format of a template, its default system message, and what encloses an image.
// Not an interpreter of templates: the formats that are known are few, and anything else is said to be unknown.

import Diagnostics
import JSONText

/// Puts together the table [chat].
struct ChatImport {
    let session: ImportSession
    let tokenizerConfig: ConfigReader?

    /// Words of templates that do more than the formats that are known.
    private static let furtherFeatures = ["tool", "think", "strftime", "bos_token", "documents", "[INST]"]

    func read(image: String?) -> ModelDescription.Chat {
        guard let (template, place) = readTemplate() else {
            session.comment("chat", "no chat template beside config.json: a model without chat tuning")
            return ModelDescription.Chat(format: .plain)
        }
        // Inside a string of the template a line feed is written as an escape, outside as itself.
        let text = template.replacing("\\n", with: "\n")
        guard text.contains("<|im_start|>"), text.contains("<|im_end|>") else {
            session.diagnostics.report(
                .warning("this chat template is of no known format; [chat] has format = \"plain\"", at: place)
            )
            return ModelDescription.Chat(format: .plain)
        }
        for feature in Self.furtherFeatures where text.contains(feature) {
            session.diagnostics.report(
                .warning("this chat template also deals with \"\(feature)\", which is left out of [chat]", at: place)
            )
        }
        var chat = ModelDescription.Chat(format: .chatML, defaultSystem: Self.defaultSystem(of: text))
        if let image {
            (chat.imagePrefix, chat.imageSuffix) = Self.enclosure(of: image, in: text)
        }
        return chat
    }

    /// The template and where it begins: a file of its own, or a field of another one.
    private func readTemplate() -> (text: String, place: SourceSpan)? {
        if let bytes = session.files.contents[.chatTemplate] {
            let place = session.place(of: .chatTemplate)
            guard let text = String(validating: bytes, as: UTF8.self) else {
                session.diagnostics.report(.error("this chat template is not UTF-8", at: place))
                return nil
            }
            return (text, place)
        }
        for object in [session.object(.chatTemplateObject), tokenizerConfig] {
            let key = "chat_template"
            let text = object?.optional(key, for: nil, expected: "a string, or a list of named templates") { value in
                value.string ?? Self.defaultTemplate(of: value)
            }
            if let object, let text { return (text, object.span(of: key)) }
        }
        return nil
    }

    /// The template called `default` of a list of named ones.
    private static func defaultTemplate(of value: JSONValue) -> String? {
        value.array?.first { $0["name"]?.string == "default" }?["template"]?.string
    }

    /// The system message that the template itself writes: text between its marks without any expression inside.
    private static func defaultSystem(of text: String) -> String? {
        let start = "<|im_start|>system\n"
        let end = "<|im_end|>"
        for range in text.ranges(of: start) {
            let rest = text[range.upperBound...]
            guard let close = rest.firstRange(of: end) else { continue }
            let message = rest[..<close.lowerBound]
            let isPlain = !message.isEmpty && !message.contains { "{}'\"+".contains($0) }
            if isPlain { return String(message) }
        }
        return nil
    }

    /// The special tokens directly before and after the token that stands for an image.
    private static func enclosure(of image: String, in text: String) -> (prefix: String, suffix: String) {
        guard let range = text.firstRange(of: image) else { return ("", "") }
        var prefix = ""
        var before = text[..<range.lowerBound]
        while before.hasSuffix("|>"), let open = before.ranges(of: "<|").last {
            prefix = before[open.lowerBound...] + prefix
            before = before[..<open.lowerBound]
        }
        var suffix = ""
        var after = text[range.upperBound...]
        while after.hasPrefix("<|"), let close = after.firstRange(of: "|>"), !after.hasPrefix("<|im_end|>") {
            suffix += after[..<close.upperBound]
            after = after[close.upperBound...]
        }
        return (prefix, suffix)
    }
}
