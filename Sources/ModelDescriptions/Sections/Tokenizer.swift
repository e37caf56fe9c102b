// The table [tokenizer]: the kind and file of the tokenizer, and the tokens with a meaning of their own, as text.
// Not their numbers: those are looked up in the tokenizer's file when a model is loaded.

extension ModelDescription {
    /// A tokenizer and its special tokens.
    public struct Tokenizer: Sendable, Equatable {
        /// The algorithm.
        public enum Kind: String, Sendable, Hashable, CaseIterable {
            /// Byte-pair merges over bytes, as `tokenizer.json` states them.
            case byteLevelBPE = "byte-level-bpe"
        }

        /// The algorithm.
        public var kind: Kind
        /// The file beside the weights.
        public var file: String
        /// Tokens that end an answer; at least one.
        public var endOfText: [String]
        /// The token that begins every text, if the model was trained with one.
        public var startOfText: String?
        /// The token that fills up batches.
        public var padding: String?
        /// The token that stands for one row of an image.
        public var image: String?
        /// The token that stands for one row of a video.
        public var video: String?

        /// A tokenizer with these special tokens.
        public init(
            kind: Kind = .byteLevelBPE,
            file: String = "tokenizer.json",
            endOfText: [String],
            startOfText: String? = nil,
            padding: String? = nil,
            image: String? = nil,
            video: String? = nil
        ) {
            self.kind = kind
            self.file = file
            self.endOfText = endOfText
            self.startOfText = startOfText
            self.padding = padding
            self.image = image
            self.video = video
        }
    }
}

extension ModelDescription.Tokenizer {
    init?(from reader: inout TableReader) {
        let kind = reader.choice("kind", of: Kind.self)
        let file = reader.string("file", default: "tokenizer.json")
        let endOfText = reader.someStrings("end-of-text")
        let startOfText = reader.optionalString("start-of-text")
        let padding = reader.optionalString("padding")
        let image = reader.optionalString("image")
        let video = reader.optionalString("video")
        if let file, file.contains("/") || file == "." || file == ".." {
            reader.report(
                "`file` is \(TOMLText.string(file)), but must be the name of a file beside the weights",
                at: "file"
            )
        }
        if let image, image == video {
            reader.report("`video` is the same token as `image`", at: "video")
        }
        guard let kind, let file, let endOfText else { return nil }
        self.init(
            kind: kind,
            file: file,
            endOfText: endOfText,
            startOfText: startOfText,
            padding: padding,
            image: image,
            video: video
        )
    }

    func write(to writer: inout TableWriter) {
        writer.write("kind", kind)
        writer.write("file", file)
        writer.write("end-of-text", endOfText)
        writer.write("start-of-text", startOfText)
        writer.write("padding", padding)
        writer.write("image", image)
        writer.write("video", video)
    }
}
