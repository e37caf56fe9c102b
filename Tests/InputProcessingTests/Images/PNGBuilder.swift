// Writes PNG files of every colour type, bit depth and interlacing for the tests, which no image library does.
// Not an encoder to use elsewhere: rows are not filtered.
import CImageLibraries
import TestRandomness

@testable import InputProcessing

struct PNGBuilder {
    enum ColorType: Int, CaseIterable {
        case grey = 0
        case rgb = 2
        case palette = 3
        case greyAlpha = 4
        case rgba = 6

        var channels: Int {
            switch self {
            case .grey, .palette: 1
            case .greyAlpha: 2
            case .rgb: 3
            case .rgba: 4
            }
        }

        var depths: [Int] {
            switch self {
            case .grey: [1, 2, 4, 8, 16]
            case .palette: [1, 2, 4, 8]
            case .rgb, .greyAlpha, .rgba: [8, 16]
            }
        }
    }

    var width: Int
    var height: Int
    var colorType = ColorType.rgb
    var depth = 8
    var isInterlaced = false
    /// `[height, width, channels]`
    var samples: [Int] = []
    var palette: [UInt8]?
    var transparency: [UInt8]?
    /// Chunks between the header and the pixels, and behind the pixels.
    var chunksBefore: [(type: String, content: [UInt8])] = []
    var chunksAfter: [(type: String, content: [UInt8])] = []
    /// What stands in the place of the compressed rows, if not nil.
    var compressedRows: [UInt8]?

    /// A builder of random samples.
    static func random(
        width: Int,
        height: Int,
        colorType: ColorType = .rgb,
        depth: Int = 8,
        isInterlaced: Bool = false,
        seed: UInt64 = 1
    ) -> PNGBuilder {
        var generator = SeededGenerator(seed: seed)
        var builder = PNGBuilder(width: width, height: height, colorType: colorType, depth: depth)
        builder.isInterlaced = isInterlaced
        builder.samples = (0..<width * height * colorType.channels).map { _ in
            Int.random(in: 0..<1 << depth, using: &generator)
        }
        return builder
    }

    func sample(_ x: Int, _ y: Int, _ channel: Int) -> Int {
        samples[(y * width + x) * colorType.channels + channel]
    }

    func bytes() -> [UInt8] {
        var header = bigEndian(width) + bigEndian(height)
        header += [UInt8(depth), UInt8(colorType.rawValue), 0, 0, isInterlaced ? 1 : 0]
        var file: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
        file += Self.chunk("IHDR", header)
        for chunk in chunksBefore { file += Self.chunk(chunk.type, chunk.content) }
        if let palette { file += Self.chunk("PLTE", palette) }
        if let transparency { file += Self.chunk("tRNS", transparency) }
        file += Self.chunk("IDAT", compressedRows ?? Self.deflated(rows()))
        for chunk in chunksAfter { file += Self.chunk(chunk.type, chunk.content) }
        return file + Self.chunk("IEND", [])
    }

    static func chunk(_ type: String, _ content: [UInt8]) -> [UInt8] {
        let body = Array(type.utf8) + content
        let checksum = body.withUnsafeBufferPointer { crc32(0, $0.baseAddress, UInt32($0.count)) }
        return PNGBuilder.bigEndian(content.count) + body + PNGBuilder.bigEndian(Int(checksum))
    }

    static func deflated(_ bytes: [UInt8]) -> [UInt8] {
        var count = compressBound(UInt(bytes.count))
        return [UInt8](unsafeUninitializedCapacity: Int(count)) { buffer, initializedCount in
            let result = compress2(buffer.baseAddress, &count, bytes, UInt(bytes.count), 9)
            precondition(result == Z_OK)
            initializedCount = Int(count)
        }
    }

    static func bigEndian(_ value: Int) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
    }

    private func bigEndian(_ value: Int) -> [UInt8] { Self.bigEndian(value) }

    /// The seven passes of Adam7, or the one of an image that is not interlaced: first column, first row, steps.
    private var passes: [(x: Int, y: Int, stepX: Int, stepY: Int)] {
        guard isInterlaced else { return [(0, 0, 1, 1)] }
        return [
            (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2),
        ]
    }

    private func rows() -> [UInt8] {
        var bytes: [UInt8] = []
        for pass in passes where pass.x < width {
            for y in stride(from: pass.y, to: height, by: pass.stepY) {
                bytes.append(0)
                bytes += packed(row: stride(from: pass.x, to: width, by: pass.stepX).map { x in (x, y) })
            }
        }
        return bytes
    }

    private func packed(row: [(x: Int, y: Int)]) -> [UInt8] {
        var bits: [Int] = []
        for place in row {
            for channel in 0..<colorType.channels {
                let value = sample(place.x, place.y, channel)
                for bit in (0..<depth).reversed() { bits.append(value >> bit & 1) }
            }
        }
        bits += [Int](repeating: 0, count: (8 - bits.count % 8) % 8)
        return stride(from: 0, to: bits.count, by: 8).map { start in
            UInt8(bits[start..<start + 8].reduce(0) { $0 << 1 | $1 })
        }
    }
}
