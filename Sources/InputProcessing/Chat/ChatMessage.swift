// A conversation as data: roles, and content that is text and references to images.
// Not its text for a model. Next: ChatFormat.swift.

/// One message of a conversation.
public struct ChatMessage: Hashable, Sendable {
    /// A part of a message.
    public enum Part: Hashable, Sendable {
        /// Text, taken as it is.
        case text(String)
        /// The image with this index among the images given with the conversation.
        case image(Int)
    }

    /// Who speaks, such as `user`; the chat format lists the roles it knows.
    public var role: String
    /// The parts in order, nothing between them.
    public var content: [Part]

    /// Makes a message.
    public init(role: String, content: [Part]) {
        self.role = role
        self.content = content
    }

    /// Makes a message of text alone.
    public init(role: String, text: String) {
        self.init(role: role, content: [.text(text)])
    }
}

/// What is wrong with a conversation, or with it and its images together.
public enum ChatError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The conversation is empty.
    case noMessages
    /// Message `message` (counted from 0) has a role that the format does not know.
    case unknownRole(String, message: Int, allowed: [String])
    /// Message `message` has an image, but the model's format has no place for images.
    case imagesNotSupported(message: Int)
    /// The conversation refers to an image that was not given.
    case noSuchImage(Int, count: Int)
    /// An image that two parts refer to, or none.
    case imageNotUsedOnce(Int, uses: Int)
    /// The text has another number of image placeholders than the conversation has images: some text spells one.
    case placeholderCount(found: Int, expected: Int, token: String)
    /// The tokenizer does not have the format's image token.
    case unknownImageToken(String)
    /// An image that would take no tokens, or a negative number.
    case imageWithoutTokens(Int)
    /// A grid of patches that the merge size does not divide.
    case indivisibleGrid(temporal: Int, height: Int, width: Int, mergeSize: Int)
    /// The prompt with its images has more tokens than allowed.
    case tooManyTokens(count: Int, limit: Int)
    /// The text cannot be encoded.
    case tokenizer(TokenizerError)

    /// One sentence.
    public var description: String {
        switch self {
        case .noMessages: "the conversation has no messages"
        case .unknownRole(let role, let message, let allowed):
            "message \(message): unknown role \(role.debugDescription); this model's roles are "
                + allowed.joined(separator: ", ")
        case .imagesNotSupported(let message): "message \(message): this model's chat format has no images"
        case .noSuchImage(let image, let count):
            "the conversation refers to image \(image), counted from 0, but was given \(count)"
        case .imageNotUsedOnce(let image, let uses):
            "image \(image) stands in the conversation \(uses) times; every image has to stand there once"
        case .placeholderCount(let found, let expected, let token):
            "the text has \(found) image placeholders \(token) for \(expected) images; "
                + "a message spells the placeholder in its text"
        case .unknownImageToken(let token): "the tokenizer does not have the image token \(token)"
        case .imageWithoutTokens(let image): "image \(image) takes no tokens; it needs at least one"
        case .indivisibleGrid(let temporal, let height, let width, let mergeSize):
            "a grid of \(temporal) x \(height) x \(width) patches cannot be merged \(mergeSize) x \(mergeSize)"
        case .tooManyTokens(let count, let limit): "the prompt has \(count) tokens, allowed are \(limit)"
        case .tokenizer(let error): "\(error)"
        }
    }
}
