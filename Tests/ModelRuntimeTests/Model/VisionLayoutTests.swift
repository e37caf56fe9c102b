// The order, positions and segments of patches, against what transformers computes.

import JSONText
import Testing

@testable import ModelRuntime

@Suite struct VisionLayoutTests {
    private static let fixture = joinedPath(parentFolder(of: #filePath), "Fixtures/layouts.json")

    /// Boundaries such as 0, 4, 10 as runs.
    private func segments(_ boundaries: [Int]) -> [RowSegment] {
        zip(boundaries, boundaries.dropFirst()).map { RowSegment(first: $0, count: $1 - $0) }
    }

    @Test func equalTransformers() throws {
        let root = try readJSON(Self.fixture)
        let merge = try #require(root["merge"]?.integer)
        let cases = try #require(root["layouts"]?.array)
        #expect(cases.count == 14)
        for item in cases {
            let grids = try #require(item["grids"]?.grids)
            let order = try #require(item["window_index"]?.integers)
            let positions = try #require(item["positions"]?.integerLists)
            let layout = try VisionLayout(
                grids: grids,
                merge: merge,
                windowSide: try #require(item["window"]?.integer),
                maximumPatches: 10_000
            )
            let plain = try VisionLayout(grids: grids, merge: merge, windowSide: nil, maximumPatches: 10_000)

            #expect(layout.windowOrder.map(Int.init) == order)
            #expect(layout.windowSegments == segments(try #require(item["window_boundaries"]?.integers)))
            let images = segments(try #require(item["image_boundaries"]?.integers))
            #expect(layout.imageSegments == images && plain.imageSegments == images)
            #expect(plain.windowOrder.isEmpty && plain.originalOrder.isEmpty && plain.windowSegments.isEmpty)
            #expect(layout.originalOrder.map { layout.windowOrder[Int($0)] } == (0..<Int32(order.count)).map { $0 })

            #expect(plain.positions.map(Int.init) == positions.flatMap { $0 })
            let square = merge * merge
            let permuted = positions.flatMap { axis in
                order.flatMap { axis[($0 * square)..<(($0 + 1) * square)] }
            }
            #expect(layout.positions.map(Int.init) == permuted)
            #expect(layout.patchCount == positions[0].count && layout.tokenCount == order.count)
        }
    }

    /// The images of the parity cases, with merge sizes from 1 to 3.
    @Test func equalTheParityCases() throws {
        let folder = joinedPath(fixturesFolder(), "parity")
        let index = try readJSON(joinedPath(fixturesFolder(), "checkpoints/index.json"))
        var compared = 0
        for checkpoint in try #require(index["checkpoints"]?.array) {
            let name = try #require(checkpoint["name"]?.string)
            guard let vision = checkpoint["vision"], let window = vision["window"]?.integer, window > 0,
                let merge = vision["merge"]?.integer, let patch = vision["patch"]?.integer
            else { continue }
            for file in fileNames(in: joinedPath(folder, name)) where file.hasSuffix(".json") {
                let path = joinedPath(joinedPath(folder, name), file)
                let grids = try readJSON(path)["image_grid_thw"]?.grids ?? []
                guard !grids.isEmpty else { continue }
                let tensors = try SafetensorsFile(path: String(path.dropLast(4)) + "safetensors")
                let layout = try VisionLayout(
                    grids: grids,
                    merge: merge,
                    windowSide: window / patch / merge * merge,
                    maximumPatches: 100_000
                )
                #expect(layout.windowOrder == (try integers("vision.window_index", in: tensors)))
                let bounds = try integers("vision.window_bounds", in: tensors).map(Int.init)
                #expect(layout.windowSegments == segments(bounds))
                compared += 1
            }
        }
        #expect(compared >= 7 * 3)
    }

    @Test func impossibleGridsAreRefused() {
        func layout(_ grids: [ImageGrid]) throws -> VisionLayout {
            try VisionLayout(grids: grids, merge: 2, windowSide: 8, maximumPatches: 64)
        }
        let cases: [(ImageGrid, ImageGridError)] = [
            (ImageGrid(rows: 0, columns: 4), .empty(ImageGrid(rows: 0, columns: 4))),
            (ImageGrid(frames: -1, rows: 2, columns: 4), .empty(ImageGrid(frames: -1, rows: 2, columns: 4))),
            (ImageGrid(rows: 3, columns: 4), .notDivisible(ImageGrid(rows: 3, columns: 4), merge: 2)),
            (ImageGrid(rows: 10, columns: 8), .tooManyPatches(ImageGrid(rows: 10, columns: 8), maximum: 64)),
            (
                ImageGrid(rows: 1 << 40, columns: 1 << 40),
                .tooManyPatches(ImageGrid(rows: 1 << 40, columns: 1 << 40), maximum: 64)
            ),
        ]
        for (grid, error) in cases { #expect(throws: error) { try layout([grid]) } }
        let half = ImageGrid(rows: 6, columns: 8)
        #expect(throws: ImageGridError.tooManyPatches(half, maximum: 16)) { try layout([half, half]) }
        #expect(throws: Never.self) { try layout([]) }
    }
}

/// A tensor of 32-bit integers.
func integers(_ name: String, in file: SafetensorsFile) throws -> [Int32] {
    let entry = try #require(file.tensors.first { $0.name == name })
    #expect(entry.element == .i32)
    let bytes = file.bytes(of: entry)
    return withExtendedLifetime(file) {
        (0..<entry.elementCount).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Int32.self) }
    }
}
