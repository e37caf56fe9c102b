// The resampling kernels against sums written plainly, and against each other.
import CImageCodecs
import Testing

@testable import InputProcessing

@Suite("Resampling")
struct ResamplingTests {
    /// Sizes of source and result: grown, shrunk, kept, extreme, and beside the widths of vectors.
    private static let cases: [(source: (Int, Int), result: (Int, Int))] = [
        ((1, 1), (28, 28)), ((28, 28), (1, 1)), ((5, 7), (5, 7)), ((30, 20), (30, 56)), ((30, 20), (84, 20)),
        ((61, 45), (28, 28)), ((113, 201), (112, 56)), ((201, 113), (56, 112)), ((200, 1), (28, 28)),
        ((1, 200), (28, 28)), ((33, 40), (17, 300)), ((150, 12), (151, 13)), ((12, 150), (13, 60)),
        ((250, 30), (11, 31)), ((64, 64), (32, 32)), ((10, 256), (32, 225)),
    ]

    private func image(_ size: (Int, Int), isHarsh: Bool) throws -> RGBImage {
        try .random(width: size.0, height: size.1, isHarsh: isHarsh, seed: UInt64(size.0 * 1000 + size.1))
    }

    private func resampler(
        _ source: (Int, Int),
        _ result: (Int, Int),
        _ filter: ResamplingFilter
    ) throws -> ImageResampler {
        try ImageResampler(
            sourceWidth: source.0,
            sourceHeight: source.1,
            width: result.0,
            height: result.1,
            filter: filter
        )
    }

    /// One pass over lines of `count` samples, each line's samples `step` apart.
    private func pass(_ axis: ResamplingAxis, _ read: (Int, Int) -> Int, lines: Int) -> [[Int]] {
        (0..<lines).map { line in
            (0..<axis.outputSize).map { output in
                if axis.isIdentity { return read(line, output) }
                var sum = 1 << 21
                for tap in 0..<Int(axis.count[output]) {
                    let place = output * axis.stride + tap
                    let weight = Int(axis.high[place]) << 15 + Int(axis.low[place])
                    sum += weight * read(line, Int(axis.first[output]) + tap)
                }
                return min(max(sum >> 22, 0), 255)
            }
        }
    }

    /// The two passes in the order of `resampler`, on 64-bit integers, without bands.
    private func plain(_ image: RGBImage, _ resampler: ImageResampler) throws -> RGBImage {
        let (width, height) = (resampler.horizontal.outputSize, resampler.vertical.outputSize)
        var channels: [[[Int]]] = []
        for channel in 0..<3 {
            func stored(_ y: Int, _ x: Int) -> Int { Int(image.pixels[(y * image.width + x) * 3 + channel]) }
            if resampler.isVerticalFirst {
                let columns = pass(resampler.vertical, { stored($1, $0) }, lines: image.width)
                channels.append(pass(resampler.horizontal, { columns[$1][$0] }, lines: height))
            } else {
                let rows = pass(resampler.horizontal, { stored($0, $1) }, lines: image.height)
                let columns = pass(resampler.vertical, { rows[$1][$0] }, lines: width)
                channels.append((0..<height).map { y in columns.map { $0[y] } })
            }
        }
        var pixels: [UInt8] = []
        for y in 0..<height {
            for x in 0..<width { pixels += channels.map { UInt8($0[y][x]) } }
        }
        return try #require(RGBImage(width: width, height: height, pixels: pixels))
    }

    @Test("Every kernel gives the plain sums", arguments: ResamplingFilter.allCases)
    func kernels(_ filter: ResamplingFilter) throws {
        var orders: Set<Bool> = []
        for (index, (source, result)) in Self.cases.enumerated() {
            var resampler = try resampler(source, result, filter)
            orders.insert(resampler.isVerticalFirst)
            let image = try image(source, isHarsh: index % 2 == 1)
            let expected = try plain(image, resampler)
            for level in [VLMC_VECTOR_PORTABLE, vlmc_vector_level_supported()] {
                resampler.vectorLevel = level
                let difference = resampler.resize(image).difference(from: expected)
                #expect(difference == nil, "\(source) to \(result), level \(level.rawValue)")
            }
        }
        #expect(orders.count == 2, "both orders of the passes are tried")
    }

    @Test("Bands, threads and their order do not matter")
    func bands() throws {
        for (source, result) in [((30, 160), (25, 300)), ((31, 500), (40, 250)), ((70, 300), (40, 300))] {
            let resampler = try resampler(source, result, .bicubic)
            let image = try image(source, isHarsh: false)
            let whole = try plain(image, resampler)
            for loop in [ParallelLoop.serial, .threaded, .reversed] {
                #expect(resampler.resize(image, in: loop).difference(from: whole) == nil)
            }
        }
    }

    @Test("Weights sum to one, to within their rounding", arguments: ResamplingFilter.allCases)
    func weights(_ filter: ResamplingFilter) {
        for (source, output) in [(1, 1), (1, 500), (500, 1), (28, 27), (27, 28), (1000, 3), (4096, 3584), (7, 7)] {
            let axis = ResamplingAxis(sourceSize: source, outputSize: output, filter: filter)
            for position in 0..<output {
                let count = Int(axis.count[position])
                #expect(count > 0 && count <= axis.stride)
                #expect(axis.first[position] >= 0 && Int(axis.first[position]) + count <= source)
                let places = position * axis.stride..<(position + 1) * axis.stride
                let weights = places.map { Int(axis.high[$0]) << 15 + Int(axis.low[$0]) }
                #expect(abs(weights.reduce(0, +) - 1 << 22) <= count)
                #expect(weights[count...].allSatisfy { $0 == 0 })
            }
            #expect(axis.sources(of: 0..<output) == 0..<source)
        }
    }

