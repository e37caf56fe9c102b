// Truncated and damaged files: an error or an image, never a crash. `Scripts/fuzz 100` does 100 times as much.
import TestRandomness
import Testing

@testable import InputProcessing

@Suite("Images under damage")
struct ImageFuzzTests {
    @Test("A file cut at any length is an error or the whole image")
    func truncation() throws {
        for file in try VisionFixtures.smallFiles() {
            let whole = try ImageDecoder().decode(file.bytes).image
            var wholeImages = 0
            for length in 0..<file.bytes.count {
                do {
                    let cut = try ImageDecoder().decode(Array(file.bytes[..<length]))
                    wholeImages += 1
                    #expect(cut.image.difference(from: whole) == nil, "\(file.name) cut to \(length) bytes")
                } catch {
                    #expect(!error.description.isEmpty)
                }
            }
            // Only what follows the last pixel may be missing: at most PNG's last chunk.
            #expect(wholeImages <= 12, "\(file.name)")
        }
    }

    @Test("Random damage to every kind of file", arguments: 0..<18)
    func damage(_ seed: Int) throws {
        let files = try VisionFixtures.smallFiles()
        let file = files[seed % files.count]
        var generator = SeededGenerator(seed: UInt64(seed))
        for _ in 0..<200 * FuzzRounds.factor {
            let damaged = ImageFuzzing.damaged(file.bytes, using: &generator)
            if let broken = ImageFuzzing.brokenPromise(on: damaged) {
                Issue.record("\(file.name): \(broken); the bytes are \(damaged)")
            }
        }
    }

    @Test("Random bytes behind each signature")
    func noise() {
        var generator = SeededGenerator(seed: 99)
        let signatures: [[UInt8]] = [
            [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], [0xFF, 0xD8, 0xFF],
            Array("RIFF\u{40}\0\0\0WEBPVP8 ".utf8),
            Array("RIFF\u{40}\0\0\0WEBPVP8X".utf8), Array("RIFF\u{40}\0\0\0WEBPVP8L".utf8), [],
        ]
        for signature in signatures {
            for _ in 0..<200 * FuzzRounds.factor {
                let noise = (0..<Int.random(in: 0...100, using: &generator)).map { _ in
                    UInt8.random(in: 0...255, using: &generator)
                }
                #expect(ImageFuzzing.brokenPromise(on: signature + noise) == nil)
            }
        }
    }
}
