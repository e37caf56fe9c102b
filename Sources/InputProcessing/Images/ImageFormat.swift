// Which image format a file has, told by its first bytes and never by its name.
// Read next: ImageInfo.swift.

/// The image formats that are read.
public enum ImageFormat: String, Sendable, Hashable, CaseIterable {
    /// Portable Network Graphics, through libpng.
    case png = "PNG"
    /// JPEG, through libjpeg-turbo.
    case jpeg = "JPEG"
    /// WebP, through libwebp.
    case webp = "WebP"

    /// The formats that are read, as a phrase for messages.
    static let allNames = "PNG, JPEG and WebP"

    init?(_ bytes: ByteView) {
        if bytes.hasBytes([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], at: 0) {
            self = .png
        } else if bytes.hasBytes([0xFF, 0xD8, 0xFF], at: 0) {
            self = .jpeg
        } else if bytes.hasText("RIFF", at: 0), bytes.hasText("WEBP", at: 8) {
            self = .webp
        } else {
            return nil
        }
    }

    /// What a file that is not read appears to be, so that the message can say more than "unknown".
    static func resemblance(of bytes: ByteView) -> String? {
        let byText: [(offset: Int, text: StaticString, name: String)] = [
            (0, "GIF8", "a GIF image"), (0, "BM", "a BMP image"), (0, "%PDF", "a PDF document"),
            (0, "II*\0", "a TIFF image"), (0, "MM\0*", "a TIFF image"), (0, "8BPS", "a Photoshop document"),
            (4, "ftypavif", "an AVIF image"), (4, "ftypavis", "an AVIF image"), (4, "ftypheic", "a HEIC image"),
            (4, "ftypheix", "a HEIC image"), (4, "ftypmif1", "a HEIF image"), (4, "ftyp", "a video"),
            (0, "qoif", "a QOI image"), (0, "<svg", "an SVG drawing"), (0, "<?xml", "an XML or SVG document"),
            (0, "<!DOCTYPE", "an HTML page"), (0, "<!doctype", "an HTML page"), (0, "<html", "an HTML page"),
            (0, "{", "a JSON document"), (0, "data:", "a data URL, whose base64 text must be decoded before"),
            (0, "version https://git-lfs", "a Git LFS pointer, not the file itself"),
            (0, "iVBORw0KGgo", "base64 text, which must be decoded before"),
            (0, "/9j/", "base64 text, which must be decoded before"),
        ]
        for signature in byText where bytes.hasText(signature.text, at: signature.offset) {
            return signature.name
        }
        let byBytes: [(bytes: [UInt8], name: String)] = [
            ([0x1F, 0x8B], "a gzip archive"), ([0x50, 0x4B, 0x03, 0x04], "a ZIP archive"),
            ([0xFF, 0x0A], "a JPEG XL image"), ([0x00, 0x00, 0x00, 0x0C, 0x4A, 0x58, 0x4C], "a JPEG XL image"),
            ([0x00, 0x00, 0x00, 0x0C, 0x6A, 0x50], "a JPEG 2000 image"), ([0xFF, 0x4F, 0xFF], "a JPEG 2000 image"),
            ([0x00, 0x00, 0x01, 0x00], "an icon file"),
        ]
        return byBytes.first { bytes.hasBytes($0.bytes, at: 0) }?.name
    }
}
