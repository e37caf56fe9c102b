// The generated packages of tiny models, byte for byte; Scripts/test compiles and runs the same packages.

import CompilerDriver
import ModelDescriptions
import SourceEmission
import TestSupport
import Testing

@Suite struct GoldenSourceTests {
    private static let options = EmissionOptions(
        descriptionFile: "model.toml",
        descriptionBytes: Array("golden".utf8),
        layout: .package(runtime: "../../../..")
    )

    @Test(arguments: ["tiny-qwen25vl-a", "tiny-qwen2vl-b", "tiny-smollm2-b"])
    func packageIsAsRecorded(_ name: String) throws {
        let tree = try Pipeline(ModelFiles.description(name)).source(Self.options)
        var failures: [GoldenMismatch] = []
        for file in tree.files {
            do {
                try Golden.check(file.text, "\(name)/\(file.path)")
            } catch let mismatch as GoldenMismatch {
                failures.append(mismatch)
            }
        }
        #expect(failures.isEmpty, "\(failures)")
    }

    @Test func emissionIsDeterministic() throws {
        let pipeline = Pipeline(try ModelFiles.description("tiny-qwen25vl-a"))
        #expect(try pipeline.source(Self.options) == pipeline.source(Self.options))
    }

    @Test(arguments: ModelFiles.names())
    func everyModelIsEmitted(_ name: String) throws {
        let tree = try Pipeline(ModelFiles.description(name)).source(Self.options)
        #expect(tree.files.count == 8)
        for file in tree.files where file.path.hasSuffix(".swift") {
            let longest = file.text.split(separator: "\n").filter { !$0.contains("///") }.map(\.count).max() ?? 0
            #expect(longest <= 120, "\(file.path)")
        }
    }

    @Test func aModuleHasOneFileForEachPart() throws {
        let options = EmissionOptions(
            descriptionFile: "m.toml",
            descriptionBytes: [],
            layout: .module(stem: "m")
        )
        let tree = try Pipeline(ModelFiles.description("tiny-smollm2-a")).source(options)
        #expect(tree.files.map(\.path) == ["m.Decoder.swift", "m.Model.swift", "m.Vision.swift", "m.Weights.swift"])
    }
}
