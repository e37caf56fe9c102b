// The rules that span tables: what one table states must fit what another one states.
// Not the rules inside a table: Sections/ and Layers/ check their own.

import Diagnostics

/// Tables that were read, some of which may be missing or wrong, and where they stand.
struct DescriptionRules {
    var sources: SourceMap
    var checkpoint: ModelDescription.Checkpoint?
    var vision: ModelDescription.Vision?
    var decoder: ModelDescription.Decoder?
    var tokenizer: ModelDescription.Tokenizer?
    var chat: ModelDescription.Chat?

    /// What contradicts what.
    func violations() -> [Diagnostic] {
        companions() + imageTokens() + ties() + quantization()
    }

    private func has(_ keyPath: String) -> Bool { sources.entries[keyPath] != nil }

    private func error(_ message: String, at keyPath: String) -> Diagnostic {
        .error(message, at: sources.span(of: keyPath))
    }

    /// An encoder needs a bridge and an image processor, and these need an encoder.
    private func companions() -> [Diagnostic] {
        var found: [Diagnostic] = []
        for (table, purpose) in [
            ("bridge", "to hand its rows to the decoder"), ("image", "to turn images into patches"),
        ] {
            if has("vision"), !has(table) {
                found.append(error("[vision] needs the table [\(table)] \(purpose)", at: "vision"))
            } else if !has("vision"), has(table) {
                found.append(error("[\(table)] has no meaning without the table [vision]", at: table))
            }
        }
        return found
    }

    /// The token that stands for a row of an image exists exactly if there is an encoder.
    private func imageTokens() -> [Diagnostic] {
        if has("vision") {
            guard let tokenizer, tokenizer.image == nil else { return [] }
            return [
                error(
                    "[tokenizer] needs the key `image`: the token that stands for one row of an image",
                    at: "tokenizer"
                )
            ]
        }
        return ["tokenizer.image", "tokenizer.video", "chat.image-prefix", "chat.image-suffix"].filter(has).map {
            error("`\($0)` has no meaning without the table [vision]", at: $0)
        }
    }

    /// Files may leave out the head only if the embedding serves for it.
    private func ties() -> [Diagnostic] {
        guard let checkpoint, let decoder, let head = decoder.head else { return [] }
        return checkpoint.tied.keys.filter { $0 == head || $0.hasPrefix(head + ".") }.sorted().map { tensor in
            error(
                "the head \(TOMLText.string(tensor)) may be left out only if `decoder.tied-embeddings` = true",
                at: TOMLText.keyPath("checkpoint.tied", tensor)
            )
        }
    }

    /// A format is stated only for tensors that there are.
    private func quantization() -> [Diagnostic] {
        var found: [Diagnostic] = []
        if !has("vision") {
            found += ["quantization.vision", "quantization.bridge"].filter(has).map {
                error("`\($0)` has no meaning without the table [vision]", at: $0)
            }
        }
        if decoder?.tiedEmbeddings == true, has("quantization.head") {
            found.append(
                error(
                    "`quantization.head` has no meaning with `decoder.tied-embeddings` = true: state `embeddings`",
                    at: "quantization.head"
                )
            )
        }
        return found
    }
}
