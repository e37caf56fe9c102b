// Images against the committed outputs of Pillow 13 and transformers 5.23: every byte and every float must be equal.
import JSONText
import Testing

@testable import InputProcessing

@Suite("Images against the reference's outputs")
struct ImageFixtureTests {
    @Test("Every image file decodes to the reference's pixels")
    func decoding() throws {
        let files = try VisionFixtures.json("decode/decode.json").require("files", \.array)
        #expect(files.count >= 49)
        for file in files {
            let name = try file.require("file", \.string)
            let bytes = try VisionFixtures.bytes("decode/\(name)")
            let expected = try VisionFixtures.image("decode/\(try file.require("expected", \.string))")
            let decoded = try ImageDecoder().decode(bytes)
            #expect(decoded.image.difference(from: expected) == nil, "\(name)")
            #expect(decoded.info.width == (try file.require("width", \.integer)), "\(name)")
            #expect(decoded.info.height == (try file.require("height", \.integer)), "\(name)")
            #expect(try ImageDecoder().info(of: bytes) == decoded.info, "\(name)")
            if let highBytes = file["expected_high_bytes"]?.string {
                let decoder = ImageDecoder(conversion: PixelConversion(sixteenBitGrey: .upperByte))
                let legible = try VisionFixtures.image("decode/\(highBytes)")
                #expect(try decoder.decode(bytes).image.difference(from: legible) == nil, "\(name)")
                #expect(decoded.notes == [.sixteenBitGreyClipped])
                #expect(decoded.image.difference(from: legible) != nil)
            }
        }
    }

    @Test("Bicubic resizing gives Pillow's bytes")
    func bicubic() throws {
        let images = try VisionFixtures.json("bicubic/bicubic.json").require("images", \.array)
        #expect(images.count >= 12)
        for entry in images {
            let name = try entry.require("output", \.string)
            let source = try VisionFixtures.image("bicubic/\(try entry.require("input", \.string))")
            let expected = try VisionFixtures.image("bicubic/\(name)")
            let width = try entry.require("width", \.integer)
            let height = try entry.require("height", \.integer)
            let resampler = try ImageResampler(
                sourceWidth: source.width,
                sourceHeight: source.height,
                width: width,
                height: height,
                filter: .bicubic
            )
            #expect(resampler.resize(source).difference(from: expected) == nil, "\(name)")
        }
    }

    @Test("smart_resize gives the reference's sizes, and refuses what it refuses")
    func smartResizing() throws {
        let cases = try VisionFixtures.json("smart-resize.json").require("cases", \.array)
        #expect(cases.count >= 200)
        for entry in cases {
            func integer(_ key: String) throws -> Int { try entry.require(key, \.integer) }
            let height = try integer("height")
            let width = try integer("width")
            func resized() throws(ImageError) -> (height: Int, width: Int) {
                try smartResize(
                    height: height,
                    width: width,
                    factor: entry["factor"]?.integer ?? 0,
                    minimumPixels: entry["min_pixels"]?.integer ?? 0,
                    maximumPixels: entry["max_pixels"]?.integer ?? 0
                )
            }
            if entry["error"] != nil {
                #expect(problem(resized) == .aspectRatio(width: width, height: height, limit: 200))
            } else {
                let expected = (try integer("out_height"), try integer("out_width"))
                #expect(try resized() == expected, "\(height) x \(width)")
            }
        }
    }

    @Test("Whole images give the reference's patches, bit by bit")
    func patches() throws {
        let images = try VisionFixtures.json("pixel-values/pixel-values.json").require("images", \.array)
        #expect(images.count >= 3)
        for entry in images {
            let name = try entry.require("name", \.string)
            let image = try VisionFixtures.image("pixel-values/\(try entry.require("image", \.string))")
            let configuration = ImageProcessorConfiguration(
                patchSize: try entry.require("patch_size", \.integer),
                temporalPatchSize: try entry.require("temporal_patch_size", \.integer),
                mergeSize: try entry.require("merge_size", \.integer),
                minimumPixels: try entry.require("min_pixels", \.integer),
                maximumPixels: try entry.require("max_pixels", \.integer)
            )
            let patched = try ImageProcessor(configuration).process(image)
            let grid = try entry.require("image_grid_thw", \.array).compactMap(\.integer)
            #expect([patched.grid.temporal, patched.grid.height, patched.grid.width] == grid)
            let expected = try Self.onlyTensor(of: "pixel-values/\(try entry.require("tensors", \.string))")
            #expect(patched.patches.count == expected.count, "\(name)")
            let differing = zip(patched.patches, expected).count { $0.bitPattern != $1.bitPattern }
            #expect(differing == 0, "\(name)")
        }
    }

    /// The floats of a safetensors file that holds one f32 tensor.
    private static func onlyTensor(of name: String) throws -> [Float] {
        let bytes = try VisionFixtures.bytes(name)
        let headerLength = bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        let header = try JSONDocument(Array(bytes[8..<8 + headerLength])).root
        let tensors = (header.object ?? []).filter { $0.key != "__metadata__" }
        guard tensors.count == 1, tensors[0].value["dtype"]?.string == "F32",
            let offsets = tensors[0].value["data_offsets"]?.array?.compactMap(\.integer), offsets.count == 2
        else { throw FixtureError(description: "\(name) does not hold one f32 tensor") }
        let data = bytes[(8 + headerLength + offsets[0])..<(8 + headerLength + offsets[1])]
        return stride(from: data.startIndex, to: data.endIndex, by: 4).map { start in
            Float(bitPattern: data[start..<start + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) })
        }
    }
}
