// How a family of models writes a conversation as one text, as plain data.
// Not a template language: what a published template computes is stated here. Next: TokenizedPrompt.swift.

/// A chat format: what stands around messages, images and the answer to come.
///
/// *Source*: the `chat_template` of the published Qwen2-VL, Qwen2.5-VL and SmolLM2 checkpoints, as transformers@5.23.0
/// renders them.
public struct ChatFormat: Hashable, Sendable {
    /// A role and what encloses its messages.
    public struct Role: Hashable, Sendable {
        /// The name, as in `ChatMessage.role`.
        public var name: String
        /// What stands before the message.
        public var prefix: String
        /// What stands behind the message.
        public var suffix: String

        /// Makes a role.
        public init(name: String, prefix: String, suffix: String) {
            self.name = name
            self.prefix = prefix
            self.suffix = suffix
        }
    }

    /// How an image stands in the text.
    public struct ImagePlaceholder: Hashable, Sendable {
        /// What stands before the image.
        public var prefix: String
        /// The token that stands for the image, repeated in the ids once for each of its rows.
        public var token: String
        /// What stands behind the image.
        public var suffix: String

        /// Makes a placeholder.
        public init(prefix: String, token: String, suffix: String) {
            self.prefix = prefix
            self.token = token
            self.suffix = suffix
        }
    }

    /// The roles that a message may have.
    public var roles: [Role]
    /// The name of the role that opens a conversation.
    public var systemRole: String
    /// The system message of a conversation that does not start with one; nil for none.
    public var defaultSystem: String?
    /// How an image stands in the text; nil if the model reads none.
    public var image: ImagePlaceholder?
    /// What stands at the end when the model is to answer.
    public var generationPrompt: String

    /// Makes a format.
    public init(
        roles: [Role],
        systemRole: String = "system",
        defaultSystem: String? = nil,
        image: ImagePlaceholder? = nil,
        generationPrompt: String
    ) {
        self.roles = roles
        self.systemRole = systemRole
        self.defaultSystem = defaultSystem
        self.image = image
        self.generationPrompt = generationPrompt
    }

    /// ChatML: `<|im_start|>`, the role, a line feed, the message, `<|im_end|>`, a line feed.
    public static func chatML(defaultSystem: String? = nil, image: ImagePlaceholder? = nil) -> ChatFormat {
        let roles = ["system", "user", "assistant", "tool"].map { name in
            Role(name: name, prefix: "<|im_start|>\(name)\n", suffix: "<|im_end|>\n")
        }
        return ChatFormat(
            roles: roles,
            defaultSystem: defaultSystem,
            image: image,
            generationPrompt: "<|im_start|>assistant\n"
        )
    }

    /// Messages one after the other, nothing between them: for models without chat tuning.
    public static func plain(image: ImagePlaceholder? = nil) -> ChatFormat {
        let roles = ["system", "user", "assistant"].map { Role(name: $0, prefix: "", suffix: "") }
        return ChatFormat(roles: roles, image: image, generationPrompt: "")
    }
}

/// A conversation as text, and where in it the messages' own words and the images stand.
public struct RenderedChat: Hashable, Sendable {
    /// The text, one placeholder for each image.
    public internal(set) var text = ""
    /// The UTF-8 ranges of what the messages say, without what the format puts around it.
    public internal(set) var messageText: [Range<Int>] = []
    /// The images in the order of their placeholders.
    public internal(set) var images: [Int] = []
    /// The token that stands for each image; nil if the format has none.
    public internal(set) var imageToken: String?

    /// A conversation that another format has written.
    public init(text: String = "", messageText: [Range<Int>] = [], images: [Int] = [], imageToken: String? = nil) {
        self.text = text
        self.messageText = messageText
        self.images = images
        self.imageToken = imageToken
    }
}

extension ChatFormat {
    /// Writes a conversation as text.
    ///
    /// - Parameters:
    ///   - addsGenerationPrompt: whether to end where the model's answer begins.
    ///   - numbersImages: whether to write `Picture 1: ` and so on before the images, as the `add_vision_id` of Qwen's
    ///     templates does.
    /// - Throws: `ChatError` for an empty conversation, an unknown role, or images where the format has none.
    public func render(
        _ messages: [ChatMessage],
        addsGenerationPrompt: Bool = true,
        numbersImages: Bool = false
    ) throws(ChatError) -> RenderedChat {
        guard let first = messages.first else { throw .noMessages }
        var chat = RenderedChat()
        chat.imageToken = image?.token
        if let defaultSystem, first.role != systemRole, let role = roles.first(where: { $0.name == systemRole }) {
            chat.text += role.prefix + defaultSystem + role.suffix
        }
        for (index, message) in messages.enumerated() {
            guard let role = roles.first(where: { $0.name == message.role }) else {
                throw .unknownRole(message.role, message: index, allowed: roles.map(\.name))
            }
            chat.text += role.prefix
            for part in message.content {
                switch part {
                case .text(let text):
                    let start = chat.text.utf8.count
                    chat.text += text
                    chat.messageText.append(start..<chat.text.utf8.count)
                case .image(let number):
                    guard let image else { throw .imagesNotSupported(message: index) }
                    chat.images.append(number)
                    if numbersImages { chat.text += "Picture \(chat.images.count): " }
                    chat.text += image.prefix + image.token + image.suffix
                }
            }
            chat.text += role.suffix
        }
        if addsGenerationPrompt { chat.text += generationPrompt }
        return chat
    }
}
