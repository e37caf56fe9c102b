// The numbers of an image processor, as plain data that a compiled model supplies. Read next: ImageProcessor.swift.

/// What a checkpoint's `preprocessor_config.json` states of Qwen2-VL's image processor.
public struct ImageProcessorConfiguration: Sendable, Hashable {
    /// The side of a patch, in pixels.
    public var patchSize: Int
    /// How many frames a patch spans; a still image is repeated.
    public var temporalPatchSize: Int
    /// How many patches per side the model merges into one token.
    public var mergeSize: Int
    /// The least pixels of a resized image (`min_pixels`, or `size.shortest_edge`).
    public var minimumPixels: Int
    /// The most pixels of a resized image (`max_pixels`, or `size.longest_edge`).
    public var maximumPixels: Int
    /// What is subtracted from each rescaled channel, in the order red, green, blue.
    public var mean: [Double]
    /// What each channel is then divided by.
    public var standardDeviation: [Double]
    /// What bytes are multiplied by first.
    public var rescaleFactor: Double
    /// How images are resized.
    public var resampling: ResamplingFilter

    /// A configuration; the defaults are those of the class `Qwen2VLImageProcessor` of transformers 5.23.
    public init(
        patchSize: Int = 14,
        temporalPatchSize: Int = 2,
        mergeSize: Int = 2,
        minimumPixels: Int = 56 * 56,
        maximumPixels: Int = 28 * 28 * 1280,
        mean: [Double] = [0.48145466, 0.4578275, 0.40821073],
        standardDeviation: [Double] = [0.26862954, 0.26130258, 0.27577711],
        rescaleFactor: Double = 1 / 255,
        resampling: ResamplingFilter = .bicubic
    ) {
        self.patchSize = patchSize
        self.temporalPatchSize = temporalPatchSize
        self.mergeSize = mergeSize
        self.minimumPixels = minimumPixels
        self.maximumPixels = maximumPixels
        self.mean = mean
        self.standardDeviation = standardDeviation
        self.rescaleFactor = rescaleFactor
        self.resampling = resampling
    }

    /// Both sides of a resized image are multiples of this.
    public var factor: Int { patchSize * mergeSize }

    /// Floats in a patch: three channels of `temporalPatchSize` frames.
    public var patchLength: Int { 3 * temporalPatchSize * patchSize * patchSize }

    /// Throws: `configuration`, naming the first field whose value cannot work.
    public func validate() throws(ImageError) {
        try requireConfiguration((1...1024).contains(patchSize), "patch size", patchSize, "1 to 1024")
        try requireConfiguration(
            (1...64).contains(temporalPatchSize),
            "temporal patch size",
            temporalPatchSize,
            "1 to 64"
        )
        try requireConfiguration((1...64).contains(mergeSize), "merge size", mergeSize, "1 to 64")
        try requireConfiguration(minimumPixels > 0, "minimum of pixels", minimumPixels, "1 or more")
        let mostPixels = 1 << 32
        try requireConfiguration(
            (minimumPixels...max(minimumPixels, mostPixels)).contains(maximumPixels),
            "maximum of pixels",
            maximumPixels,
            "\(minimumPixels) (the minimum) to \(mostPixels)"
        )
        try requireConfiguration(mean.count == 3, "mean", mean, "three numbers")
        try requireConfiguration(standardDeviation.count == 3, "standard deviation", standardDeviation, "three numbers")
        try requireConfiguration(mean.allSatisfy(\.isFinite), "mean", mean, "finite numbers")
        try requireConfiguration(
            standardDeviation.allSatisfy { Float($0).isNormal },
            "standard deviation",
            standardDeviation,
            "numbers other than zero"
        )
        try requireConfiguration(rescaleFactor.isFinite, "rescale factor", rescaleFactor, "a finite number")
    }
}
