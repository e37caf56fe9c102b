// Qwen2-VL's and Qwen2.5-VL's image processor: resize, rescale, normalise, cut into patches.
// A band of rows goes through all four while it is in cache; only the source image and the patches are held.
import CImageCodecs

/// Turns images into patches.
///
/// *Math:* `(f32(f64(byte) * rescaleFactor) - f32(mean)) / f32(standardDeviation)` of each byte of the resized image.
/// *Shapes:* `image: [height, width, 3]` u8, `patches: [grid.patchCount, patchLength]` f32.
/// *Accumulates in:* i32 (resizing); each float is one lookup, nothing is accumulated.
/// *Source:* transformers@5.23:models/qwen2_vl/image_processing_pil_qwen2_vl.py with image_transforms.rescale and
/// image_transforms.normalize. Bit-exact against it.
/// *Differs from source:* the torchvision backend (image_processing_qwen2_vl.py) resizes and normalises in other
/// arithmetic and gives slightly other patches; this is the Pillow one.
public struct ImageProcessor: Sendable {
    /// The numbers of the checkpoint.
    public let configuration: ImageProcessorConfiguration
    /// `[3, 256]`: what each byte of each channel becomes.
    let values: [Float]

    /// An image processor. Throws: `configuration`.
    public init(_ configuration: ImageProcessorConfiguration) throws(ImageError) {
        try configuration.validate()
        self.configuration = configuration
        values = zip(configuration.mean, configuration.standardDeviation).flatMap { mean, deviation in
            (0..<256).map { byte in
                let rescaled = Float(Double(byte) * configuration.rescaleFactor)
                return (rescaled - Float(mean)) / Float(deviation)
            }
        }
    }

    /// The patches that an upright image of the given size will have.
    ///
    /// Throws: `zeroSize`, `aspectRatio`, `tooManyPixels`.
    public func plan(width: Int, height: Int) throws(ImageError) -> PatchPlan {
        let resized = try smartResize(
            height: height,
            width: width,
            factor: configuration.factor,
            minimumPixels: configuration.minimumPixels,
            maximumPixels: configuration.maximumPixels
        )
        let patchSize = configuration.patchSize
        let grid = PatchGrid(temporal: 1, height: resized.height / patchSize, width: resized.width / patchSize)
        return PatchPlan(
            resizedWidth: resized.width,
            resizedHeight: resized.height,
            grid: grid,
            patchLength: configuration.patchLength,
            tokenCount: grid.patchCount / (configuration.mergeSize * configuration.mergeSize)
        )
    }

    /// Resizes `image` and cuts it into patches.
    ///
    /// Throws: `aspectRatio`, `tooManyPixels`.
    public func process(_ image: RGBImage, in loop: ParallelLoop = .serial) throws(ImageError) -> PatchedImage {
        let plan = try plan(width: image.width, height: image.height)
        let resampler = try resampler(of: image, plan: plan)
        let patches = [Float](unsafeUninitializedCapacity: plan.floatCount) { buffer, initializedCount in
            let target = UnsafeMutableBufferPointer(rebasing: buffer[0..<plan.floatCount])
            write(image, plan: plan, resampler: resampler, into: target, in: loop)
            initializedCount = plan.floatCount
        }
        return PatchedImage(patches: patches, grid: plan.grid, patchLength: plan.patchLength)
    }

    /// Resizes `image` and writes its patches to `target`, whose count must be the plan's `floatCount`. The memory of
    /// `target` need not be initialised.
    ///
    /// Throws: `aspectRatio`, `tooManyPixels`, `bufferSize`.
    @discardableResult
    public func process(
        _ image: RGBImage,
        into target: UnsafeMutableBufferPointer<Float>,
        in loop: ParallelLoop = .serial
    ) throws(ImageError) -> PatchGrid {
        let plan = try plan(width: image.width, height: image.height)
        guard target.count == plan.floatCount else {
            throw ImageError(.bufferSize(found: target.count, needed: plan.floatCount))
        }
        write(image, plan: plan, resampler: try resampler(of: image, plan: plan), into: target, in: loop)
        return plan.grid
    }

    private func resampler(of image: RGBImage, plan: PatchPlan) throws(ImageError) -> ImageResampler {
        try ImageResampler(
            sourceWidth: image.width,
            sourceHeight: image.height,
            width: plan.resizedWidth,
            height: plan.resizedHeight,
            filter: configuration.resampling
        )
    }

    private func write(
        _ image: RGBImage,
        plan: PatchPlan,
        resampler: ImageResampler,
        into target: UnsafeMutableBufferPointer<Float>,
        in loop: ParallelLoop
    ) {
        let layout = vlmc_patch_layout(
            patch_size: Int32(configuration.patchSize),
            merge_size: Int32(configuration.mergeSize),
            temporal_patch_size: Int32(configuration.temporalPatchSize),
            grid_width: Int32(plan.grid.width)
        )
        // A strip is a row of merged patches: its patches are neighbours in the result.
        let stripRows = configuration.factor
        let stripLength = configuration.mergeSize * plan.grid.width * plan.patchLength
        let rowsPerBand = max(1, ImageResampler.rowsPerBand / stripRows) * stripRows
        let patches = SharedBuffer(target)
        resampler.forEachBand(of: image, rowsPerBand: rowsPerBand, in: loop) { band in
            for row in stride(from: 0, to: band.outputRows.count, by: stripRows) {
                let strip = (band.outputRows.lowerBound + row) / stripRows
                let place = patches.start(at: strip * stripLength)
                vlmc_write_patches(layout, band.start + row * band.stride, band.stride, values, place)
            }
        }
    }
}
