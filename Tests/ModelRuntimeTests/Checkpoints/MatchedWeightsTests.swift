// A manifest and a checkpoint: renamed, tied and unused tensors, and all that can be missing, surplus or wrong.

import TensorTypes
import Testing

@testable import ModelRuntime

@Suite struct MatchedWeightsTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Two layers of a small model.
    private func makeManifest(naming: TensorNaming = TensorNaming()) -> WeightManifest {
        WeightManifest(
            [
                .matrix(
                    "embedding",
                    outputs: 6,
                    inputs: 4,
                    .embeddings,
                    from: [.tensor("model.embed.weight", [6, 4])]
                ),
                .vector("finalNorm", count: 4, from: [.tensor("model.norm.weight", [4])]),
            ],
            groups: [
                WeightGroup(
                    "textLayer",
                    layers: 0..<2,
                    [
                        .matrix(
                            "queryKey",
                            outputs: 6,
                            inputs: 4,
                            .attention,
                            from: [
                                .tensor("model.layers.{layer}.q.weight", [4, 4]),
                                .tensor("model.layers.{layer}.k.weight", [2, 4]),
                            ]
                        ),
                        .vector(
                            "queryKeyBias",
                            count: 6,
                            from: [.tensor("model.layers.{layer}.q.bias", [4]), .zeros([2])]
                        ),
                    ]
                )
            ],
            formats: WeightFormats(.f32),
            naming: naming
        )
    }

    private func tensors(prefix: String = "model.") -> [TestTensor] {
        let layers = (0..<2).flatMap { layer in
            [
                TestTensor("\(prefix)layers.\(layer).q.weight", .f32, [4, 4], (0..<16).map(Double.init)),
                TestTensor("\(prefix)layers.\(layer).k.weight", .bf16, [2, 4], (0..<8).map(Double.init)),
                TestTensor("\(prefix)layers.\(layer).q.bias", .f16, [4], [1, 2, 3, 4]),
            ]
        }
        return layers + [
            TestTensor("\(prefix)embed.weight", .f32, [6, 4], (0..<24).map(Double.init)),
            TestTensor("\(prefix)norm.weight", .f64, [4], [1, 1, 1, 1]),
        ]
    }

    private func match(_ tensors: [TestTensor], naming: TensorNaming = TensorNaming()) throws -> MatchedWeights {
        try folder.write(safetensors(tensors), to: Checkpoint.fileName)
        return try MatchedWeights(makeManifest(naming: naming), in: Checkpoint(path: folder.path))
    }

    private func mismatch(_ tensors: [TestTensor], naming: TensorNaming = TensorNaming()) throws -> CheckpointMismatch {
        try #require(throws: CheckpointMismatch.self) { try match(tensors, naming: naming) }
    }

    @Test func everythingFits() throws {
        let matched = try match(tensors())
        #expect(
            matched.entries.map(\.path) == [
                "embedding", "finalNorm", "textLayer[0].queryKey", "textLayer[0].queryKeyBias", "textLayer[1].queryKey",
                "textLayer[1].queryKeyBias",
            ]
        )
        #expect(matched.tensors.count == 8)
        #expect(matched.entries[3].sources.map(\.tensors) == [[4], []])
        #expect(matched.unusedTensors.isEmpty && matched.tiedCopies.isEmpty)
    }

    @Test func otherSpellings() throws {
        let naming = TensorNaming(renamed: ["language_model.": "model.", "language_": "wrong."])
        #expect(try match(tensors(prefix: "language_model."), naming: naming).tensors.count == 8)
    }

    @Test func namesThatAreRightAlreadyAreNotRenamed() throws {
        let naming = TensorNaming(renamed: ["model.": "model.model."])
        #expect(try match(tensors(), naming: naming).tensors.count == 8)
    }

    @Test func twoNamesForOneTensor() throws {
        let twice = tensors() + [TestTensor("other.norm.weight", .f32, [4], [1, 1, 1, 1])]
        let found = try mismatch(twice, naming: TensorNaming(renamed: ["other.": "model."]))
        #expect(found.ambiguous.map(\.found) == [["model.norm.weight", "other.norm.weight"]])
    }

    @Test func tiedTensorsMayBeThereOrNot() throws {
        let naming = TensorNaming(tied: ["head.weight": "model.embed.weight"])
        #expect(try match(tensors(), naming: naming).tiedCopies.isEmpty)
        let head = TestTensor("head.weight", .f32, [6, 4], (0..<24).map(Double.init))
        #expect(try match(tensors() + [head], naming: naming).tiedCopies.map(\.name) == ["head.weight"])
        let wrong = TestTensor("head.weight", .f32, [4, 6], (0..<24).map(Double.init))
        #expect(try mismatch(tensors() + [wrong], naming: naming).misshaped.map(\.name) == ["head.weight"])
    }

    @Test func aTensorServesForOneThatIsLeftOut() throws {
        let naming = TensorNaming(tied: ["model.norm.weight": "model.other.weight"])
        var given = tensors()
        given[given.count - 1].name = "model.other.weight"
        #expect(try match(given, naming: naming).tensors.contains { $0.entry.name == "model.other.weight" })
    }

    @Test func unusedTensorsAreNamed() throws {
        let naming = TensorNaming(unused: ["*.rotary.inv_freq", "lm.*.x*z"])
        let extra = ["model.layers.1.rotary.inv_freq", "lm.a.b.xyz", "lm..xz"].map { TestTensor($0, .f32, [1], [0]) }
        #expect(try match(tensors() + extra, naming: naming).unusedTensors == extra.map(\.name).sorted())
        let other = TestTensor("lm.a.zx", .f32, [1], [0])
        #expect(try mismatch(tensors() + [other], naming: naming).surplus.map(\.name) == ["lm.a.zx"])
    }

    @Test func everythingThatIsWrongIsReportedAtOnce() throws {
        var given = tensors().filter { !$0.name.hasSuffix("q.bias") && $0.name != "model.layers.1.k.weight" }
        given[0].shape = [2, 8]
        given += (0..<2).map { TestTensor("model.layers.\($0).q.biass", .f32, [4], [0, 0, 0, 0]) }
        given.append(TestTensor("visual.patch", .f32, [1], [0]))
        given = given.map { tensor in
            tensor.name == "model.norm.weight" ? TestTensor(tensor.name, .i32, [4], [1, 1, 1, 1]) : tensor
        }
        let found = try mismatch(given)
        #expect(
            found.missing.map(\.name)
                == ["model.layers.0.q.bias", "model.layers.1.k.weight", "model.layers.1.q.bias"]
        )
        #expect(
            found.surplus.map(\.name) == ["model.layers.0.q.biass", "model.layers.1.q.biass", "visual.patch"]
        )
        #expect(found.misshaped.map(\.found) == [[2, 8]])
        #expect(found.misshaped.map(\.expected) == [[4, 4]])
        #expect(found.wrongType.map(\.name) == ["model.norm.weight"])
        #expect(
            found.description == """
                \(folder.path): the checkpoint does not fit the model
                  missing: model.layers.{0...1}.q.bias [4]; did you mean model.layers.*.q.biass?
                  missing: model.layers.1.k.weight [2, 4]
                  surplus: model.layers.{0...1}.q.biass [4]
                  surplus: visual.patch [1]
                  wrong shape: model.layers.0.q.weight [2, 8], but the model needs [4, 4]
                  wrong type: model.norm.weight I32, but weights are F64, F32, F16 or BF16
                """
        )
    }

    @Test func anotherPrefixIsHintedAt() throws {
        let found = try mismatch(tensors(prefix: "language_model.model."))
        let line = "missing: model.layers.{0...1}.k.weight [2, 4]; did you mean language_model.model.layers.*.k.weight?"
        #expect(found.description.contains(line))
    }

    @Test func aCheckpointOfAnotherModelIsToldInAFewLines() throws {
        let other = (0..<400).map { TestTensor("encoder.block.\($0).weight", .f32, [1], [0]) }
        let found = try mismatch(other)
        #expect(found.missing.count == 8 && found.surplus.count == 400)
        #expect(found.description.split(separator: "\n").count == 7)
    }

    @Test func innerAxesAreFlattenedAndRowsTaken() throws {
        let manifest = WeightManifest(
            [
                .matrix("patches", outputs: 2, inputs: 12, .vision, from: [.tensor("conv", [2, 3, 1, 2, 2])]),
                .matrix("half", outputs: 1, inputs: 2, .vision, from: [.tensor("fused", [3, 2], rows: 1..<2)]),
            ],
            formats: WeightFormats(.f32)
        )
        let given = [
            TestTensor("conv", .f32, [2, 3, 1, 2, 2], (0..<24).map(Double.init)),
            TestTensor("fused", .f32, [3, 2], (0..<6).map(Double.init)),
        ]
        try folder.write(safetensors(given), to: Checkpoint.fileName)
        let matched = try MatchedWeights(manifest, in: Checkpoint(path: folder.path))
        #expect(matched.entries[0].sources[0].rowElements == 12)
        #expect(matched.entries[1].sources[0].firstRow == 1 && matched.entries[1].sources[0].rowCount == 1)
    }
}
