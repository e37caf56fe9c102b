// The committed outputs of the reference libraries, found beside these sources.

import JSONText
import Testing

@testable import ModelRuntime

/// The folder of fixtures for all tests.
func fixturesFolder(_ file: String = #filePath) -> String {
    // This file lies in Tests/ModelRuntimeTests/Support.
    joinedPath((0..<3).reduce(file) { path, _ in parentFolder(of: path) }, "Fixtures")
}

/// A JSON file as a tree.
func readJSON(_ path: String) throws -> JSONValue { try JSONDocument(contents(of: path)).root }

extension JSONValue {
    /// The integers of an array.
    var integers: [Int]? { array.map { $0.compactMap { $0.integer } } }
    /// The integers of an array of arrays.
    var integerLists: [[Int]]? { array.map { $0.compactMap { $0.integers } } }
    /// The grids of an array.
    var grids: [ImageGrid]? { array.map { $0.compactMap { $0.grid } } }
    /// A grid, written as frames, rows, columns.
    var grid: ImageGrid? {
        guard let sizes = integers, sizes.count == 3 else { return nil }
        return ImageGrid(frames: sizes[0], rows: sizes[1], columns: sizes[2])
    }
}
