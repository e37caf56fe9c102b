// Files that ask for more than they may: refused by their headers, or read in little memory.
import Glibc
import Testing

@testable import InputProcessing

@Suite("Image limits")
struct ImageLimitsTests {
    private func problemOfDecoding(
        _ bytes: [UInt8],
        _ limits: ImageLimits = ImageLimits()
    ) -> ImageError.Problem? {
        problem { () throws(ImageError) in try ImageDecoder(limits: limits).decode(bytes) }
    }

    @Test("A header may claim any size: it is refused before anything is allocated")
    func claimedSizes() throws {
        var builder = PNGBuilder.random(width: 1, height: 1)
        for (width, height) in [(100_000, 100_000), (0x7FFF_FFFF, 0x7FFF_FFFF), (0xFFFF_FFFF, 0xFFFF_FFFF)] {
            builder.width = width
            builder.height = height
            builder.compressedRows = [0]
            let expected = ImageError.Problem.tooManyPixels(width: width, height: height, limit: 89_478_485)
            #expect(problemOfDecoding(builder.bytes()) == expected)
        }
        builder.height = 0
        #expect(problemOfDecoding(builder.bytes()) == .zeroSize(width: 0xFFFF_FFFF, height: 0))
        #expect(
            problem { () throws(ImageError) in try ImageDecoder().info(of: builder.bytes()) }
                == .zeroSize(width: 0xFFFF_FFFF, height: 0)
        )
        // The largest canvas of an extended WebP file: 2^24 squared.
        let canvas = [UInt8](repeating: 0xFF, count: 6)
        let picture = Array("VP8L\u{6}\0\0\0\u{2F}\0\0\0\0\0".utf8)
        let webp = Array("RIFF\u{24}\0\0\0WEBPVP8X\u{0A}\0\0\0\0\0\0\0".utf8) + canvas + picture
        let side = 1 << 24
        #expect(problemOfDecoding(webp) == .tooManyPixels(width: side, height: side, limit: 89_478_485))
    }

    @Test("Pixels are bounded inclusively, whatever the format")
    func pixelLimit() throws {
        for file in try VisionFixtures.smallFiles() {
            let info = try ImageDecoder().info(of: file.bytes)
            let pixels = info.width * info.height
            #expect(problemOfDecoding(file.bytes, ImageLimits(maximumPixels: pixels)) == nil)
            #expect(
                problemOfDecoding(file.bytes, ImageLimits(maximumPixels: pixels - 1))
                    == .tooManyPixels(width: info.storedWidth, height: info.storedHeight, limit: pixels - 1)
            )
        }
    }

    @Test("The file's size is bounded inclusively, and empty files are refused")
    func fileLimit() throws {
        let bytes = PNGBuilder.random(width: 3, height: 3).bytes()
        #expect(problemOfDecoding(bytes, ImageLimits(maximumFileBytes: bytes.count)) == nil)
        #expect(
            problemOfDecoding(bytes, ImageLimits(maximumFileBytes: bytes.count - 1))
                == .fileTooLarge(bytes: bytes.count, limit: bytes.count - 1)
        )
        #expect(problemOfDecoding([]) == .empty)
    }

    @Test("The aspect ratio is bounded at 200, as in smart_resize")
    func aspectLimit() throws {
        #expect(problemOfDecoding(PNGBuilder.random(width: 200, height: 1).bytes()) == nil)
        #expect(problemOfDecoding(PNGBuilder.random(width: 1, height: 200).bytes()) == nil)
        #expect(
            problemOfDecoding(PNGBuilder.random(width: 201, height: 1).bytes())
                == .aspectRatio(width: 201, height: 1, limit: 200)
        )
        #expect(
            problemOfDecoding(PNGBuilder.random(width: 1, height: 201).bytes())
                == .aspectRatio(width: 1, height: 201, limit: 200)
        )
    }

    /// Lets this process allocate only `megabytes` more than it has.
    private static func limitMemory(megabytes: Int) {
        guard let file = fopen("/proc/self/statm", "r") else { exit(2) }
        var pages = 0
        var digit = fgetc(file)
        while digit >= 0x30, digit <= 0x39 {
            pages = pages * 10 + Int(digit) - 0x30
            digit = fgetc(file)
        }
        fclose(file)
        let bytes = rlim_t(pages * Int(getpagesize()) + megabytes << 20)
        var limit = rlimit(rlim_cur: bytes, rlim_max: bytes)
        if setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) != 0 { exit(3) }
    }

    @Test("Chunks that inflate to 128 MB do not here: pixels, text and profile, in 48 MB")
    func inflationBombs() async {
        await #expect(processExitsWith: .success) {
            let zeros = [UInt8](repeating: 0, count: 1 << 27)
            let bomb = PNGBuilder.deflated(zeros)
            var plain = PNGBuilder.random(width: 4, height: 4)
            let expected = try ImageDecoder().decode(plain.bytes()).image
            plain.chunksBefore = [
                ("iCCP", Array("p\0\0".utf8) + bomb), ("zTXt", Array("Raw profile type exif\0\0".utf8) + bomb),
                ("iTXt", Array("XML:com.adobe.xmp\0\u{1}\0\0\0".utf8) + bomb),
            ]
            let files = [plain.bytes()]
            var pixels = PNGBuilder.random(width: 4, height: 4)
            pixels.compressedRows = bomb
            let pixelFile = pixels.bytes()
            ImageLimitsTests.limitMemory(megabytes: 48)
            for file in files {
                let decoded = try ImageDecoder().decode(file)
                #expect(decoded.image.difference(from: expected) == nil)
            }
            // More rows than the image has: the surplus is not inflated.
            #expect(try ImageDecoder().decode(pixelFile).image.pixels == [UInt8](repeating: 0, count: 48))
        }
    }

    @Test("Thousands of compressed texts cost one inflation")
    func manyTexts() throws {
        let bomb = Array("Raw profile type exif\0\0".utf8) + PNGBuilder.deflated([UInt8](repeating: 32, count: 1 << 20))
        var builder = PNGBuilder.random(width: 4, height: 4)
        builder.chunksBefore = [(type: String, content: [UInt8])](repeating: ("zTXt", bomb), count: 5000)
        #expect(problemOfDecoding(builder.bytes()) == nil)
    }
}
