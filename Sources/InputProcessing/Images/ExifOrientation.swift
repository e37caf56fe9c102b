// The orientation tag of an EXIF block or an XMP packet; no other metadata.
// Reads what Pillow 13 reads, but takes a damaged block for an absent one where Pillow raises.

/// Finds the orientation (TIFF tag 0x0112) that a photograph should be turned by.
enum ExifOrientation {
    enum Result: Equatable {
        case value(Int)
        case absent
        case damaged
    }

    private static let tag = 0x0112

    /// Reads an EXIF block.
    static func read(_ block: [UInt8]) -> Result {
        block.withUnsafeBytes { read(ByteView($0)) }
    }

    private static func read(_ block: ByteView) -> Result {
        var start = 0
        for _ in 0..<2 where block.hasText("Exif\0\0", at: start) { start += 6 }
        guard let tiff = block.suffix(from: start), tiff.count > 0 else { return .absent }
        let isLittleEndian: Bool
        if tiff.hasText("II*\0", at: 0) || tiff.hasText("II\0*", at: 0) {
            isLittleEndian = true
        } else if tiff.hasText("MM\0*", at: 0) || tiff.hasText("MM*\0", at: 0) {
            isLittleEndian = false
        } else {
            return .damaged
        }
        func field(_ offset: Int, _ byteCount: Int) -> Int? {
            isLittleEndian
                ? tiff.littleEndian(at: offset, byteCount: byteCount)
                : tiff.bigEndian(at: offset, byteCount: byteCount)
        }
        guard let directory = field(4, 4), let entryCount = field(directory, 2) else { return .damaged }
        for index in 0..<entryCount {
            let entry = directory + 2 + index * 12
            guard let entryTag = field(entry, 2), let type = field(entry + 2, 2), let count = field(entry + 4, 4),
                let inlineOffset = field(entry + 8, 4)
            else { return .damaged }
            guard entryTag == tag else { continue }
            // A value of another type turns nothing, but is one: XMP is then not asked.
            guard let integer = IntegerType(rawValue: type), count > 0 else { return .value(0) }
            // Several values: the first counts. They stand elsewhere if they do not fit the entry.
            let offset = count * integer.byteCount > 4 ? inlineOffset : entry + 8
            guard let bits = field(offset, integer.byteCount) else { return .damaged }
            return .value(integer.value(ofBits: bits))
        }
        return .absent
    }

    /// The TIFF types that an orientation is stored in, usually `short`.
    private enum IntegerType: Int {
        case short = 3
        case long = 4
        case signedByte = 6
        case signedShort = 8
        case signedLong = 9
        case directory = 13

        var byteCount: Int {
            switch self {
            case .signedByte: 1
            case .short, .signedShort: 2
            case .long, .signedLong, .directory: 4
            }
        }

        func value(ofBits bits: Int) -> Int {
            switch self {
            case .short, .long, .directory: bits
            case .signedByte: Int(Int8(truncatingIfNeeded: bits))
            case .signedShort: Int(Int16(truncatingIfNeeded: bits))
            case .signedLong: Int(Int32(truncatingIfNeeded: bits))
            }
        }
    }

    /// Reads an XMP packet: the first `tiff:Orientation`, as an attribute or as an element.
    static func read(xmp: [UInt8]) -> Int? {
        xmp.withUnsafeBytes { buffer in
            let packet = ByteView(buffer)
            let name: StaticString = "tiff:Orientation"
            var offset = 0
            while let found = packet.firstOffset(of: name, from: offset) {
                var end = found + name.utf8CodeUnitCount
                offset = end
                if packet.hasText("=\"", at: end) {
                    end += 2
                } else if packet.hasText(">", at: end) {
                    end += 1
                } else {
                    continue
                }
                if let digit = packet.byte(at: end), (0x30...0x39).contains(digit) { return Int(digit) - 0x30 }
            }
            return nil
        }
    }
}
