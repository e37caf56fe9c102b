// A parity fixture: what the reference library computed for one conversation, stage by stage.
// The format is described in Tests/Fixtures/README.md; Scripts/fixtures writes it. Not the comparison: Verifier.swift.

import JSONText
import ModelRuntime
import TensorTypes

/// A fixture that cannot be read.
struct FixtureError: Error, CustomStringConvertible {
    let path: String
    let problem: String

    var description: String { "\(path): \(problem)" }
}

/// What the reference computed.
struct ParityFixture {
    /// The JSON file.
    let path: String
    /// The prompt with its image tokens.
    let tokens: [Int32]
    /// The image files, relative to the folder `images` beside `parity`.
    let images: [String]
    /// Patches of each image: time, height, width.
    let grids: [ImageGrid]
    /// The rendered conversation, with one placeholder for each image.
    let prompt: String
    /// The greedy answer.
    let generated: [Int32]
    /// What a stage in single precision may differ by, relative to its largest value.
    let relativeTolerance: Double
    /// Mean KL(f32 || bf16) of the reference's own bf16 run, and what ours may be a multiple of it.
    let bf16Divergence: (mean: Double, factor: Double)
    private let stages: SafetensorsFile

    /// Reads `<case>.json` and the safetensors file beside it.
    init(path: String) throws {
        self.path = path
        func fail(_ problem: String) -> FixtureError { FixtureError(path: path, problem: problem) }
        guard path.hasSuffix(".json") else { throw fail("a fixture is named by its JSON file") }
        let file = try MappedFile(path: path)
        let document: JSONDocument
        do {
            document = try withExtendedLifetime(file) { () throws(JSONError) in try JSONDocument(Array(file.bytes)) }
        } catch {
            throw FixtureError(path: "\(path):\(error.line):\(error.column)", problem: "\(error.what)")
        }
        func member(_ name: String) throws -> JSONValue {
            guard let value = document.root[name] else { throw fail("the member `\(name)` is missing") }
            return value
        }
        func integers(_ name: String) throws -> [Int32] {
            guard let values = try member(name).integers else { throw fail("`\(name)` is no array of integers") }
            let exact = values.compactMap { Int32(exactly: $0) }
            guard exact.count == values.count else { throw fail("`\(name)` has numbers beyond 32 bits") }
            return exact
        }
        tokens = try integers("tokens")
        generated = try integers("generated")
        guard !generated.isEmpty else { throw fail("`generated` is empty") }
        images = try member("images").array?.compactMap(\.string) ?? []
        grids =
            try member("image_grid_thw").array?.compactMap { grid in
                guard let sizes = grid.integers, sizes.count == 3 else { return nil }
                return ImageGrid(frames: sizes[0], rows: sizes[1], columns: sizes[2])
            } ?? []
        guard let prompt = try member("prompt").string else { throw fail("`prompt` is no string") }
        self.prompt = prompt
        guard let tolerance = try member("relative_tolerance").double else {
            throw fail("`relative_tolerance` is no number")
        }
        relativeTolerance = tolerance
        let divergence = try member("bf16_kl")
        bf16Divergence = (divergence["mean"]?.double ?? 0, divergence["factor"]?.double ?? 1)
        stages = try SafetensorsFile(path: String(path.dropLast(5)) + ".safetensors")
    }

    /// The path of an image of the fixture.
    func imagePath(_ name: String) -> String {
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        return folder.isEmpty ? "images/\(name)" : "\(folder)/images/\(name)"
    }

    /// A stored stage: `rows x width` values, and which rows of the stage they are.
    struct Stage {
        let name: String
        let rows: [Int]
        let width: Int
        let values: [Float]
    }

    /// The stage called `name`, whose rows are listed by the tensor `rows.<list>`.
    ///
    /// - Throws: `FixtureError` if the fixture does not have it, or has it in another form.
    func stage(_ name: String, rows list: String) throws -> Stage {
        let tensor = try tensor(name, of: .f32)
        let rows = try integers("rows.\(list)")
        guard tensor.shape.count == 2, tensor.shape[0] == rows.count, rows.allSatisfy({ $0 >= 0 }) else {
            throw fail("the rows of `\(name)` are not listed by `rows.\(list)`")
        }
        let bytes = stages.bytes(of: tensor)
        let values = stride(from: 0, to: bytes.count, by: 4).map {
            Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: $0, as: UInt32.self)))
        }
        return Stage(name: name, rows: rows, width: tensor.shape[1], values: values)
    }

    /// An index tensor, flattened.
    ///
    /// - Throws: `FixtureError` if the fixture does not have it, or has it in another form.
    func integers(_ name: String) throws -> [Int] {
        let bytes = stages.bytes(of: try tensor(name, of: .i32))
        return stride(from: 0, to: bytes.count, by: 4).map {
            Int(Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: $0, as: Int32.self)))
        }
    }

    private func tensor(_ name: String, of element: ElementType) throws -> TensorEntry {
        guard let tensor = stages.tensors.first(where: { $0.name == name }) else {
            throw fail("the tensor `\(name)` is missing beside it")
        }
        guard tensor.element == element else {
            throw fail("the tensor `\(name)` has \(tensor.element.rawValue) elements, not \(element.rawValue)")
        }
        return tensor
    }

    /// An error of this fixture.
    func fail(_ problem: String) -> FixtureError { FixtureError(path: path, problem: problem) }
}

extension JSONValue {
    /// The elements as integers, or nil if this is no array of integers.
    fileprivate var integers: [Int]? {
        guard let array else { return nil }
        let integers = array.compactMap(\.integer)
        return integers.count == array.count ? integers : nil
    }
}
