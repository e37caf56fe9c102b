// What the fixtures do not have of JPEG and WebP: odd headers, many scans, animations.
import Testing

@testable import InputProcessing

@Suite("JPEG and WebP")
struct JPEGAndWebPTests {
    private func decoded(_ bytes: [UInt8]) throws -> DecodedImage { try ImageDecoder().decode(bytes) }

    /// The segments of a JPEG file as (marker, first byte of the marker, end of the segment without its scan data).
    private func segments(of file: [UInt8]) -> [(marker: UInt8, start: Int, end: Int)] {
        var found: [(marker: UInt8, start: Int, end: Int)] = []
        var offset = 2
        while offset + 3 < file.count {
            if file[offset] == 0xFF, file[offset + 1] != 0, !(0xD0...0xD9).contains(file[offset + 1]) {
                let length = Int(file[offset + 2]) << 8 | Int(file[offset + 3])
                found.append((file[offset + 1], offset, offset + 2 + length))
                offset += 2 + length
            } else {
                offset += 1
            }
        }
        return found
    }

    @Test("A progressive JPEG of a thousand scans is refused, not worked through")
    func manyScans() throws {
        let file = try VisionFixtures.bytes("decode/files/jpeg-progressive.jpg")
        let scans = segments(of: file).filter { $0.marker == 0xDA }
        let last = try #require(scans.last)
        #expect(scans.count > 3)
        let scan = Array(file[last.start..<file.count - 2])
        let bomb = file[..<(file.count - 2)] + (0..<1000).flatMap { _ in scan } + [0xFF, 0xD9]
        #expect(
            problem { () throws(ImageError) in try ImageDecoder().decode(Array(bomb)) }
                == .unsupported(.jpeg, detail: "it has more scans than any encoder writes")
        )
    }

    @Test("Sample depths and component counts that are not read say so")
    func unsupportedFrames() throws {
        let file = try VisionFixtures.bytes("decode/files/jpeg-rgb-444.jpg")
        let frame = try #require(segments(of: file).first { $0.marker == 0xC0 })
        var deep = file
        deep[frame.start + 4] = 12
        #expect(
            problem { () throws(ImageError) in try ImageDecoder().decode(deep) }
                == .unsupported(.jpeg, detail: "its samples have 12 bits; samples of 8 bits are read")
        )
        var two = file
        two[frame.start + 9] = 2
        let detail = "it has 2 components; 1 (grey), 3 (colour) and 4 (CMYK) are read"
        #expect(
            problem { () throws(ImageError) in try ImageDecoder().decode(two) }
                == .unsupported(.jpeg, detail: detail)
        )
        var lossless = file
        lossless[frame.start + 1] = 0xC3
        guard case .unsupported(.jpeg, _) = problem({ () throws(ImageError) in try ImageDecoder().decode(lossless) })
        else { throw FixtureError(description: "a lossless frame was not refused as unsupported") }
    }

    @Test("Bytes between segments and behind the image are skipped, and what the codec repairs is noted")
    func extraneousBytes() throws {
        let file = try VisionFixtures.bytes("decode/files/jpeg-rgb-420.jpg")
        let plain = try decoded(file)
        #expect(plain.notes.isEmpty)
        #expect(try decoded(file + [1, 2, 3]).image.difference(from: plain.image) == nil)
        let spaced = file[..<(file.count - 2)] + [0x11, 0x22] + file[(file.count - 2)...]
        #expect(try decoded(Array(spaced)).image.difference(from: plain.image) == nil)
        // Data that end early with a proper end marker: libjpeg goes on with grey, as it does for Pillow.
        let scan = try #require(segments(of: file).first { $0.marker == 0xDA })
        let cut = try decoded(Array(file[..<(scan.end + 20)]) + [0xFF, 0xD9])
        guard case .codecWarnings(let count, let first) = cut.notes.first else {
            throw FixtureError(description: "no warning on a scan that ends early")
        }
        #expect(count > 0 && first.contains("premature end"))
    }

    @Test("Two frame headers of different sizes are damage, not an overflow")
    func twoFrames() throws {
        let file = try VisionFixtures.bytes("decode/files/jpeg-rgb-444.jpg")
        let frame = try #require(segments(of: file).first { $0.marker == 0xC0 })
        var larger = Array(file[frame.start..<frame.end])
        larger[5] = 1
        for second in [larger + file[frame.start..<frame.end], Array(file[frame.start..<frame.end]) + larger] {
            let bytes = Array(file[..<frame.start]) + second + Array(file[frame.end...])
            guard case .damaged(.jpeg, _) = problem({ () throws(ImageError) in try ImageDecoder().decode(bytes) })
            else {
                throw FixtureError(description: "two frames were not refused")
            }
        }
    }

    /// A RIFF file of the given chunks.
    private func webp(_ chunks: [(type: String, content: [UInt8])]) -> [UInt8] {
        var body = Array("WEBP".utf8)
        for chunk in chunks {
            body += Array(chunk.type.utf8) + littleEndian(chunk.content.count, 4) + chunk.content
            if chunk.content.count % 2 == 1 { body.append(0) }
        }
        return Array("RIFF".utf8) + littleEndian(body.count, 4) + body
    }

    private func littleEndian(_ value: Int, _ byteCount: Int) -> [UInt8] {
        (0..<byteCount).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    /// An animation whose first frame is the image of `still` at (x, y) of a canvas.
    private func animation(
        of still: [UInt8],
        width: Int,
        height: Int,
        x: Int,
        y: Int,
        canvasWidth: Int,
        canvasHeight: Int
    ) -> [UInt8] {
        let bitstream = Array(still[12...])
        let place = littleEndian(x / 2, 3) + littleEndian(y / 2, 3)
        let frame = place + littleEndian(width - 1, 3) + littleEndian(height - 1, 3) + [100, 0, 0, 0] + bitstream
        let header = [0x12, 0, 0, 0] + littleEndian(canvasWidth - 1, 3) + littleEndian(canvasHeight - 1, 3)
        return webp([("VP8X", header), ("ANIM", [0, 0, 0, 0, 0, 0]), ("ANMF", frame), ("ANMF", frame)])
    }

    @Test("The first frame of an animation lies on a transparent canvas")
    func animations() throws {
        let still = try VisionFixtures.bytes("decode/files/webp-lossless.webp")
        #expect(still[12..<16].elementsEqual("VP8L".utf8))
        let picture = try decoded(still).image
        for (transparency, outside) in [(PixelConversion.Transparency.overWhite, UInt8(255)), (.dropped, 0)] {
            let decoder = ImageDecoder(conversion: PixelConversion(transparency: transparency))
            let canvas: ArraySlice<UInt8> = [outside, outside, outside]
            let file = animation(
                of: still,
                width: picture.width,
                height: picture.height,
                x: 4,
                y: 2,
                canvasWidth: picture.width + 7,
                canvasHeight: picture.height + 5
            )
            let decoded = try decoder.decode(file)
            #expect(decoded.info.isAnimated)
            #expect(decoded.notes.contains(.firstPictureOfAnimation))
            #expect(decoded.image.width == picture.width + 7 && decoded.image.height == picture.height + 5)
            for y in 0..<decoded.image.height {
                for x in 0..<decoded.image.width {
                    let isInside = (4..<4 + picture.width).contains(x) && (2..<2 + picture.height).contains(y)
                    let expected = isInside ? picture.pixel(x - 4, y - 2) : canvas
                    guard decoded.image.pixel(x, y) == expected else {
                        throw FixtureError(description: "\(transparency) differs at (\(x), \(y))")
                    }
                }
            }
        }
    }

    @Test("Frames that leave the canvas or lie about their size are damage")
    func lyingFrames() throws {
        let still = try VisionFixtures.bytes("decode/files/webp-lossless.webp")
        let picture = try decoded(still).image
        func isDamaged(_ bytes: [UInt8]) -> Bool {
            if case .damaged(.webp, _) = problem({ () throws(ImageError) in try ImageDecoder().decode(bytes) }) {
                return true
            }
            return false
        }
        let (width, height) = (picture.width, picture.height)
        #expect(
            isDamaged(
                animation(of: still, width: width, height: height, x: 2, y: 0, canvasWidth: width, canvasHeight: height)
            )
        )
        #expect(
            isDamaged(
                animation(
                    of: still,
                    width: width - 1,
                    height: height,
                    x: 0,
                    y: 0,
                    canvasWidth: width,
                    canvasHeight: height
                )
            )
        )
        #expect(isDamaged(webp([("VP8X", [2, 0, 0, 0, 9, 0, 0, 9, 0, 0]), ("ANIM", [0, 0, 0, 0, 0, 0])])))
        #expect(isDamaged(webp([("VP8X", [0, 0, 0, 0, 9, 0, 0, 9, 0, 0]), ("VP8L", Array(still[20...]))])))
        #expect(isDamaged(webp([("JUNK", [UInt8](repeating: 0, count: 30))])))
    }
}
