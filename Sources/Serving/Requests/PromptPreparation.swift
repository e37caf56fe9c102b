// From a conversation or a text to the tokens and images of a request for the engine.
// Not reading the request's body (ChatFields.swift), nor what is asked besides (SamplingFields.swift).

import Generation
import InputProcessing
import JSONText
import ModelRuntime
import ServingEngine
import Synchronization

/// Tokens, and images among them.
struct PreparedPrompt: Sendable {
    var tokens: [Int32]
    var images: [PromptImage] = []
    /// Whether the answer begins in the middle of a thought, whose opening mark is the prompt's end.
    var endsInReasoning = false
}

extension ServedModel {
    /// A conversation in the model's chat format.
    ///
    /// Text of messages cannot spell special tokens.
    func prompt(_ conversation: Conversation, images references: [ImageReference], from source: ImageSource) throws
        -> PreparedPrompt
    {
        let images = try self.images(references, from: source)
        let rendered = try renderer.render(conversation)
        let counts = images.map { $0.grid.patchCount / mergedPatches }
        let tokenized = try withinContext {
            try tokenizer.tokenize(
                rendered,
                imageTokenCounts: counts,
                specialTokens: .literal,
                limits: EncodingLimits(tokens: 4 * contextTokens)
            )
        }
        return PreparedPrompt(
            tokens: tokenized.ids,
            images: tokenized.images.map { span in images[span.image].placed(at: span.tokens.lowerBound) },
            endsInReasoning: renderer.reasoningMarks.map { rendered.ends(in: $0.begin) } ?? false
        )
    }

    /// A text as it is, in which special tokens are recognised.
    func prompt(text: String, addsSpecialTokens: Bool) throws -> PreparedPrompt {
        PreparedPrompt(
            tokens: try withinContext {
                try tokenizer.encode(
                    text,
                    addSpecialTokens: addsSpecialTokens,
                    limits: EncodingLimits(tokens: 4 * contextTokens)
                )
            }
        )
    }

    /// A text or a prompt that is far too long is refused before all of it is read; it is as wrong as one that is a little
    /// too long.
    private func withinContext<Result>(_ body: () throws -> Result) throws -> Result {
        func refusal(_ count: Int) -> RequestError {
            RequestError(.promptTooLong(tokens: count, context: contextTokens))
        }
        do {
            return try body()
        } catch let error as TokenizerError {
            guard case .textTooLong(let count, _, _) = error.problem else { throw error }
            throw refusal(count)
        } catch let error as ChatError {
            switch error {
            case .tooManyTokens(let count, _): throw refusal(count)
            case .tokenizer(let inner):
                guard case .textTooLong(let count, _, _) = inner.problem else { throw error }
                throw refusal(count)
            default: throw error
            }
        }
    }

    private var mergedPatches: Int { images.map { $0.processor.configuration.mergeSize }.map { $0 * $0 } ?? 1 }

    /// Reads images and decodes them once, so that a damaged one is refused before anything is computed.
    private func images(_ references: [ImageReference], from source: ImageSource) throws -> [ReadImage] {
        guard !references.isEmpty else { return [] }
        guard let images else {
            throw RequestError.invalid("the model '\(name)' reads no images", param: references[0].field)
        }
        guard references.count <= images.maximumCount else {
            throw RequestError.invalid(
                "the request has \(references.count) images; at most \(images.maximumCount) are allowed",
                param: references[images.maximumCount].field
            )
        }
        try source.checkFetched(references)
        return try references.map { reference in
            let file = try source.image(reference.url, field: reference.field)
            do {
                return try ReadImage(file, images)
            } catch let error as ImageError {
                throw RequestError.invalid(
                    "'\(reference.field)': \(error)",
                    param: reference.field,
                    code: "invalid_image"
                )
            }
        }
    }
}

extension RenderedChat {
    /// Whether the last words are these, with nothing but white space after them, and are none of a message.
    fileprivate func ends(in mark: String) -> Bool {
        let end = text.utf8.reversed().drop { $0 == 0x0A || $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }.count
        let start = end - mark.utf8.count
        guard start >= 0, text.utf8.prefix(end).suffix(mark.utf8.count).elementsEqual(mark.utf8) else { return false }
        return !messageText.contains { $0.overlaps(start..<end) }
    }
}

/// An image that can be decoded. It keeps the file, not the pixels: those are made again when they are needed.
private struct ReadImage {
    let grid: ImageGrid
    let key: ImageKey
    let makePatches: @Sendable (ParallelLoop) throws(ImageError) -> PatchedImage

    init(_ file: ImageFile, _ images: ImagePreparation) throws(ImageError) {
        let bytes = file.bytes
        let (decoder, processor) = (images.decoder, images.processor)
        let configuration = processor.configuration
        key = ImageKey(
            bytes,
            minimumPixels: configuration.minimumPixels,
            maximumPixels: configuration.maximumPixels
        )
        let info = try decoder.info(of: bytes)
        let plan = try processor.plan(width: info.width, height: info.height)
        grid = ImageGrid(frames: plan.grid.temporal, rows: plan.grid.height, columns: plan.grid.width)
        if !images.decodable.contains(key) {
            _ = try decoder.decode(bytes)
            images.decodable.insert(key)
        }
        makePatches = { loop throws(ImageError) in
            // With its lease: the memory is free when the file is let go.
            try processor.process(decoder.decode(file.bytes).image, in: loop)
        }
    }

    func placed(at firstToken: Int) -> PromptImage {
        PromptImage(firstToken: firstToken, grid: grid, key: key, makePatches: makePatches)
    }
}

/// Images that have been decoded before, so that they need not be decoded only to find out whether they can be.
final class DecodableImages: Sendable {
    private let keys = Mutex<(recent: Set<ImageKey>, old: Set<ImageKey>)>(([], []))
    private static let generationCount = 2048

    func contains(_ key: ImageKey) -> Bool {
        keys.withLock { $0.recent.contains(key) || $0.old.contains(key) }
    }

    func insert(_ key: ImageKey) {
        keys.withLock { keys in
            if keys.recent.count >= Self.generationCount { keys = ([], keys.recent) }
            keys.recent.insert(key)
        }
    }
}
