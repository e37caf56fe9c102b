// One conversation with what transformers computed for it, stage by stage: Tests/Fixtures/parity.
// Members and tensors are explained in Tests/Fixtures/README.md.

import ComputeGraph
import Foundation
import InputProcessing
import JSONText
import ModelDescriptions
import TestSupport

@testable import ReferenceInterpreter

struct ParityCase {
    let description: ModelDescription
    let tokens: [Int32]
    let generated: [Int32]
    let grids: [(height: Int, width: Int)]
    let ropeDelta: Int32
    let tolerance: Double
    private let json: JSONValue
    private let stages: SafetensorsFile

    init(_ description: ModelDescription, _ name: String) throws {
        let base = ModelFiles.repository.appendingPathComponent("Tests/Fixtures/parity/\(description.name)/\(name)")
        let root = try JSONDocument([UInt8](Data(contentsOf: base.appendingPathExtension("json")))).root
        func integers(_ key: String) throws -> [Int32] {
            guard let found = root[key]?.array?.compactMap(\.integer) else {
                throw FixtureError("\(name) has no \(key)")
            }
            return found.map(Int32.init)
        }
        self.description = description
        json = root
        stages = try SafetensorsFile(base.appendingPathExtension("safetensors"))
        tokens = try integers("tokens")
        generated = try integers("generated")
        let sizes = root["image_grid_thw"]?.array?.compactMap { $0.array?.compactMap(\.integer) } ?? []
        grids = sizes.map { (height: $0[1], width: $0[2]) }
        ropeDelta = Int32(root["rope_delta"]?.integer ?? 0)
        guard let tolerance = root["relative_tolerance"]?.double else { throw FixtureError("\(name) has no tolerance") }
        self.tolerance = tolerance
    }

    /// The stored rows of a stage.
    func stage(_ name: String) throws -> Tensor<Double> {
        guard let tensor = try stages.tensor(name) else { throw FixtureError("there is no stage \(name)") }
        return tensor
    }

    /// Which rows of a stage are stored.
    func rows(_ name: String) throws -> [Int] { try stage("rows.\(name)").elements.map { Int($0) } }

    /// Whether a stage was stored.
    func has(_ name: String) -> Bool { stages.names.contains(name) }

    /// The positions of the prompt's tokens on the axes that the model reads, then of the generated ones.
    func positions(axes: Int) throws -> (prompt: [Int32], generated: [Int32]) {
        let stored = try stage("positions")
        let prompt = stored.elements.prefix(axes * tokens.count).map { Int32($0) }
        let further = generated.indices.map { Int32(tokens.count + $0) + ropeDelta }
        return (prompt, (0..<axes).flatMap { _ in further })
    }

    // MARK: Images

    /// The rows of the prompt that images take: those with the token that the checkpoint's configuration names.
    func imageRows() throws -> [Int32] {
        let file = ModelFiles.repository
            .appendingPathComponent("Tests/Fixtures/checkpoints/\(description.name)/config.json")
        let token = try JSONDocument([UInt8](Data(contentsOf: file))).root["image_token_id"]?.integer
        guard let token else { throw FixtureError("\(description.name) names no image token") }
        return tokens.indices.filter { tokens[$0] == Int32(token) }.map(Int32.init)
    }

    /// The layout of the encoder's rows.
    func layout() throws -> ImageGrids? {
        guard let vision = description.vision, !grids.isEmpty else { return nil }
        let attention = vision.attention.parameters as? SegmentAttention
        let hasWindows = (0..<vision.layers).contains { attention?.isWindowed(layer: $0) ?? false }
        let squares = hasWindows ? attention?.window.map { $0 / (vision.patch * vision.merge) } : nil
        return ImageGrids(grids, merge: vision.merge, windowSquares: squares)
    }

    /// The patches of all images, `[patches, values]`, checked against the stored rows.
    func pixelValues() throws -> Tensor<Double> {
        guard let image = description.image else { throw FixtureError("the model has no image processor") }
        let processor = try ImageProcessor(
            ImageProcessorConfiguration(
                patchSize: image.patch,
                temporalPatchSize: image.temporalPatch,
                mergeSize: image.merge,
                minimumPixels: image.minimumPixels,
                maximumPixels: image.maximumPixels,
                mean: image.mean,
                standardDeviation: image.standardDeviation,
                rescaleFactor: image.rescale
            )
        )
        var elements: [Double] = []
        for (index, name) in (json["images"]?.array ?? []).compactMap(\.string).enumerated() {
            let file = ModelFiles.repository.appendingPathComponent("Tests/Fixtures/images/\(name)")
            let decoded = try ImageDecoder().decode([UInt8](Data(contentsOf: file)))
            let patched = try processor.process(decoded.image)
            guard (patched.grid.height, patched.grid.width) == grids[index] else {
                throw FixtureError("\(name) has \(patched.grid) patches, not \(grids[index])")
            }
            elements += patched.patches.map { Double($0) }
        }
        let patches = grids.reduce(0) { $0 + $1.height * $1.width }
        let values = try Tensor(shape: [patches, elements.count / max(patches, 1)], elements: elements)
        let stored = try stage("pixel_values")
        for (index, row) in try rows("pixels").enumerated() where values.row(row) != stored.row(index) {
            throw FixtureError("patch \(row) is not what transformers makes of the image")
        }
        return values
    }
}
