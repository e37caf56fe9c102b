// Adapters from folders for a small model: where every tensor goes, and each way in which one does not fit.

import Glibc
import TensorTypes
import Testing

@testable import ModelRuntime

/// An adapter's files, for tests to change.
struct AdapterBuilder {
    var configuration = #"{"peft_type": "LORA", "r": 2, "lora_alpha": 4}"#
    var tensors: [TestTensor] = []

    /// Adds both halves for a module of the small model.
    mutating func add(
        _ module: String,
        outputs: Int,
        inputs: [Int] = [SmallModel.hidden],
        rank: Int = 2,
        element: ElementType = .f32,
        seed: Int = 0
    ) {
        func values(_ count: Int, _ offset: Int) -> [Double] {
            (0..<count).map { Double(($0 * 7 + offset * 3 + seed) % 11 - 5) / 8 }
        }
        let kernel = [Int](repeating: 1, count: inputs.count - 1)
        let inputCount = inputs.reduce(1, *)
        let name = AdapterTensors.prefix + module
        tensors.append(TestTensor(name + ".lora_A.weight", element, [rank] + inputs, values(rank * inputCount, 1)))
        tensors.append(
            TestTensor(name + ".lora_B.weight", element, [outputs, rank] + kernel, values(outputs * rank, 2))
        )
    }

    func write(to folder: TemporaryFolder) throws {
        try folder.write(configuration.utf8, to: Adapter.configurationName)
        try folder.write(safetensors(tensors), to: Adapter.tensorsName)
    }
}

@Suite struct AdapterLoadingTests {
    private let folder: TemporaryFolder
    private let manifest = SmallModel.manifest()

    init() throws { folder = try TemporaryFolder() }

    private func load(_ builder: AdapterBuilder, mostRank: Int = 64) throws -> Adapter {
        try builder.write(to: folder)
        return try Adapter(folder: folder.path, for: manifest, mostRank: mostRank)
    }

    /// The text of what is wrong, whose lines must all be about the folder's adapter.
    private func problems(_ builder: AdapterBuilder, mostRank: Int = 64) throws -> [String] {
        let error = try #require(throws: AdapterError.self) { try load(builder, mostRank: mostRank) }
        let lines = error.description.split(separator: "\n").map(String.init)
        #expect(lines.first == "\(folder.path): the adapter cannot be used")
        return Array(lines.dropFirst())
    }

    private func entry(_ path: String) throws -> Int {
        try #require(manifest.placedEntries.firstIndex { $0.path == path })
    }

    @Test func everyTensorHasItsPlace() throws {
        var builder = AdapterBuilder()
        builder.add("model.layers.0.q", outputs: 20)
        builder.add("model.layers.1.k", outputs: 14, element: .bf16)
        builder.add("model.layers.1.up", outputs: SmallModel.intermediate, element: .f16)
        builder.add("visual.proj", outputs: 24, inputs: [3, 3, 3])
        builder.add("head", outputs: 70)
        let adapter = try load(builder)
        defer { withExtendedLifetime(adapter) {} }
        #expect(adapter.moduleCount == 5 && adapter.rank == 2 && adapter.changesImages)
        for (path, inner) in [
            ("textLayer[0].queryKeyValue", 2), ("textLayer[1].queryKeyValue", 2), ("textLayer[1].gateUp", 2),
            ("patches", 2), ("embedding", 2),
        ] {
            let matrix = try #require(adapter.packed.matrix(ofEntry: entry(path)), "\(path)")
            #expect(Int(matrix.pointee.inner) == inner)
        }
        #expect(try adapter.packed.matrix(ofEntry: entry("textLayer[0].gateUp")) == nil)
        #expect(adapter.byteCount > 0 && adapter.byteCount <= manifest.adapterByteCount(rank: 2))
    }

