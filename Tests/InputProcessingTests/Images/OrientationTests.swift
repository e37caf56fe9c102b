// The eight orientations, from every place that a file can state one in.
import Testing

@testable import InputProcessing

@Suite("Orientation")
struct OrientationTests {
    /// What each orientation does, by its definition: where the stored rows and columns begin on the upright image.
    private static func upright(_ stored: RGBImage, _ orientation: Int) throws -> RGBImage {
        let swaps = orientation >= 5
        let width = swaps ? stored.height : stored.width
        let height = swaps ? stored.width : stored.height
        var pixels: [UInt8] = []
        for y in 0..<height {
            for x in 0..<width {
                let right = stored.width - 1
                let bottom = stored.height - 1
                let place: (x: Int, y: Int)
                switch orientation {
                case 2: place = (right - x, y)
                case 3: place = (right - x, bottom - y)
                case 4: place = (x, bottom - y)
                case 5: place = (y, x)
                case 6: place = (y, bottom - x)
                case 7: place = (right - y, bottom - x)
                case 8: place = (right - y, x)
                default: place = (x, y)
                }
                pixels += stored.pixel(place.x, place.y)
            }
        }
        guard let image = RGBImage(width: width, height: height, pixels: pixels) else {
            throw FixtureError(description: "no upright image")
        }
        return image
    }

    /// A TIFF block with one entry.
    private static func exif(
        _ orientation: Int,
        isBigEndian: Bool = true,
        type: Int = 3,
        count: Int = 1,
        prefix: String = "",
        magic: [UInt8]? = nil
    ) -> [UInt8] {
        func number(_ value: Int, _ byteCount: Int) -> [UInt8] {
            let bytes = (0..<byteCount).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
            return isBigEndian ? bytes.reversed() : bytes
        }
        let size = [1: 1, 3: 2, 4: 4, 6: 1, 8: 2, 9: 4, 13: 4][type] ?? 2
        let values = (0..<count).flatMap { _ in number(orientation, size) }
        let isInline = values.count <= 4
        var block = magic ?? (isBigEndian ? [0x4D, 0x4D, 0, 0x2A] : [0x49, 0x49, 0x2A, 0])
        block += number(8, 4) + number(1, 2) + number(0x0112, 2) + number(type, 2) + number(count, 4)
        block += isInline ? values + [UInt8](repeating: 0, count: 4 - values.count) : number(26, 4)
        return Array(prefix.utf8) + block + number(0, 4) + (isInline ? [] : values)
    }

    private static let stored = PNGBuilder.random(width: 37, height: 34)

    private func expectOrientation(_ orientation: Int, _ bytes: [UInt8], _ comment: Comment) throws {
        let plain = try ImageDecoder().decode(Self.stored.bytes()).image
        let decoded = try ImageDecoder().decode(bytes)
        #expect(decoded.info.orientation == orientation, comment)
        #expect(decoded.image.difference(from: try Self.upright(plain, orientation)) == nil, comment)
        #expect(decoded.notes.isEmpty, comment)
    }

    @Test("EXIF of both byte orders, before and behind the pixels", arguments: 1...8)
    func exifChunk(_ orientation: Int) throws {
        for isBigEndian in [false, true] {
            var builder = Self.stored
            let content = Self.exif(orientation, isBigEndian: isBigEndian)
            builder.chunksBefore = [("eXIf", content)]
            try expectOrientation(orientation, builder.bytes(), "before")
            builder.chunksBefore = []
            builder.chunksAfter = [("eXIf", content)]
            try expectOrientation(orientation, builder.bytes(), "behind")
        }
    }

    @Test("Types and counts that Pillow reads, and those that turn nothing")
    func types() throws {
        var builder = Self.stored
        for (type, count, orientation) in [
            (3, 1, 6), (3, 3, 6), (4, 1, 6), (4, 2, 6), (6, 1, 6), (8, 1, 6), (9, 1, 6), (13, 1, 6), (1, 1, 1),
            (3, 0, 1),
        ] {
            builder.chunksBefore = [("eXIf", Self.exif(6, type: type, count: count))]
            try expectOrientation(orientation, builder.bytes(), "type \(type), count \(count)")
        }
        for impossible in [0, 9, 65535] {
            builder.chunksBefore = [("eXIf", Self.exif(impossible))]
            try expectOrientation(1, builder.bytes(), "orientation \(impossible)")
        }
        builder.chunksBefore = [("eXIf", Self.exif(8, prefix: "Exif\0\0Exif\0\0"))]
        try expectOrientation(8, builder.bytes(), "two prefixes")
        builder.chunksBefore = [("eXIf", Self.exif(8, magic: [0x4D, 0x4D, 0x2A, 0]))]
        try expectOrientation(8, builder.bytes(), "swapped magic")
    }

