// PNG in every colour type, bit depth and interlacing, against conversions written down here a second time.
import Testing

@testable import InputProcessing

@Suite("PNG decoding")
struct PNGDecodingTests {
    private static let sizes = [(1, 1), (7, 5), (8, 8), (33, 17), (2, 9), (9, 2)]

    @Test("Opaque samples of every type, depth, interlacing and size", arguments: PNGBuilder.ColorType.allCases)
    func opaqueSamples(_ colorType: PNGBuilder.ColorType) throws {
        let decoder = ImageDecoder(
            conversion: PixelConversion(transparency: .dropped, sixteenBitGrey: .upperByte)
        )
        for depth in colorType.depths {
            for isInterlaced in [false, true] {
                for (width, height) in Self.sizes {
                    var builder = PNGBuilder.random(
                        width: width,
                        height: height,
                        colorType: colorType,
                        depth: depth,
                        isInterlaced: isInterlaced
                    )
                    if colorType == .palette { builder.palette = Self.palette(colors: 1 << depth) }
                    let decoded = try decoder.decode(builder.bytes())
                    let expected = try Self.image(of: builder)
                    let difference = decoded.image.difference(from: expected)
                    #expect(difference == nil, "depth \(depth), interlaced \(isInterlaced), \(width) x \(height)")
                    #expect(decoded.info.format == .png)
                }
            }
        }
    }

    @Test("Grey of 16 bits is clipped as in the reference, and said to be")
    func clippedGrey() throws {
        var builder = PNGBuilder.random(width: 4, height: 1, colorType: .grey, depth: 16)
        builder.samples = [0, 255, 256, 65535]
        let decoded = try ImageDecoder().decode(builder.bytes())
        #expect(decoded.image.pixels == [0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255])
        #expect(decoded.notes == [.sixteenBitGreyClipped])
    }

    @Test("Every colour over white with every alpha is within 0.51 of the exact value")
    func everyAlpha() throws {
        var builder = PNGBuilder.random(width: 256, height: 256, colorType: .rgba)
        builder.samples = []
        for alpha in 0..<256 {
            for value in 0..<256 { builder.samples += [value, 255 - value, value, alpha] }
        }
        let decoded = try ImageDecoder().decode(builder.bytes())
        var worst = 0.0
        let pixels = decoded.image.pixels
        for (index, byte) in pixels.enumerated() {
            let sample = index / 3 * 4 + index % 3
            let alpha = Double(builder.samples[index / 3 * 4 + 3]) / 255
            let exact = 255 - alpha * Double(255 - builder.samples[sample])
            worst = max(worst, abs(exact - Double(byte)))
        }
        #expect(worst <= 0.51)
        #expect(decoded.notes.isEmpty)
        let dropping = ImageDecoder(conversion: PixelConversion(transparency: .dropped))
        let dropped = try dropping.decode(builder.bytes())
        #expect(dropped.image.difference(from: try Self.image(of: builder)) == nil)
        #expect(dropped.notes == [.transparencyDropped])
    }

    @Test("Palette entries with alpha: over white by index; dropped, one hole whitens its colour, several do nothing")
    func palettesWithAlpha() throws {
        var builder = PNGBuilder(width: 4, height: 1, colorType: .palette, depth: 2, samples: [0, 1, 2, 3])
        builder.palette = [10, 20, 30, 40, 50, 60, 10, 20, 30]
        let black: [UInt8] = [0, 0, 0]
        let white: [UInt8] = [255, 255, 255]
        let dropping = ImageDecoder(conversion: PixelConversion(transparency: .dropped))
        // Index 3 is beyond the palette, and so black.
        builder.transparency = [0]
        #expect(try pixels(builder) == white + [40, 50, 60, 10, 20, 30] + black)
        #expect(try pixels(builder, dropping) == white + [40, 50, 60] + white + black)
        builder.transparency = [0, 128]
        #expect(try pixels(builder) == white + [147, 152, 157, 10, 20, 30] + black)
        #expect(try pixels(builder, dropping) == [10, 20, 30, 40, 50, 60, 10, 20, 30] + black)
    }