    /// Queries are outputs 0 to 19 and keys 20 to 33 of panels of 16: the second panel has both.
    @Test func panelsOfSeveralSources() throws {
        var builder = AdapterBuilder()
        builder.configuration = #"{"peft_type": "LORA", "r": 2, "lora_alpha": 3, "rank_pattern": {"k": 3}}"#
        builder.add("model.layers.0.q", outputs: 20)
        builder.add("model.layers.0.k", outputs: 14, rank: 3, seed: 1)
        let adapter = try load(builder)
        defer { withExtendedLifetime(adapter) {} }
        let matrix = try #require(try adapter.packed.matrix(ofEntry: entry("textLayer[0].queryKeyValue"))).pointee
        #expect(matrix.inner == 5)
        let ranges = (0..<3).map { [matrix.up[$0].first, matrix.up[$0].count] }
        #expect(ranges == [[0, 2], [0, 5], [2, 3]])
        let (queryUp, keyUp) = (builder.tensors[1].values, builder.tensors[3].values)
        for lane in 0..<16 {
            let weights = try #require(matrix.up[1].weights)
            let found = (0..<5).map { weights[$0 * 16 + lane] }
            let expected: [Float] =
                lane < 4
                ? [queryUp[(16 + lane) * 2] * 1.5, queryUp[(16 + lane) * 2 + 1] * 1.5, 0, 0, 0]
                : [0, 0] + (0..<3).map { keyUp[(lane - 4) * 3 + $0] }
            #expect(found == expected, "lane \(lane)")
        }
        let down = UnsafeRawPointer(matrix.down).assumingMemoryBound(to: Float.self)
        let rows = builder.tensors[0].values + builder.tensors[2].values
        for inner in 0..<5 {
            let found = (0..<SmallModel.hidden).map { down[$0 * 16 + inner] }
            #expect(found == Array(rows[inner * SmallModel.hidden..<(inner + 1) * SmallModel.hidden]))
        }
    }

    @Test func namesOfOlderAndNewerFiles() throws {
        let naming = TensorNaming(renamed: ["model.language_model.": "model.", "model.visual.": "visual."])
        let renamed = WeightManifest(
            manifest.entries,
            groups: manifest.groups,
            formats: manifest.formats,
            naming: naming
        )
        for (text, vision) in [("model.", "visual."), ("model.language_model.", "model.visual.")] {
            var builder = AdapterBuilder()
            builder.add(text + "layers.0.q", outputs: 20)
            builder.add(vision + "proj", outputs: 24, inputs: [3, 3, 3])
            try builder.write(to: folder)
            #expect(try Adapter(folder: folder.path, for: renamed).moduleCount == 2)
        }
    }

    /// A tensor of the checkpoint that two matrices share by rows: each takes its own rows of lora_B.
    @Test func rowsOfATensor() throws {
        let shape = [40, 8]
        let split = WeightManifest(
            [
                .matrix("low", outputs: 24, inputs: 8, .mlp, from: [.tensor("all.weight", shape, rows: 0..<24)]),
                .matrix("high", outputs: 16, inputs: 8, .mlp, from: [.tensor("all.weight", shape, rows: 24..<40)]),
            ],
            formats: WeightFormats(.f32)
        )
        var builder = AdapterBuilder()
        builder.add("all", outputs: 40, inputs: [8])
        try builder.write(to: folder)
        let adapter = try Adapter(folder: folder.path, for: split)
        defer { withExtendedLifetime(adapter) {} }
        let high = try #require(adapter.packed.matrix(ofEntry: 1)).pointee
        let weights = try #require(high.up[0].weights)
        let up = builder.tensors[1].values
        for lane in 0..<16 { #expect(weights[lane] == up[(24 + lane) * 2] * 2) }
    }

    // MARK: What does not fit

    @Test func missingHalves() throws {
        var builder = AdapterBuilder()
        builder.add("model.layers.0.q", outputs: 20)
        builder.add("model.layers.1.q", outputs: 20)
        builder.add("model.layers.1.k", outputs: 14)
        builder.tensors.remove(at: 4)
        builder.tensors.remove(at: 3)
        builder.tensors.remove(at: 1)
        #expect(
            try problems(builder) == [
                "  base_model.model.model.layers.{0...1}.q.lora_A.weight has no lora_B.weight beside it",
                "  base_model.model.model.layers.1.k.lora_B.weight has no lora_A.weight beside it",
            ]
        )
    }