    @Test("XMP, plain and compressed, as attribute and as element; EXIF comes first")
    func xmp() throws {
        var builder = Self.stored
        for text in [
            "<d tiff:Orientation=\"6\"/>", "<tiff:Orientation>6</tiff:Orientation>",
            "tiff:Orientation tiff:Orientation>6",
        ] {
            builder.chunksBefore = [("iTXt", Array("XML:com.adobe.xmp\0\0\0en\0key\0\(text)".utf8))]
            try expectOrientation(6, builder.bytes(), "plain")
            let compressed = PNGBuilder.deflated(Array(text.utf8))
            builder.chunksBefore = [("iTXt", Array("XML:com.adobe.xmp\0\u{1}\0en\0key\0".utf8) + compressed)]
            try expectOrientation(6, builder.bytes(), "compressed")
            builder.chunksAfter = [("eXIf", Self.exif(3))]
            try expectOrientation(3, builder.bytes(), "with EXIF")
            builder.chunksAfter = []
        }
        builder.chunksBefore = [("iTXt", Array("XML:com.adobe.xmp\0\0\0\0\0tiff:Orientation=\"x\"".utf8))]
        try expectOrientation(1, builder.bytes(), "no digit")
    }

    @Test("EXIF in hexadecimal text, as ImageMagick wrote it")
    func rawProfile() throws {
        let digits = Self.exif(7, prefix: "Exif\0\0").map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }
        let text = "\nexif\n      32\n" + digits[..<16].joined() + "\n" + digits[16...].joined() + "\n"
        var builder = Self.stored
        builder.chunksBefore = [("tEXt", Array("Raw profile type exif\0\(text)".utf8))]
        try expectOrientation(7, builder.bytes(), "plain")
        let compressed = PNGBuilder.deflated(Array(text.utf8))
        builder.chunksBefore = [("zTXt", Array("Raw profile type exif\0\0".utf8) + compressed)]
        try expectOrientation(7, builder.bytes(), "compressed")
    }

    @Test("EXIF and XMP segments of a JPEG file, EXIF in pieces too")
    func jpegSegments() throws {
        let file = try VisionFixtures.bytes("decode/files/jpeg-rgb-444.jpg")
        let plain = try ImageDecoder().decode(file).image
        func segment(_ content: [UInt8]) -> [UInt8] {
            [0xFF, 0xE1, UInt8((content.count + 2) >> 8), UInt8((content.count + 2) & 255)] + content
        }
        func expectOrientation(_ orientation: Int, _ segments: [UInt8]) throws {
            let decoded = try ImageDecoder().decode(Array(file[..<2]) + segments + Array(file[2...]))
            #expect(decoded.info.orientation == orientation)
            #expect(decoded.image.difference(from: try Self.upright(plain, orientation)) == nil)
        }
        let block = Self.exif(5, isBigEndian: false)
        let prefix = Array("Exif\0\0".utf8)
        try expectOrientation(5, segment(prefix + block))
        try expectOrientation(5, segment(prefix + block[..<12]) + segment(prefix + block[12...]))
        try expectOrientation(5, [0xFF] + segment(prefix + block))
        let packet = Array("http://ns.adobe.com/xap/1.0/\0<tiff:Orientation>4<".utf8)
        try expectOrientation(4, segment(packet))
        try expectOrientation(5, segment(packet) + segment(prefix + block))
    }

    @Test("Damaged metadata leave the image as it is stored, with a note")
    func damagedMetadata() throws {
        var builder = Self.stored
        let whole = Self.exif(6)
        for block in [
            Array("no TIFF".utf8), Array(whole[..<9]), Array(whole[..<15]), Self.exif(6, type: 3, count: 3).dropLast(6),
        ] {
            builder.chunksBefore = [("eXIf", block)]
            let decoded = try ImageDecoder().decode(builder.bytes())
            #expect(decoded.info.orientation == 1)
            #expect(decoded.notes == [.metadataDamaged])
        }
        builder.chunksBefore = [("eXIf", [])]
        #expect(try ImageDecoder().decode(builder.bytes()).notes.isEmpty)
        // A directory that points at itself or far away ends at once.
        builder.chunksBefore = [("eXIf", [0x4D, 0x4D, 0, 0x2A, 0xFF, 0xFF, 0xFF, 0xFF])]
        #expect(try ImageDecoder().decode(builder.bytes()).notes == [.metadataDamaged])
    }
}
