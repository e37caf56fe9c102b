// The table [chat]: the format of a conversation, its default system message, and what encloses an image.
// Not a template language: the formats are known by name, and InputProcessing writes them.

extension ModelDescription {
    /// How a conversation becomes one text.
    public struct Chat: Sendable, Equatable {
        /// The arrangement of roles and turns.
        public enum Format: String, Sendable, Hashable, CaseIterable {
            /// `<|im_start|>role`, a line feed, the message, `<|im_end|>`, a line feed.
            case chatML = "chatml"
            /// The messages one after the other, with nothing between: a model without chat tuning.
            case plain
        }

        /// The arrangement of roles and turns.
        public var format: Format
        /// The system message of a conversation that has none; nil if there is none by default.
        public var defaultSystem: String?
        /// What stands before the rows of an image.
        public var imagePrefix: String
        /// What stands after the rows of an image.
        public var imageSuffix: String

        /// A chat format.
        public init(
            format: Format,
            defaultSystem: String? = nil,
            imagePrefix: String = "",
            imageSuffix: String = ""
        ) {
            self.format = format
            self.defaultSystem = defaultSystem
            self.imagePrefix = imagePrefix
            self.imageSuffix = imageSuffix
        }
    }
}

extension ModelDescription.Chat {
    init?(from reader: inout TableReader) {
        let format = reader.choice("format", of: Format.self)
        let defaultSystem = reader.optionalString("default-system")
        let imagePrefix = reader.text("image-prefix", default: "")
        let imageSuffix = reader.text("image-suffix", default: "")
        if format == .plain, reader.has("default-system") {
            reader.report("`default-system` has no place in the format \"plain\"", at: "default-system")
        }
        guard let format, let imagePrefix, let imageSuffix else { return nil }
        self.init(
            format: format,
            defaultSystem: defaultSystem,
            imagePrefix: imagePrefix,
            imageSuffix: imageSuffix
        )
    }

    func write(to writer: inout TableWriter) {
        writer.write("format", format)
        writer.write("default-system", defaultSystem)
        if !imagePrefix.isEmpty { writer.write("image-prefix", imagePrefix) }
        if !imageSuffix.isEmpty { writer.write("image-suffix", imageSuffix) }
    }
}
