// A decoded image in memory. Not a file (ImageDecoder) and not what the model sees (PatchedImage).

/// Rows of RGB pixels, one byte per channel, without padding.
public struct RGBImage: Sendable, Hashable {
    /// Pixels in a row.
    public let width: Int
    /// Rows.
    public let height: Int
    /// `pixels: [height, width, 3]` u8.
    public let pixels: [UInt8]

    /// An image of the given pixels, or nil if they are not `width * height * 3` bytes or a side is not positive.
    public init?(width: Int, height: Int, pixels: [UInt8]) {
        let (area, areaOverflows) = width.multipliedReportingOverflow(by: height)
        let (byteCount, overflows) = area.multipliedReportingOverflow(by: 3)
        guard width > 0, height > 0, !areaOverflows, !overflows, pixels.count == byteCount else { return nil }
        self.init(uncheckedWidth: width, height: height, pixels: pixels)
    }

    init(uncheckedWidth width: Int, height: Int, pixels: [UInt8]) {
        assert(pixels.count == width * height * 3)
        self.width = width
        self.height = height
        self.pixels = pixels
    }
}
