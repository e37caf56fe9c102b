// The table [image]: how an image is resized, scaled and cut into patches before the encoder sees it.
// Not the encoder's layers: those are in [vision], whose patch and merge sizes must agree with these.

extension ModelDescription {
    /// The steps from pixels to patches.
    public struct ImageProcessor: Sendable, Equatable {
        /// The sequence of steps.
        public enum Kind: String, Sendable, Hashable, CaseIterable {
            /// Resize to multiples of patch x merge within bounds of area; patches in the order of merged squares.
            case qwen2VL = "qwen2-vl"
        }

        /// The filter of the resize.
        public enum Resample: String, Sendable, Hashable, CaseIterable {
            /// No filter.
            case nearest
            /// Two neighbours a side.
            case bilinear
            /// Four neighbours a side, a = -0.5.
            case bicubic
            /// Six neighbours a side.
            case lanczos
        }

        /// The sequence of steps.
        public var processor: Kind
        /// The filter of the resize.
        public var resample: Resample
        /// Subtracted from each channel, after `rescale`.
        public var mean: [Double]
        /// Divides each channel, after `mean`.
        public var standardDeviation: [Double]
        /// Multiplies each 8-bit value.
        public var rescale: Double
        /// The fewest pixels after the resize.
        public var minimumPixels: Int
        /// The most pixels after the resize.
        public var maximumPixels: Int
        /// The side of a patch in pixels.
        public var patch: Int
        /// The number of frames in a patch.
        public var temporalPatch: Int
        /// The side, in patches, of the square whose patches follow one another.
        public var merge: Int

        /// An image processor.
        public init(
            processor: Kind = .qwen2VL,
            resample: Resample = .bicubic,
            mean: [Double],
            standardDeviation: [Double],
            rescale: Double,
            minimumPixels: Int,
            maximumPixels: Int,
            patch: Int,
            temporalPatch: Int,
            merge: Int
        ) {
            self.processor = processor
            self.resample = resample
            self.mean = mean
            self.standardDeviation = standardDeviation
            self.rescale = rescale
            self.minimumPixels = minimumPixels
            self.maximumPixels = maximumPixels
            self.patch = patch
            self.temporalPatch = temporalPatch
            self.merge = merge
        }
    }
}

extension ModelDescription.ImageProcessor {
    /// One part in 255: what turns an 8-bit value into a number from 0 to 1.
    static let usualRescale = 1.0 / 255

    /// - Parameter vision: The encoder, whose sizes are the default; nil if it is wrong itself.
    init?(from reader: inout TableReader, vision: ModelDescription.Vision?) {
        let processor = reader.choice("processor", of: Kind.self)
        let resample = reader.choice("resample", of: Resample.self, default: .bicubic)
        let mean = reader.floats("mean", in: .finite, count: vision?.channels)
        let standardDeviation = reader.floats("std", in: .greaterThan(0), count: vision?.channels)
        let rescale = reader.float("rescale", in: .greaterThan(0), default: Self.usualRescale)
        let minimumPixels = reader.integer("min-pixels", in: 1...Limits.pixels)
        let maximumPixels = reader.integer("max-pixels", in: 1...Limits.pixels)
        let patch = reader.integer("patch", in: Limits.patch, default: vision?.patch)
        let temporalPatch = reader.integer("temporal-patch", in: Limits.temporalPatch, default: vision?.temporalPatch)
        let merge = reader.integer("merge", in: Limits.merge, default: vision?.merge)
        if let vision {
            Self.compare("patch", patch, vision.patch, reader: &reader)
            Self.compare("temporal-patch", temporalPatch, vision.temporalPatch, reader: &reader)
            Self.compare("merge", merge, vision.merge, reader: &reader)
        }
        if let minimumPixels, let maximumPixels, minimumPixels > maximumPixels {
            reader.report("`min-pixels` = \(minimumPixels) exceeds `max-pixels` = \(maximumPixels)", at: "min-pixels")
        }
        if let maximumPixels, let patch, let merge, maximumPixels < patch * merge * patch * merge {
            reader.report(
                "`max-pixels` = \(maximumPixels) leaves no room for one square of \(patch * merge) x \(patch * merge) "
                    + "pixels",
                at: "max-pixels"
            )
        }
        guard let processor, let resample, let mean, let standardDeviation, let rescale, let minimumPixels,
            let maximumPixels, let patch, let temporalPatch, let merge
        else { return nil }
        self.init(
            processor: processor,
            resample: resample,
            mean: mean,
            standardDeviation: standardDeviation,
            rescale: rescale,
            minimumPixels: minimumPixels,
            maximumPixels: maximumPixels,
            patch: patch,
            temporalPatch: temporalPatch,
            merge: merge
        )
    }

    private static func compare(_ key: String, _ stated: Int?, _ encoder: Int, reader: inout TableReader) {
        guard let stated, stated != encoder else { return }
        reader.report("`\(key)` is \(stated), but the encoder has `vision.\(key)` = \(encoder)", at: key)
    }

    func write(to writer: inout TableWriter) {
        writer.write("processor", processor)
        writer.write("resample", resample)
        writer.write("mean", mean)
        writer.write("std", standardDeviation)
        writer.write("rescale", rescale)
        writer.write("min-pixels", minimumPixels)
        writer.write("max-pixels", maximumPixels)
        writer.write("patch", patch)
        writer.write("temporal-patch", temporalPatch)
        writer.write("merge", merge)
    }
}
