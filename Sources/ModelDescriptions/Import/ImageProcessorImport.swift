// Imports the image processor of Qwen2-VL and its successors, in the three arrangements in which it is published.
// *Source*: transformers@5.23.0:models/qwen2_vl/image_processing_qwen2_vl.py.

import Diagnostics
import JSONText

/// Puts together the table [image].
struct ImageProcessorImport {
    let session: ImportSession

    private static let classes = [
        "Qwen2VLImageProcessor", "Qwen2VLImageProcessorFast", "Qwen2VLImageProcessorPil", "Qwen2_5_VLImageProcessor",
    ]
    /// Pillow's numbers of its filters.
    private static let filters: [Int: ModelDescription.ImageProcessor.Resample] = [
        0: .nearest, 1: .lanczos, 2: .bilinear, 3: .bicubic,
    ]
    private static let mean = [0.48145466, 0.4578275, 0.40821073]
    private static let standardDeviation = [0.26862954, 0.26130258, 0.27577711]

    func read() -> ModelDescription.ImageProcessor? {
        guard let config = object() else {
            session.diagnostics.report(
                .error(
                    "there is no preprocessor_config.json beside config.json: how images become patches is not known"
                )
            )
            return nil
        }
        checkClass(config)
        let resample = readResample(config)
        let mean = config.doubles("image_mean", for: "image.mean", default: Self.mean)
        let deviation = config.doubles("image_std", for: "image.std", default: Self.standardDeviation)
        let rescale = config.double("rescale_factor", for: "image.rescale", default: 1.0 / 255)
        let patch = config.integer("patch_size", for: "image.patch", default: 14)
        let temporalPatch = config.integer("temporal_patch_size", for: "image.temporal-patch", default: 2)
        let merge = config.integer("merge_size", for: "image.merge", default: 2)
        let limits = readLimits(config)
        config.finish(.preprocessor)
        guard let resample, let mean, let deviation, let rescale, let patch, let temporalPatch, let merge, let limits
        else { return nil }
        return ModelDescription.ImageProcessor(
            processor: .qwen2VL,
            resample: resample,
            mean: mean,
            standardDeviation: deviation,
            rescale: rescale,
            minimumPixels: limits.minimum,
            maximumPixels: limits.maximum,
            patch: patch,
            temporalPatch: temporalPatch,
            merge: merge
        )
    }

    /// `preprocessor_config.json`, or the object in `processor_config.json` that releases from 5 on write.
    private func object() -> ConfigReader? {
        if let config = session.object(.preprocessorConfig) { return config }
        return session.object(.processorConfig)?.object("image_processor")
    }

    private func checkClass(_ config: ConfigReader) {
        let key = "image_processor_type"
        guard let name = config.optional(key, for: nil, expected: "a string", { $0.string }) else { return }
        guard !Self.classes.contains(name) else { return }
        let known = Self.classes.map(TOMLText.string).joined(separator: ", ")
        config.report("`\(key)` is \(TOMLText.string(name)), which is not covered; known are \(known)", at: key)
    }

    private func readResample(_ config: ConfigReader) -> ModelDescription.ImageProcessor.Resample? {
        guard let number = config.integer("resample", for: "image.resample", default: 3) else { return nil }
        if let filter = Self.filters[number] { return filter }
        config.report(
            "`resample` is \(number), which is not covered; known are 0 (nearest), 1 (lanczos), 2 (bilinear), 3 (bicubic)",
            at: "resample"
        )
        return nil
    }

    /// `min_pixels` and `max_pixels`, here or in `size`, where they are also called the shortest and the longest edge.
    private func readLimits(_ config: ConfigReader) -> (minimum: Int, maximum: Int)? {
        let size = config.object("size")
        // Accounted for even if they turn out not to count.
        _ = (config.value("min_pixels"), config.value("max_pixels"))
        if let size, size.has("height") || size.has("width") {
            config.report("`size` states a height and a width, but images keep their proportions here", at: "size")
            return nil
        }
        let minimum = readLimit("min_pixels", "shortest_edge", config, size, for: "image.min-pixels", default: 56 * 56)
        let maximum = readLimit(
            "max_pixels",
            "longest_edge",
            config,
            size,
            for: "image.max-pixels",
            default: 28 * 28 * 1280
        )
        size?.finish(ConfigFields())
        guard let minimum, let maximum else { return nil }
        return (minimum, maximum)
    }

    /// The first place counts, as it does in transformers; another value in the second place is pointed out.
    private func readLimit(
        _ key: String,
        _ edge: String,
        _ config: ConfigReader,
        _ size: ConfigReader?,
        for keyPath: String,
        default fallback: Int
    ) -> Int? {
        let inSize = size.flatMap { size in
            [edge, key].lazy.compactMap { name in
                size.optional(name, for: keyPath, expected: "an integer") { $0.integer }
            }.first
        }
        guard let stated = config.optional(key, for: keyPath, expected: "an integer", { $0.integer }) else {
            if let inSize { return inSize }
            return config.has(key) ? nil : config.integer(key, for: keyPath, default: fallback)
        }
        if let inSize, inSize != stated {
            config.warn("`\(key)` is \(stated), but `size` says \(inSize); the former counts", at: key)
        }
        return stated
    }
}
