// The segments of a JPEG file up to its first scan: size, EXIF, XMP, colour profile. libjpeg reads the rest.

enum JPEGHeader {
    static func read(_ bytes: ByteView) throws(ImageError) -> ImageHeader {
        var header = ImageHeader(format: .jpeg, width: 0, height: 0)
        var hasSize = false
        var offset = 2
        while let marker = nextMarker(in: bytes, at: &offset), marker != 0xDA {
            // Start, end and restart markers, and the filler 01, stand alone.
            if (0xD0...0xD9).contains(marker) || marker == 0x01 { continue }
            // A length counts itself; smaller ones are taken for an empty segment, as decoders do.
            guard let statedLength = bytes.bigEndian(at: offset, byteCount: 2),
                let content = bytes.view(at: offset + 2, length: max(statedLength, 2) - 2)
            else { throw ImageError(.truncated(.jpeg, detail: "the file ends inside its header")) }
            offset += 2 + content.count
            switch marker {
            case 0xC0...0xC3, 0xC5...0xC7, 0xC9...0xCB, 0xCD...0xCF:
                if !hasSize { try readSize(content, into: &header) }
                hasSize = true
            case 0xE1 where content.hasText("Exif\0\0", at: 0):
                // A block above 64 KB comes in pieces.
                header.exif = header.exif ?? Array("Exif\0\0".utf8)
                header.exif?.append(contentsOf: content.rawBytes.dropFirst(6))
            case 0xE1 where content.hasText("http://ns.adobe.com/xap/1.0/\0", at: 0):
                header.xmp = Array(content.rawBytes.dropFirst(29))
            case 0xE2 where content.hasText("ICC_PROFILE\0", at: 0):
                header.hasColorProfile = true
            default:
                break
            }
        }
        guard hasSize else {
            throw ImageError(.truncated(.jpeg, detail: "the file ends or its scans begin before it states a size"))
        }
        return header
    }

    private static func readSize(_ content: ByteView, into header: inout ImageHeader) throws(ImageError) {
        guard let precision = content.byte(at: 0), let height = content.bigEndian(at: 1, byteCount: 2),
            let width = content.bigEndian(at: 3, byteCount: 2), let components = content.byte(at: 5)
        else { throw ImageError(.damaged(.jpeg, detail: "its frame header is too short")) }
        guard precision == 8 else {
            let detail = "its samples have \(precision) bits; samples of 8 bits are read"
            throw ImageError(.unsupported(.jpeg, detail: detail))
        }
        guard [1, 3, 4].contains(components) else {
            let detail = "it has \(components) components; 1 (grey), 3 (colour) and 4 (CMYK) are read"
            throw ImageError(.unsupported(.jpeg, detail: detail))
        }
        header.width = width
        header.height = height
    }

    /// The next marker's code, leaving `offset` behind it; nil at the end of the file. Bytes between segments are
    /// skipped, as decoders do.
    private static func nextMarker(in bytes: ByteView, at offset: inout Int) -> UInt8? {
        while let prefix = bytes.firstOffset(of: 0xFF, from: offset) {
            offset = prefix + 1
            while let code = bytes.byte(at: offset) {
                offset += 1
                if code == 0xFF { continue }
                if code == 0 { break }
                return code
            }
        }
        return nil
    }
}
