// The chunks of a PNG file that tell size and orientation. Not its pixels, palette or colour key: libpng reads those.
import CImageCodecs

enum PNGHeader {
    /// The most that a compressed text chunk may inflate to; Pillow refuses more.
    private static let maximumTextBytes = 1 << 20

    static func read(_ bytes: ByteView) throws(ImageError) -> ImageHeader {
        guard let headerLength = bytes.bigEndian(at: 8, byteCount: 4),
            let width = bytes.bigEndian(at: 16, byteCount: 4), let height = bytes.bigEndian(at: 20, byteCount: 4),
            let depth = bytes.byte(at: 24), let colorType = bytes.byte(at: 25)
        else { throw ImageError(.truncated(.png, detail: "the file ends inside its first chunk")) }
        guard headerLength == 13, bytes.hasText("IHDR", at: 12) else {
            throw ImageError(.damaged(.png, detail: "its first chunk is not the image header (IHDR)"))
        }
        var header = ImageHeader(format: .png, width: width, height: height)
        header.hasTransparency = colorType == 4 || colorType == 6
        header.isSixteenBitGrey = colorType == 0 && depth == 16
        try readChunks(of: bytes, into: &header)
        return header
    }

    /// Looks at the remaining chunks; of several alike the last counts, as in Pillow. Only those that count are inflated,
    /// so that a file cannot ask for work without bound.
    private static func readChunks(of bytes: ByteView, into header: inout ImageHeader) throws(ImageError) {
        var packet: ByteView?
        var profile: (content: ByteView, isCompressed: Bool)?
        var offset = 8 + 12 + 13
        while let length = bytes.bigEndian(at: offset, byteCount: 4), !bytes.hasText("IEND", at: offset + 4) {
            // Behind the pixels may stand anything; what is no chunk ends the search.
            guard let type = bytes.view(at: offset + 4, length: 4), type.rawBytes.allSatisfy(isLetter) else { break }
            guard let content = bytes.view(at: offset + 8, length: length) else {
                throw ImageError(.truncated(.png, detail: "the file ends inside a chunk"))
            }
            if type.hasText("eXIf", at: 0) {
                header.exif = Array(content.rawBytes)
            } else if type.hasText("tRNS", at: 0) {
                header.hasTransparency = true
            } else if type.hasText("iCCP", at: 0) {
                header.hasColorProfile = true
            } else if type.hasText("acTL", at: 0) {
                header.isAnimated = true
            } else if type.hasText("iTXt", at: 0), content.hasText(packetKeyword, at: 0) {
                packet = content
            } else if type.hasText("tEXt", at: 0), content.hasText(profileKeyword, at: 0) {
                profile = (content, false)
            } else if type.hasText("zTXt", at: 0), content.hasText(profileKeyword, at: 0) {
                profile = (content, true)
            }
            offset += 12 + length
        }
        header.xmp = packet.flatMap(textOfPacket)
        if header.exif == nil, let profile {
            let text = textOfProfile(profile.content, isCompressed: profile.isCompressed)
            header.exif = text.flatMap(bytesOfRawProfile)
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte & ~0x20)
    }

    private static let packetKeyword: StaticString = "XML:com.adobe.xmp\0"
    /// ImageMagick's way to keep EXIF, which predates the eXIf chunk.
    private static let profileKeyword: StaticString = "Raw profile type exif\0"

    private static func textOfPacket(_ content: ByteView) -> [UInt8]? {
        let start = packetKeyword.utf8CodeUnitCount
        guard let isCompressed = content.byte(at: start), let method = content.byte(at: start + 1),
            let languageEnd = content.firstOffset(of: 0, from: start + 2),
            let keywordEnd = content.firstOffset(of: 0, from: languageEnd + 1),
            let text = content.suffix(from: keywordEnd + 1)
        else { return nil }
        if isCompressed == 0 { return Array(text.rawBytes) }
        return method == 0 ? inflated(text) : nil
    }

    private static func textOfProfile(_ content: ByteView, isCompressed: Bool) -> [UInt8]? {
        guard let text = content.suffix(from: profileKeyword.utf8CodeUnitCount) else { return nil }
        guard isCompressed else { return Array(text.rawBytes) }
        guard text.byte(at: 0) == 0, let compressed = text.suffix(from: 1) else { return nil }
        return inflated(compressed)
    }

    /// The bytes that the fourth and later lines spell in hexadecimal.
    private static func bytesOfRawProfile(_ text: [UInt8]) -> [UInt8]? {
        let lines = text.split(separator: UInt8(ascii: "\n"), maxSplits: 3, omittingEmptySubsequences: false)
        guard lines.count == 4 else { return nil }
        var bytes: [UInt8] = []
        var upperHalf: UInt8?
        for character in lines[3] {
            guard let digit = hexadecimalValue(of: character) else {
                if character == UInt8(ascii: "\n") || character == UInt8(ascii: " ") { continue }
                return nil
            }
            if let upper = upperHalf {
                bytes.append(upper << 4 | digit)
                upperHalf = nil
            } else {
                upperHalf = digit
            }
        }
        return upperHalf == nil ? bytes : nil
    }

    private static func hexadecimalValue(of character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static func inflated(_ compressed: ByteView) -> [UInt8]? {
        guard let source = compressed.rawBytes.bindMemory(to: UInt8.self).baseAddress else { return nil }
        var isWhole = false
        let text = [UInt8](unsafeUninitializedCapacity: maximumTextBytes) { buffer, written in
            isWhole = vlmc_inflate(source, compressed.count, buffer.baseAddress, buffer.count, &written)
        }
        return isWhole ? text : nil
    }
}
