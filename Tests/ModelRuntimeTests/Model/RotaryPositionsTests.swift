// Rotary positions of texts and images, against what transformers computes.

import JSONText
import Testing

@testable import ModelRuntime

@Suite struct RotaryPositionsTests {
    @Test func equalTransformers() throws {
        let root = try readJSON(joinedPath(parentFolder(of: #filePath), "Fixtures/layouts.json"))
        let merge = try #require(root["merge"]?.integer)
        let cases = try #require(root["rotary"]?.array)
        #expect(cases.count == 5)
        for item in cases {
            var positions = RotaryPositions(axisCount: 3)
            for part in try #require(item["sequence"]?.array) {
                if let count = part.integer {
                    positions.append(textTokens: count)
                } else {
                    positions.append(try #require(part.grid), merge: merge)
                }
            }
            let expected = try #require(item["positions"]?.integerLists)
            #expect(positions.axes.map { $0.map(Int.init) } == expected)
            #expect(positions.delta == (try #require(item["delta"]?.integer)))
        }
    }

    /// The prompts of the parity cases, with merge sizes from 1 to 3. Image tokens are found by their number.
    @Test func equalTheParityCases() throws {
        let index = try readJSON(joinedPath(fixturesFolder(), "checkpoints/index.json"))
        var compared = 0
        for checkpoint in try #require(index["checkpoints"]?.array) {
            guard let merge = checkpoint["vision"]?["merge"]?.integer else { continue }
            let folder = joinedPath(joinedPath(fixturesFolder(), "parity"), try #require(checkpoint["name"]?.string))
            for file in fileNames(in: folder) where file.hasSuffix(".json") {
                let path = joinedPath(folder, file)
                let root = try readJSON(path)
                let tokens = try #require(root["tokens"]?.integers)
                let grids = root["image_grid_thw"]?.grids ?? []
                let expected = try integers(
                    "positions",
                    in: SafetensorsFile(path: String(path.dropLast(4)) + "safetensors")
                )
                let positions = self.positions(tokens, grids, merge: merge)
                #expect(positions.axes.flatMap { $0 } == expected, "\(path)")
                #expect(positions.delta == root["rope_delta"]?.integer)
                compared += 1
            }
        }
        #expect(compared >= 10 * 4)
    }

    /// An image is where one token stands as often as the image has tokens.
    private func positions(_ tokens: [Int], _ grids: [ImageGrid], merge: Int) -> RotaryPositions {
        var positions = RotaryPositions(axisCount: 3)
        var rest = tokens[...]
        for grid in grids {
            let count = grid.tokenCount(merge: merge)
            let first = rest.indices.first { start in
                start + count <= rest.endIndex && rest[start..<start + count].allSatisfy { $0 == rest[start] }
                    && (start + count == rest.endIndex || rest[start + count] != rest[start])
            }
            guard let first else { return positions }
            positions.append(textTokens: first - rest.startIndex)
            positions.append(grid, merge: merge)
            rest = rest[(first + count)...]
        }
        positions.append(textTokens: rest.count)
        return positions
    }

    @Test func oneAxisCountsTokens() {
        var positions = RotaryPositions(axisCount: 1)
        positions.append(textTokens: 2)
        positions.append(ImageGrid(rows: 4, columns: 8), merge: 2)
        #expect(positions.axes == [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]])
        #expect(positions.delta == 0 && positions.next == 10)
    }

    @Test func chunksArePartsOfTheWhole() {
        var positions = RotaryPositions(axisCount: 3, next: 7)
        positions.append(ImageGrid(rows: 2, columns: 4), merge: 2)
        positions.append(textTokens: 2)
        #expect(positions.axes == [[7, 7, 9, 10], [7, 7, 9, 10], [7, 8, 9, 10]])
        #expect(positions[1..<3] == [[7, 9], [7, 9], [8, 9]])
        #expect(positions.next == 11)
    }
}