    @Test func modulesThatAreNotThere() throws {
        var builder = AdapterBuilder()
        builder.add("model.layers.2.q", outputs: 20)
        builder.add("model.layers.0.norm", outputs: 20)
        builder.add("model.embed", outputs: 70)
        let found = try problems(builder)
        #expect(found.count == 6)
        #expect(found.contains("  base_model.model.model.layers.2.q.lora_B.weight belongs to no matrix of the model"))
        #expect(
            found.contains("  base_model.model.model.layers.0.norm.lora_A.weight belongs to no matrix of the model")
        )
        #expect(
            found.contains { $0.hasPrefix("  base_model.model.model.embed.lora_A.weight belongs to the embedding") }
        )
    }

    @Test func shapesAndTypes() throws {
        var builder = AdapterBuilder()
        builder.add("model.layers.0.q", outputs: 21)
        builder.add("model.layers.0.k", outputs: 14, rank: 3)
        builder.add("visual.proj", outputs: 24, inputs: [27])
        builder.add("model.layers.1.q", outputs: 20, element: .i32)
        let found = try problems(builder)
        for expected in [
            "layers.0.q.lora_B.weight has the shape [21, 2], but [20, 2] is right",
            "layers.0.k.lora_A.weight has the shape [3, 40], but [2, 40] is right",
            "layers.0.k.lora_B.weight has the shape [14, 3], but [14, 2] is right",
            "visual.proj.lora_A.weight has the shape [2, 27], but [2, 3, 3, 3] is right",
            "visual.proj.lora_B.weight has the shape [24, 2], but [24, 2, 1, 1] is right",
            "layers.1.q.lora_A.weight is I32; adapters are F64, F32, F16 or BF16",
        ] {
            #expect(found.contains { $0.hasSuffix(expected) }, "\(expected) in \(found)")
        }
        #expect(found.count == 7)
    }

    @Test func otherTensors() throws {
        var builder = AdapterBuilder()
        builder.add("model.layers.0.q", outputs: 20)
        for name in [
            "base_model.model.model.embed.lora_embedding_A", "base_model.model.model.layers.0.q.lora_magnitude_vector",
            "base_model.model.model.layers.0.q.lora_B.bias", "base_model.model.model.layers.0.q.bias",
            "base_model.model.model.layers.0.q.lora_A.default.weight", "base_model.model.head.weight",
            "model.norm.weight",
        ] {
            builder.tensors.append(TestTensor(name, .f32, [1], [1]))
        }
        let found = try problems(builder)
        for expected in [
            "lora_embedding_A is a low-rank map of an embedding", "lora_magnitude_vector is a magnitude of DoRA",
            "lora_B.bias is a bias of lora_B", "q.bias is a bias", "lora_A.default.weight is no weight of lora_A",
            "head.weight is a tensor of a whole module", "model.norm.weight is not called base_model.model.<module>…",
        ] {
            #expect(
                found.contains { $0.contains(expected + ", which is not computed here") },
                "\(expected) in \(found)"
            )
        }
        #expect(found.count == 7)
    }

    @Test func theSamePartTwice() throws {
        let naming = TensorNaming(renamed: ["old.": "model."])
        let renamed = WeightManifest(
            manifest.entries,
            groups: manifest.groups,
            formats: manifest.formats,
            naming: naming
        )
        var builder = AdapterBuilder()
        builder.add("model.layers.0.q", outputs: 20)
        builder.add("old.layers.0.q", outputs: 20)
        try builder.write(to: folder)
        let error = try #require(throws: AdapterError.self) { try Adapter(folder: folder.path, for: renamed) }
        #expect(
            error.description.contains("old.layers.0.q.lora_A.weight is the same part of the model as model.layers.0.q")
        )
    }

    @Test func modulesThatAreNotTargeted() throws {
        var builder = AdapterBuilder()
        builder.configuration = #"{"peft_type": "LORA", "r": 2, "target_modules": ["k"]}"#
        builder.add("model.layers.0.q", outputs: 20)
        #expect(
            try problems(builder) == [
                "  base_model.model.model.layers.0.q.lora_A.weight belongs to a module that the configuration does not target",
                "  base_model.model.model.layers.0.q.lora_B.weight belongs to a module that the configuration does not target",
            ]
        )
    }

    @Test func numbersThatAreNone() throws {
        var builder = AdapterBuilder()
        builder.add("model.layers.0.q", outputs: 20)
        let infinity = TestTensor("x", .f32, [1], [.infinity]).bytes
        builder.tensors[1].bytes.replaceSubrange(4..<8, with: infinity)
        #expect(
            try problems(builder) == [
                "  base_model.model.model.layers.0.q.lora_B.weight has 1 numbers that are infinite or not a number"
            ]
        )
    }

    @Test func ranks() throws {
        var builder = AdapterBuilder()
        builder.configuration = #"{"peft_type": "LORA", "r": 2, "rank_pattern": {"k": 9}}"#
        builder.add("model.layers.0.q", outputs: 20)
        builder.add("model.layers.0.k", outputs: 14, rank: 9)
        #expect(try load(builder, mostRank: 9).rank == 9)
        let found = try problems(builder, mostRank: 8)
        #expect(found == ["  \(folder.path): the rank is 9; memory is planned for ranks up to 8 (--max-lora-rank)"])
    }

    @Test func patternsThatTakeTooLong() throws {
        var builder = AdapterBuilder()
        let pattern = "((?=(?=(?=.*x{900}).*).*).)*"
        builder.configuration = #"{"peft_type": "LORA", "r": 2, "target_modules": "\#(pattern)"}"#
        for layer in 0..<2 { builder.add("model.layers.\(layer).q", outputs: 20) }
        let found = try problems(builder)
        #expect(found.allSatisfy { $0.contains("too long") || $0.contains("does not target") } && !found.isEmpty)
    }

    @Test func noTensors() throws {
        let found = try problems(AdapterBuilder())
        #expect(
            found == ["  \(folder[Adapter.tensorsName]): no tensor is called base_model.model.<module>.lora_A.weight"]
        )
    }

    @Test func filesThatAreNotThere() throws {
        let found = try #require(throws: AdapterError.self) { try Adapter(folder: folder["none"], for: manifest) }
        let lines = found.description.split(separator: "\n")
        #expect(
            lines.count == 3 && lines[1].contains(Adapter.configurationName) && lines[2].contains(Adapter.tensorsName)
        )
        try folder.write(#"{"peft_type": "LORA"}"#.utf8, to: Adapter.configurationName)
        try folder.write([1, 2, 3], to: Adapter.tensorsName)
        let damaged = try #require(throws: AdapterError.self) { try Adapter(folder: folder.path, for: manifest) }
        #expect(damaged.description.contains("the file has 3 bytes"))
    }

    /// What was loaded is the adapter's own, and a file that loses its end while it is read is an error.
    @Test func filesThatChange() throws {
        var builder = AdapterBuilder()
        builder.add("model.layers.0.q", outputs: 20)
        let adapter = try load(builder)
        let matrix = try #require(adapter.packed.matrix(ofEntry: entry("textLayer[0].queryKeyValue"))).pointee
        let down = UnsafeRawPointer(matrix.down).assumingMemoryBound(to: Float.self)
        let before = (0..<16 * SmallModel.hidden).map { down[$0] }
        #expect(before.contains { $0 != 0 })
        let path = folder[Adapter.tensorsName]
        let files = try AdapterFiles(folder: folder.path)
        #expect(truncate(path, 700) == 0)
        let error = try #require(throws: AdapterError.self) {
            try Adapter(files, for: manifest, mostRank: 2, kernels: .best)
        }
        #expect(error.description.contains("cannot read '\(path)'"))
        #expect((0..<16 * SmallModel.hidden).map { down[$0] } == before)
        withExtendedLifetime(adapter) {}
    }

    @Test func everythingAtOnce() throws {
        var builder = AdapterBuilder()
        builder.configuration = #"{"peft_type": "LORA", "r": 2, "use_dora": true}"#
        builder.add("model.layers.0.x", outputs: 20)
        builder.tensors.append(TestTensor("base_model.model.model.layers.0.q.lora_magnitude_vector", .f32, [1], [1]))
        #expect(try problems(builder).count == 4)
    }
}
