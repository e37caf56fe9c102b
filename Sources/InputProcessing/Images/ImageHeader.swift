// The part of a file that tells its size, shared by the three formats' parsers.
// Read next: PNGHeader.swift, JPEGHeader.swift, WebPHeader.swift.

/// Where to find an image's metadata, and the size that it claims.
struct ImageHeader {
    var format: ImageFormat
    var width: Int
    var height: Int
    var hasTransparency = false
    var hasColorProfile = false
    var isSixteenBitGrey = false
    var isAnimated = false
    /// An EXIF block: a TIFF header and its directories, with or without a leading "Exif\0\0".
    var exif: [UInt8]?
    /// An XMP packet.
    var xmp: [UInt8]?
    /// Where the picture of a WebP file lies, in the file and on the canvas; nil for other formats.
    var webpFrame: WebPFrame?

    struct WebPFrame {
        var bitstream: Range<Int>
        var x: Int
        var y: Int
        var width: Int
        var height: Int
    }

    /// Reads the header of `bytes`, whatever its format.
    ///
    /// Throws: `unknownFormat`, `truncated`, `damaged`, `unsupported`.
    static func read(_ bytes: ByteView) throws(ImageError) -> ImageHeader {
        switch ImageFormat(bytes) {
        case .png: return try PNGHeader.read(bytes)
        case .jpeg: return try JPEGHeader.read(bytes)
        case .webp: return try WebPHeader.read(bytes)
        case nil:
            let firstBytes = Array(bytes.rawBytes.prefix(8))
            let resembles = ImageFormat.resemblance(of: bytes)
            throw ImageError(.unknownFormat(firstBytes: firstBytes, resembles: resembles))
        }
    }

    /// The orientation, and whether metadata that might state it are damaged. EXIF is asked first, then XMP, as Pillow
    /// does.
    func orientation() -> (value: Int, isDamaged: Bool) {
        var isDamaged = false
        if let exif {
            switch ExifOrientation.read(exif) {
            case .value(let value): return ((1...8).contains(value) ? value : 1, false)
            case .absent: break
            case .damaged: isDamaged = true
            }
        }
        if let xmp, let value = ExifOrientation.read(xmp: xmp) {
            return ((1...8).contains(value) ? value : 1, isDamaged)
        }
        return (1, isDamaged)
    }
}