    @Test("A constant image stays constant", arguments: ResamplingFilter.allCases)
    func constants(_ filter: ResamplingFilter) throws {
        for value in [UInt8(0), 1, 127, 254, 255] {
            let pixels = [UInt8](repeating: value, count: 23 * 41 * 3)
            let image = try #require(RGBImage(width: 23, height: 41, pixels: pixels))
            let resized = try resampler((23, 41), (56, 28), filter).resize(image)
            #expect(resized.pixels.allSatisfy { $0 == value })
        }
    }

    /// `(x * 40 + y * 7, x * y * 11, 255 - x * 30)`, each modulo 256, of an image of 6 x 40.
    private func formula() throws -> RGBImage {
        var pixels: [UInt8] = []
        for y in 0..<40 {
            for x in 0..<6 {
                pixels.append(UInt8((x * 40 + y * 7) % 256))
                pixels.append(UInt8((x * y * 11) % 256))
                pixels.append(UInt8(255 - x * 30))
            }
        }
        return try #require(RGBImage(width: 6, height: 40, pixels: pixels))
    }

    @Test("Pillow 13.0.0 gives these bytes: Image.resize of the formula's image to 3 x 4 and 7 x 3")
    func pillow() throws {
        let image = try formula()
        for (filter, width, height, expected) in Self.pillowBytes {
            let resampler = try resampler((6, 40), (width, height), filter)
            #expect(resampler.isVerticalFirst)
            #expect(resampler.resize(image).pixels == expected, "\(filter), \(width) x \(height)")
        }
    }

    @Test("Only Pillow's numbers of supported filters are filters")
    func numbers() throws {
        #expect(try ResamplingFilter(resample: 3) == .bicubic)
        #expect(try ResamplingFilter(resample: 2) == .bilinear)
        #expect(try ResamplingFilter(resample: 1) == .lanczos)
        for number in [-1, 0, 4, 5, 6, 99] {
            #expect(
                problem { () throws(ImageError) in try ResamplingFilter(resample: number) }
                    == .configuration(
                        field: "resample",
                        found: "\(number)",
                        allowed: "1 (Lanczos), 2 (bilinear) or 3 (bicubic)"
                    )
            )
        }
    }

    @Test("Sizes that cannot be resampled are errors")
    func sizes() {
        #expect(
            problem { () throws(ImageError) in
                try ImageResampler(sourceWidth: 0, sourceHeight: 4, width: 4, height: 4, filter: .bicubic)
            } == .zeroSize(width: 0, height: 4)
        )
        #expect(
            problem { () throws(ImageError) in
                try ImageResampler(sourceWidth: 4, sourceHeight: 4, width: 4, height: 1 << 40, filter: .bicubic)
            } == .tooManyPixels(width: 4, height: 1 << 40, limit: Int(Int32.max) / 4)
        )
    }

    private static let pillowBytes: [(ResamplingFilter, Int, Int, [UInt8])] = [
        (
            .lanczos, 3, 4,
            [
                48, 27, 240, 138, 102, 180, 195, 109, 120, 124, 90, 240, 198, 144, 180, 83, 121,
                120, 202, 62, 240, 102, 144, 180, 76, 131, 120, 110, 53, 240, 68, 130, 180, 171,
                124, 120,
            ]
        ),
        (
            .lanczos, 7, 3,
            [
                40, 0, 255, 69, 61, 233, 112, 108, 204, 159, 110, 180, 198, 107, 156, 179, 109,
                127, 130, 115, 104, 143, 0, 255, 176, 125, 233, 196, 159, 204, 163, 128, 180,
                104, 136, 156, 66, 133, 127, 69, 122, 104, 187, 0, 255, 125, 76, 233, 69, 118,
                204, 61, 129, 180, 87, 138, 156, 143, 126, 127, 179, 124, 104,
            ]
        ),
        (
            .bilinear, 3, 4,
            [
                67, 41, 234, 138, 102, 180, 179, 111, 126, 131, 85, 234, 171, 130, 180, 98, 123,
                126, 177, 69, 234, 114, 131, 180, 92, 131, 126, 115, 65, 234, 86, 125, 180, 150,
                126, 126,
            ]
        ),
        (
            .bilinear, 7, 3,
            [
                52, 0, 255, 83, 64, 231, 118, 101, 206, 152, 113, 180, 176, 113, 154, 172, 112,
                129, 134, 116, 105, 137, 0, 255, 165, 119, 231, 176, 139, 206, 154, 132, 180,
                111, 132, 154, 80, 130, 129, 82, 122, 105, 181, 0, 255, 120, 82, 231, 85, 114,
                206, 80, 129, 180, 99, 134, 154, 134, 128, 129, 165, 123, 105,
            ]
        ),
        (
            .bicubic, 3, 4,
            [
                54, 32, 239, 138, 103, 180, 189, 111, 121, 127, 87, 239, 188, 136, 180, 87, 123,
                121, 191, 64, 239, 107, 139, 180, 84, 132, 121, 113, 58, 239, 75, 128, 180, 162,
                125, 121,
            ]
        ),
        (
            .bicubic, 7, 3,
            [
                44, 0, 255, 76, 63, 232, 114, 103, 206, 155, 113, 180, 187, 111, 154, 181, 111,
                128, 132, 116, 104, 139, 0, 255, 173, 130, 232, 190, 146, 206, 161, 131, 180,
                105, 134, 154, 68, 133, 128, 74, 122, 104, 186, 0, 255, 120, 82, 232, 74, 115,
                206, 68, 130, 180, 94, 137, 154, 138, 127, 128, 173, 124, 104,
            ]
        ),
    ]
}
