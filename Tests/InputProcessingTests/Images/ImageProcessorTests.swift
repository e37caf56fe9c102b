// Patches against transformers' reshape and transpose written as index arithmetic, and what configurations may hold.
import TestRandomness
import Testing

@testable import InputProcessing

@Suite("Image processor")
struct ImageProcessorTests {
    /// The patches of an image that needs no resizing, value by value.
    private func plain(_ image: RGBImage, _ configuration: ImageProcessorConfiguration) -> [Float] {
        let patch = configuration.patchSize
        let merge = configuration.mergeSize
        let values: [[Float]] = (0..<3).map { channel in
            (0..<256).map { byte in
                let rescaled = Float(Double(byte) * configuration.rescaleFactor)
                return (rescaled - Float(configuration.mean[channel])) / Float(configuration.standardDeviation[channel])
            }
        }
        var patches: [Float] = []
        for blockRow in 0..<image.height / (patch * merge) {
            for blockColumn in 0..<image.width / (patch * merge) {
                for row in 0..<merge {
                    for column in 0..<merge {
                        for channel in 0..<3 {
                            for _ in 0..<configuration.temporalPatchSize {
                                for y in 0..<patch {
                                    for x in 0..<patch {
                                        let top = (blockRow * merge + row) * patch + y
                                        let left = (blockColumn * merge + column) * patch + x
                                        let byte = image.pixels[(top * image.width + left) * 3 + channel]
                                        patches.append(values[channel][Int(byte)])
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
        return patches
    }

    @Test("Patch sizes, merges and frames of any kind are cut as transformers cuts them")
    func layouts() throws {
        for (patch, merge, temporal) in [(14, 2, 2), (4, 1, 1), (6, 3, 2), (1, 2, 3), (16, 1, 2), (3, 5, 1)] {
            let configuration = ImageProcessorConfiguration(
                patchSize: patch,
                temporalPatchSize: temporal,
                mergeSize: merge,
                minimumPixels: 1,
                maximumPixels: 1 << 24
            )
            let factor = patch * merge
            let image = try RGBImage.random(width: factor * 3, height: factor * 2)
            let patched = try ImageProcessor(configuration).process(image)
            #expect(patched.grid == PatchGrid(temporal: 1, height: merge * 2, width: merge * 3))
            #expect(patched.patchLength == 3 * temporal * patch * patch)
            let expected = plain(image, configuration)
            #expect(patched.patches.count == expected.count)
            let differing = zip(patched.patches, expected).count { $0.bitPattern != $1.bitPattern }
            #expect(differing == 0, "patch \(patch), merge \(merge), frames \(temporal)")
        }
    }

    @Test("A resized image gives the patches of its resized bytes, in any bands, on any threads, into any buffer")
    func bands() throws {
        let configuration = ImageProcessorConfiguration(patchSize: 4, minimumPixels: 64, maximumPixels: 200 * 200)
        let processor = try ImageProcessor(configuration)
        for (width, height) in [(300, 233), (101, 600), (37, 11), (199, 201)] {
            let image = try RGBImage.random(width: width, height: height)
            let plan = try processor.plan(width: width, height: height)
            let resampler = try ImageResampler(
                sourceWidth: width,
                sourceHeight: height,
                width: plan.resizedWidth,
                height: plan.resizedHeight,
                filter: .bicubic
            )
            let expected = plain(resampler.resize(image), configuration)
            for loop in [ParallelLoop.serial, .threaded, .reversed] {
                let patched = try processor.process(image, in: loop)
                #expect(patched.patches.count == plan.floatCount && patched.grid == plan.grid)
                #expect(patched.patches.elementsEqual(expected), "\(width) x \(height)")
            }
            var buffer = [Float](repeating: .nan, count: plan.floatCount + 2)
            let grid = try buffer.withUnsafeMutableBufferPointer { whole in
                try processor.process(image, into: UnsafeMutableBufferPointer(rebasing: whole[1...plan.floatCount]))
            }
            #expect(grid == plan.grid)
            #expect(buffer[0].isNaN && buffer[plan.floatCount + 1].isNaN, "nothing is written beyond the buffer")
            #expect(buffer[1...plan.floatCount].elementsEqual(expected))
        }
    }

    @Test("The plan is the result's size, and tokens are merged patches")
    func plans() throws {
        let processor = try ImageProcessor(ImageProcessorConfiguration())
        let plan = try processor.plan(width: 1400, height: 56)
        #expect(plan.resizedWidth == 1400 && plan.resizedHeight == 56)
        #expect(plan.grid == PatchGrid(temporal: 1, height: 4, width: 100))
        #expect(plan.patchLength == 1176 && plan.tokenCount == 100 && plan.floatCount == 400 * 1176)
        #expect(
            problem { () throws(ImageError) in try processor.plan(width: 4000, height: 10) }
                == .aspectRatio(width: 4000, height: 10, limit: 200)
        )
    }

    @Test("Buffers of the wrong size and wide images are refused")
    func refusals() throws {
        let processor = try ImageProcessor(ImageProcessorConfiguration())
        let image = try RGBImage.random(width: 30, height: 30)
        var buffer = [Float](repeating: 0, count: 10)
        let found = buffer.withUnsafeMutableBufferPointer { buffer in
            problem { () throws(ImageError) in try processor.process(image, into: buffer) }
        }
        #expect(found == .bufferSize(found: 10, needed: 16 * 1176))
        #expect(buffer.allSatisfy { $0 == 0 })
        let wide = try RGBImage.random(width: 201, height: 1)
        #expect(
            problem { () throws(ImageError) in try processor.process(wide) }
                == .aspectRatio(width: 201, height: 1, limit: 200)
        )
    }

    @Test("Each field of a configuration is checked, and named")
    func configurations() {
        let fields: [(field: String, change: (inout ImageProcessorConfiguration) -> Void)] = [
            ("patch size", { $0.patchSize = 0 }), ("patch size", { $0.patchSize = 1025 }),
            ("temporal patch size", { $0.temporalPatchSize = -1 }), ("merge size", { $0.mergeSize = 0 }),
            ("minimum of pixels", { $0.minimumPixels = 0 }), ("maximum of pixels", { $0.maximumPixels = 3135 }),
            ("maximum of pixels", { $0.maximumPixels = 1 << 40 }), ("mean", { $0.mean = [0.5] }),
            ("mean", { $0.mean[1] = .nan }), ("standard deviation", { $0.standardDeviation = [] }),
            ("standard deviation", { $0.standardDeviation[2] = 0 }),
            ("standard deviation", { $0.standardDeviation[0] = 1e-60 }),
            ("rescale factor", { $0.rescaleFactor = .infinity }),
        ]
        for entry in fields {
            var configuration = ImageProcessorConfiguration()
            entry.change(&configuration)
            guard
                case .configuration(let field, let found, let allowed) = problem({ () throws(ImageError) in
                    try ImageProcessor(configuration)
                })
            else {
                Issue.record("\(entry.field) was accepted")
                continue
            }
            #expect(field == entry.field && !found.isEmpty && !allowed.isEmpty)
        }
    }

    @Test("smart_resize keeps its promises for any size")
    func smartResizing() throws {
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<2000 {
            let height = Int.random(in: 1...3000, using: &generator)
            let width = Int.random(in: max(1, height / 200 + 1)...min(3000, height * 200), using: &generator)
            let factor = Int.random(in: 1...64, using: &generator)
            let minimum = Int.random(in: factor * factor...1 << 20, using: &generator)
            let maximum = Int.random(in: minimum...1 << 24, using: &generator)
            let resized = try smartResize(
                height: height,
                width: width,
                factor: factor,
                minimumPixels: minimum,
                maximumPixels: maximum
            )
            #expect(resized.height > 0 && resized.height % factor == 0)
            #expect(resized.width > 0 && resized.width % factor == 0)
            let isThin = min(resized.height, resized.width) == factor
            #expect(isThin || resized.height * resized.width <= max(maximum, (resized.height + factor) * resized.width))
        }
        #expect(
            problem { () throws(ImageError) in
                try smartResize(height: 0, width: 5, factor: 28, minimumPixels: 1, maximumPixels: 2)
            } == .zeroSize(width: 5, height: 0)
        )
        #expect(
            problem { () throws(ImageError) in
                try smartResize(height: 5, width: 5, factor: 0, minimumPixels: 1, maximumPixels: 2)
            } == .configuration(field: "factor", found: "0", allowed: "1 to 67108864")
        )
        #expect(
            problem { () throws(ImageError) in
                try smartResize(height: 1 << 40, width: 1 << 40, factor: 28, minimumPixels: 1, maximumPixels: 2)
            } == .tooManyPixels(width: 1 << 40, height: 1 << 40, limit: 1 << 26)
        )
    }

    @Test("An image's pixels must be as many as its sides say")
    func images() {
        #expect(RGBImage(width: 2, height: 1, pixels: [1, 2, 3, 4, 5, 6]) != nil)
        #expect(RGBImage(width: 2, height: 1, pixels: [1, 2, 3]) == nil)
        #expect(RGBImage(width: 0, height: 1, pixels: []) == nil)
        #expect(RGBImage(width: -1, height: -1, pixels: [1, 2, 3]) == nil)
        #expect(RGBImage(width: Int.max, height: 2, pixels: []) == nil)
    }
}
