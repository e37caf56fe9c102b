// The comments of an imported TOML: one line on what the model is, and a word on keys that do not explain themselves.
// Not where values came from: ImportSession notes that while reading.

enum ImportComments {
    /// The lines at the top of the file.
    static func header(for description: ModelDescription) -> [String] {
        let origin = description.source.map { " from \($0)" } ?? ""
        var stages: [String] = []
        if let vision = description.vision {
            let window = (vision.attention.parameters as? SegmentAttention)?.window
            let windows = window.map { ", windows of \($0) pixels" } ?? ""
            stages.append("image encoder: \(layers(vision.layers)), width \(vision.hidden)\(windows)")
        }
        if let bridge = description.bridge { stages.append(bridge.kind) }
        let decoder = description.decoder
        stages.append("decoder: \(layers(decoder.layers)), width \(decoder.hidden)")
        return [
            "\(description.name), written by `vlmc import`\(origin).",
            stages.joined(separator: "; ") + ".",
            "Every key may be edited; `vlmc lint` checks the result.",
            "",
        ]
    }

    private static func layers(_ count: Int) -> String { count == 1 ? "1 layer" : "\(count) layers" }

    /// Comments on keys, by key path.
    static func comments(for description: ModelDescription) -> [String: String] {
        var comments = [
            "checkpoint.unused": "tensors that files may hold and the model does not read",
            "decoder.vocab": "rows of the embedding; the tokenizer may have fewer",
            "generation": "defaults; the command line overrides them",
        ]
        if !description.checkpoint.renamed.isEmpty {
            comments["checkpoint.renamed"] = "prefixes that newer files have, and the ones used here"
        }
        if !description.checkpoint.tied.isEmpty {
            comments["checkpoint.tied"] = "files may leave out the former; the latter serves for it"
        }
        if let vision = description.vision {
            let attention = vision.attention.parameters as? SegmentAttention
            if let window = attention?.window, vision.patch * vision.merge > 0 {
                let side = window / (vision.patch * vision.merge)
                comments["vision.attention.window"] = "pixels: \(side) x \(side) rows of the decoder"
            }
            comments["vision.merge"] = "\(vision.merge) x \(vision.merge) patches become one row of the decoder"
            comments["vision.temporal-patch"] = "frames in a patch; an image is repeated to fill them"
            comments["image"] = "images are resized to multiples of patch x merge within these areas"
        }
        if let attention = description.decoder.attention.parameters as? SelfAttention,
            case .multimodal = attention.rope.positions
        {
            comments["decoder.attention.rope.sections"] = "pairs of a head turned by time, height and width"
        }
        return comments
    }
}