    @Test("A transparent colour becomes white, compared as Pillow compares it")
    func transparentColors() throws {
        let dropping = ImageDecoder(conversion: PixelConversion(transparency: .dropped))
        var rgb = PNGBuilder(width: 2, height: 1, samples: [1, 2, 3, 4, 5, 6])
        rgb.transparency = [0, 1, 0, 2, 0, 3]
        #expect(try pixels(rgb) == [255, 255, 255, 4, 5, 6])
        #expect(try pixels(rgb, dropping) == [255, 255, 255, 4, 5, 6])
        // A 2-bit grey key is not spread over a byte before it is compared: level 3 is 255, the key stays 3.
        var grey = PNGBuilder(width: 2, height: 1, colorType: .grey, depth: 2, samples: [0, 3])
        grey.transparency = [0, 3]
        #expect(try pixels(grey) == [0, 0, 0, 255, 255, 255])
        grey.transparency = [0, 0]
        #expect(try pixels(grey) == [255, 255, 255, 255, 255, 255])
        var bilevel = PNGBuilder(width: 2, height: 1, colorType: .grey, depth: 1, samples: [0, 1])
        bilevel.transparency = [0, 0]
        #expect(try pixels(bilevel) == [255, 255, 255, 255, 255, 255])
        bilevel.transparency = [0, 1]
        #expect(try pixels(bilevel, dropping) == [0, 0, 0, 255, 255, 255])
    }

    @Test("Text, profiles and unknown chunks do not matter; a missing end does not either")
    func otherChunks() throws {
        var builder = PNGBuilder.random(width: 9, height: 4)
        let plain = try ImageDecoder().decode(builder.bytes())
        builder.chunksBefore = [
            ("gAMA", [0, 0, 0, 1]), ("iCCP", Array("profile\0\0not a profile".utf8)), ("tEXt", Array("a\0b".utf8)),
            ("prVt", [1, 2, 3]), ("bKGD", []),
        ]
        builder.chunksAfter = [("tEXt", Array("c\0d".utf8))]
        let decoded = try ImageDecoder().decode(builder.bytes())
        #expect(decoded.image.difference(from: plain.image) == nil)
        #expect(decoded.notes == [.colorProfileIgnored])
        let withoutEnd = Array(builder.bytes().dropLast(12))
        #expect(try ImageDecoder().decode(withoutEnd).image.difference(from: plain.image) == nil)
    }

    @Test("Wrong checksums, short data and impossible headers are damage")
    func damage() throws {
        func isDamaged(_ bytes: [UInt8]) -> Bool {
            if case .damaged(.png, let detail) = problem({ () throws(ImageError) in try ImageDecoder().decode(bytes) })
            {
                return !detail.isEmpty
            }
            return false
        }
        let builder = PNGBuilder.random(width: 9, height: 4)
        var wrongChecksum = builder.bytes()
        wrongChecksum[wrongChecksum.count - 13] ^= 1
        #expect(isDamaged(wrongChecksum))
        var short = builder
        short.compressedRows = PNGBuilder.deflated([0, 1, 2, 3])
        #expect(isDamaged(short.bytes()))
        var notDeflated = builder
        notDeflated.compressedRows = [1, 2, 3, 4, 5, 6, 7, 8]
        #expect(isDamaged(notDeflated.bytes()))
        var strangeDepth = builder
        strangeDepth.depth = 3
        #expect(isDamaged(strangeDepth.bytes()))
        var withoutPalette = PNGBuilder.random(width: 2, height: 2, colorType: .palette)
        withoutPalette.palette = nil
        #expect(isDamaged(withoutPalette.bytes()))
        var secondHeader = builder
        secondHeader.chunksBefore = [("IHDR", Array(builder.bytes()[16..<29]))]
        #expect(isDamaged(secondHeader.bytes()))
        #expect(isDamaged(Array(builder.bytes()[..<8]) + PNGBuilder.chunk("IDAT", [UInt8](repeating: 0, count: 30))))
    }

    private func pixels(_ builder: PNGBuilder, _ decoder: ImageDecoder = ImageDecoder()) throws -> [UInt8] {
        try decoder.decode(builder.bytes()).image.pixels
    }

    private static func palette(colors: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        for index in 0..<colors { bytes += [UInt8(index * 7 % 256), UInt8(255 - index), UInt8(index * 31 % 256)] }
        return bytes
    }

    /// What the samples mean, alpha left out and 16 bits cut to the upper eight.
    private static func image(of builder: PNGBuilder) throws -> RGBImage {
        let largest = (1 << builder.depth) - 1
        let pixels: [UInt8] = (0..<builder.width * builder.height).flatMap { place -> [UInt8] in
            let (y, x) = place.quotientAndRemainder(dividingBy: builder.width)
            func byte(_ channel: Int) -> UInt8 {
                let sample = builder.sample(x, y, channel)
                return builder.depth == 16 ? UInt8(sample >> 8) : UInt8(sample * 255 / largest)
            }
            switch builder.colorType {
            case .grey, .greyAlpha: return [byte(0), byte(0), byte(0)]
            case .rgb, .rgba: return [byte(0), byte(1), byte(2)]
            case .palette:
                let index = builder.sample(x, y, 0)
                return Array((builder.palette ?? [])[index * 3..<index * 3 + 3])
            }
        }
        guard let image = RGBImage(width: builder.width, height: builder.height, pixels: pixels) else {
            throw FixtureError(description: "the samples do not make an image")
        }
        return image
    }
}
