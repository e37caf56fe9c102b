// The container of a WebP file: canvas size, flags, metadata, and where the bitstream of its first picture lies.
// As strict as libwebp's demultiplexer, through which Pillow reads: decoders alone read past the end of a chunk.

enum WebPHeader {
    /// Flags of the extended header (VP8X).
    private static let animationFlag = 0x02
    private static let alphaFlag = 0x10
    private static let profileFlag = 0x20

    static func read(_ bytes: ByteView) throws(ImageError) -> ImageHeader {
        guard let riffLength = bytes.littleEndian(at: 4, byteCount: 4),
            let file = bytes.view(at: 0, length: riffLength + 8)
        else { throw ImageError(.truncated(.webp, detail: "the file is shorter than its own header states")) }
        var header = ImageHeader(format: .webp, width: 0, height: 0)
        if file.hasText("VP8X", at: 12) {
            try readExtended(file, into: &header)
            return header
        }
        guard let range = try bitstream(in: file, at: 12) else {
            throw ImageError(.damaged(.webp, detail: "its first chunk is neither VP8, VP8L nor VP8X"))
        }
        if file.hasText("VP8L", at: 12) {
            try readLossless(file, into: &header)
        } else {
            try readLossy(file, into: &header)
        }
        header.webpFrame = ImageHeader.WebPFrame(
            bitstream: range,
            x: 0,
            y: 0,
            width: header.width,
            height: header.height
        )
        return header
    }

    /// Where the picture lies whose first chunk is at `offset` of `view`: one chunk, or two where alpha comes apart. Nil
    /// if another chunk is there.
    private static func bitstream(in view: ByteView, at offset: Int) throws(ImageError) -> Range<Int>? {
        var end = offset
        if view.hasText("ALPH", at: offset) {
            let length = try content(of: view, at: offset).count
            end += 8 + length + length & 1
            guard view.hasText("VP8 ", at: end) else {
                throw ImageError(.damaged(.webp, detail: "its alpha has no picture"))
            }
        } else if !view.hasText("VP8 ", at: offset), !view.hasText("VP8L", at: offset) {
            return nil
        }
        end += 8 + (try content(of: view, at: end).count)
        return offset..<end
    }

    /// The content of the chunk at `offset`.
    private static func content(of view: ByteView, at offset: Int) throws(ImageError) -> ByteView {
        guard let length = view.littleEndian(at: offset + 4, byteCount: 4),
            let content = view.view(at: offset + 8, length: length)
        else { throw ImageError(.damaged(.webp, detail: "a chunk is longer than what holds it")) }
        return content
    }

    private static func readLossy(_ file: ByteView, into header: inout ImageHeader) throws(ImageError) {
        guard let width = file.littleEndian(at: 26, byteCount: 2), let height = file.littleEndian(at: 28, byteCount: 2)
        else { throw ImageError(.truncated(.webp, detail: "the file ends inside its frame header")) }
        // The upper two bits ask the viewer to scale.
        header.width = width & 0x3FFF
        header.height = height & 0x3FFF
    }

    private static func readLossless(_ file: ByteView, into header: inout ImageHeader) throws(ImageError) {
        guard let bits = file.littleEndian(at: 21, byteCount: 4) else {
            throw ImageError(.truncated(.webp, detail: "the file ends inside its frame header"))
        }
        header.width = (bits & 0x3FFF) + 1
        header.height = (bits >> 14 & 0x3FFF) + 1
        header.hasTransparency = bits >> 28 & 1 == 1
    }

    private static func readExtended(_ file: ByteView, into header: inout ImageHeader) throws(ImageError) {
        guard let flags = file.byte(at: 20).map(Int.init), let width = file.littleEndian(at: 24, byteCount: 3),
            let height = file.littleEndian(at: 27, byteCount: 3)
        else { throw ImageError(.truncated(.webp, detail: "the file ends inside its extended header")) }
        header.width = width + 1
        header.height = height + 1
        header.isAnimated = flags & animationFlag != 0
        header.hasTransparency = flags & alphaFlag != 0
        header.hasColorProfile = flags & profileFlag != 0
        var offset = 12
        while offset + 8 <= file.count {
            let content = try content(of: file, at: offset)
            if file.hasText("EXIF", at: offset), header.exif == nil {
                header.exif = Array(content.rawBytes)
            } else if file.hasText("XMP ", at: offset), header.xmp == nil {
                header.xmp = Array(content.rawBytes)
            } else if header.webpFrame == nil {
                header.webpFrame = try firstFrame(file, at: offset, content: content, header: header)
            }
            // Chunks are padded to even lengths.
            offset += 8 + content.count + content.count & 1
        }
        if header.webpFrame == nil {
            throw ImageError(.damaged(.webp, detail: "it has no picture"))
        }
    }

    /// The first picture, if it is the chunk at `offset`: a frame of an animation, or the whole canvas.
    private static func firstFrame(
        _ file: ByteView,
        at offset: Int,
        content: ByteView,
        header: ImageHeader
    ) throws(ImageError) -> ImageHeader.WebPFrame? {
        guard header.isAnimated else {
            guard let range = try bitstream(in: file, at: offset) else { return nil }
            return ImageHeader.WebPFrame(bitstream: range, x: 0, y: 0, width: header.width, height: header.height)
        }
        guard file.hasText("ANMF", at: offset) else { return nil }
        let headerLength = 16
        guard let x = content.littleEndian(at: 0, byteCount: 3), let y = content.littleEndian(at: 3, byteCount: 3),
            let width = content.littleEndian(at: 6, byteCount: 3),
            let height = content.littleEndian(at: 9, byteCount: 3),
            let range = try bitstream(in: content, at: headerLength)
        else { throw ImageError(.damaged(.webp, detail: "its first frame has no picture")) }
        let start = offset + 8
        let frame = ImageHeader.WebPFrame(
            bitstream: start + range.lowerBound..<start + range.upperBound,
            x: 2 * x,
            y: 2 * y,
            width: width + 1,
            height: height + 1
        )
        guard frame.x + frame.width <= header.width, frame.y + frame.height <= header.height else {
            throw ImageError(.damaged(.webp, detail: "its first frame exceeds the canvas"))
        }
        return frame
    }
}
