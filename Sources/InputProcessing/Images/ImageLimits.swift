// What an image may cost. All of it is checked against the file's header, before anything is allocated.

/// Bounds on the images that are read. The defaults admit phone photographs and 600 dpi pages.
public struct ImageLimits: Sendable, Hashable {
    /// The largest file, in bytes.
    public var maximumFileBytes: Int
    /// The largest width times height. Decoding takes 3 bytes per pixel, and again as many while a photograph is turned
    /// upright; a progressive JPEG takes up to 8 more, a WebP file up to 8 more, while it is decoded.
    public var maximumPixels: Int
    /// The largest ratio of the longer to the shorter side, as in `smartResize`.
    public var maximumAspectRatio: Int

    /// Bounds; the default of `maximumPixels` is that above which Pillow warns of a decompression bomb.
    public init(
        maximumFileBytes: Int = 128 << 20,
        maximumPixels: Int = 89_478_485,
        maximumAspectRatio: Int = 200
    ) {
        self.maximumFileBytes = maximumFileBytes
        self.maximumPixels = maximumPixels
        self.maximumAspectRatio = maximumAspectRatio
    }

    func check(byteCount: Int) throws(ImageError) {
        if byteCount == 0 { throw ImageError(.empty) }
        if byteCount > maximumFileBytes {
            throw ImageError(.fileTooLarge(bytes: byteCount, limit: maximumFileBytes))
        }
    }

    func check(width: Int, height: Int) throws(ImageError) {
        guard width > 0, height > 0 else { throw ImageError(.zeroSize(width: width, height: height)) }
        let (pixels, overflows) = width.multipliedReportingOverflow(by: height)
        // The kernels count pixels of a row in 32 bits.
        if overflows || pixels > maximumPixels || max(width, height) > Int(Int32.max) / 4 {
            throw ImageError(.tooManyPixels(width: width, height: height, limit: maximumPixels))
        }
        if Double(max(width, height)) / Double(min(width, height)) > Double(maximumAspectRatio) {
            throw ImageError(.aspectRatio(width: width, height: height, limit: maximumAspectRatio))
        }
    }
}
