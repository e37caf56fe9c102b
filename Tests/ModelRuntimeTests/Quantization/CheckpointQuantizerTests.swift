// A quantised copy of a checkpoint holds the integers that loading the original in the same format would make, and is
// there whole or not at all.

import JSONText
import Synchronization
import TensorTypes
import Testing

@testable import ModelRuntime

@Suite struct CheckpointQuantizerTests {
    private static let hidden = 256
    private static let intermediate = 96

    private let folder: TemporaryFolder
    private let pool = ThreadPool(threads: 2)

    init() throws { folder = try TemporaryFolder() }

    /// One layer: query and key in one matrix with zeros for value, gate and up in turn, down, an embedding.
    private static func manifest(_ formats: WeightFormats) -> WeightManifest {
        WeightManifest(
            [
                .matrix(
                    "embedding",
                    outputs: 40,
                    inputs: hidden,
                    .embeddings,
                    from: [.tensor("model.embed.weight", [40, hidden])]
                ),
                .vector("norm", count: hidden, from: [.tensor("model.norm.weight", [hidden])]),
            ],
            groups: [
                WeightGroup(
                    "layer",
                    layers: 0..<2,
                    [
                        .matrix(
                            "queryKeyValue",
                            outputs: 56,
                            inputs: hidden,
                            .attention,
                            from: [
                                .tensor("model.layers.{layer}.q.weight", [24, hidden]),
                                .tensor("model.layers.{layer}.k.weight", [16, hidden]), .zeros([16, hidden]),
                            ]
                        ),
                        SmallModel.gateUp(intermediate: intermediate, hidden: hidden),
                        .matrix(
                            "down",
                            outputs: hidden,
                            inputs: intermediate,
                            .mlp,
                            from: [.tensor("model.layers.{layer}.down.weight", [hidden, intermediate])]
                        ),
                    ]
                )
            ],
            formats: formats,
            naming: TensorNaming(renamed: ["outer.inner.": "model."], tied: ["head.weight": "model.embed.weight"])
        )
    }

    private static func tensors() -> [TestTensor] {
        var generator = SeededGenerator(seed: 7)
        func tensor(_ name: String, _ shape: [Int]) -> TestTensor {
            let values = (0..<shape.reduce(1, *)).map { _ in
                (0..<4).reduce(0.0) { sum, _ in sum + Double.random(in: -0.02...0.02, using: &generator) }
            }
            return TestTensor(name, .bf16, shape, values)
        }
        let layers = (0..<2).flatMap { layer in
            [
                tensor("model.layers.\(layer).q.weight", [24, hidden]),
                tensor("model.layers.\(layer).k.weight", [16, hidden]),
                tensor("model.layers.\(layer).gate.weight", [intermediate, hidden]),
                tensor("model.layers.\(layer).up.weight", [intermediate, hidden]),
                tensor("model.layers.\(layer).down.weight", [hidden, intermediate]),
            ]
        }
        return [tensor("model.embed.weight", [40, hidden]), tensor("model.norm.weight", [hidden])] + layers
    }

    /// Writes the original, in two files, and gives its folder.
    private func original() throws -> String {
        let path = folder["original"]
        try makeFolders(path)
        let tensors = Self.tensors()
        let files = ["model-1.safetensors": Array(tensors[..<5]), "model-2.safetensors": Array(tensors[5...])]
        for (name, tensors) in files { try folder.write(safetensors(tensors), to: "original/\(name)") }
        try folder.write(checkpointIndex(files), to: "original/\(Checkpoint.indexName)")
        try folder.write(#"{"model_type": "small", "torch_dtype": "bfloat16"}"#.utf8, to: "original/config.json")
        try folder.write(#"{"vocab": []}"#.utf8, to: "original/tokenizer.json")
        try folder.write([1, 2, 3], to: "original/pytorch_model.bin")
        return path
    }

    private func quantizer(
        _ source: String,
        _ format: WeightFormat,
        callbacks: PackingCallbacks = PackingCallbacks()
    ) throws -> CheckpointQuantizer {
        let weights = try MatchedWeights(Self.manifest(WeightFormats(.bf16)), in: Checkpoint(path: source))
        return try CheckpointQuantizer(weights, format: format, pool: pool, callbacks: callbacks)
    }

    private func open(_ path: String, _ formats: WeightFormats) throws -> PackedWeights {
        try PackedWeights.open(MatchedWeights(Self.manifest(formats), in: Checkpoint(path: path)), pool: pool)
    }

    @Test(arguments: WeightFormat.all.filter(\.isInteger))
    func holdsTheIntegersThatLoadingMakes(_ format: WeightFormat) throws {
        let source = try original()
        let written = try quantizer(source, format).write(to: folder["copy"])
        let formats = WeightFormats(.bf16, exceptions: [.attention: format, .mlp: format])
        let direct = try open(source, formats)
        let reread = try open(written.folder, formats)
        defer { withExtendedLifetime((direct, reread)) {} }
        func bytes(_ matrix: PackedMatrix, panels: Int) -> [UInt8] {
            let count = panels * format.panelBytes(inputs: matrix.inputs)
            return Array(UnsafeRawBufferPointer(start: matrix.panels, count: count))
        }
        for layer in 0..<2 {
            // The last 16 outputs have no tensor: zeros with any scale are zeros.
            for (name, panels) in [("queryKeyValue", 1), ("gateUp", 12)] {
                let ours = bytes(direct.matrix(name, of: "layer", layer: layer), panels: panels)
                #expect(ours == bytes(reread.matrix(name, of: "layer", layer: layer), panels: panels), "\(name)")
            }
            let heads = reread.matrix("queryKeyValue", of: "layer", layer: layer)
            #expect(unpacked(heads) == unpacked(direct.matrix("queryKeyValue", of: "layer", layer: layer)))
        }
        let keeps = format == .w4g128
        #expect(written.kept.map(\.name) == (keeps ? (0..<2).map { "model.layers.\($0).down.weight" } : []))
        #expect(written.losses.count == (keeps ? 8 : 10))
        let limit = format.weightBits == 8 ? 0.01 : 0.12
        for loss in written.losses { #expect(loss.relativeError > 0 && loss.relativeError < limit, "\(loss)") }
        // What was read as it is loses nothing, and what was left stays as it was.
        for loss in reread.losses { #expect(loss.relativeError == 0, "\(loss)") }
        #expect(reread.matrix("down", of: "layer", layer: 0).format == (keeps ? .bf16 : format))
    }

    @Test(arguments: WeightFormat.all.filter(\.isInteger))
    func lossesAreWhatTheIntegersLose(_ format: WeightFormat) throws {
        let source = try original()
        let written = try quantizer(source, format).write(to: folder["copy"])
        let weights = try open(written.folder, WeightFormats(.f32))
        defer { withExtendedLifetime(weights) {} }
        let matrix = weights.matrix("gateUp", of: "layer", layer: 1)
        let tensors = Self.tensors()
        // Sixteen rows of gate, sixteen of up, ...
        for (name, offset) in [("gate", 0), ("up", 16)] {
            let tensor = try #require(tensors.first { $0.name == "model.layers.1.\(name).weight" })
            let loss = try #require(written.losses.first { $0.name == tensor.name })
            var squaredError = 0.0
            var squaredValues = 0.0
            for row in 0..<Self.intermediate {
                for input in 0..<Self.hidden {
                    let given = Double(tensor.values[row * Self.hidden + input])
                    let kept = Double(matrix.value(row: row / 16 * 32 + offset + row % 16, input: input))
                    squaredError += (kept - given) * (kept - given)
                    squaredValues += given * given
                }
            }
            #expect(abs(loss.squaredError - squaredError) <= 1e-4 * squaredError)
            #expect(abs(loss.squaredValues - squaredValues) <= 1e-4 * squaredValues)
        }
    }

    @Test func isADirectoryThatOthersRead() throws {
        let source = try original()
        _ = try quantizer(source, .w4g128).write(to: folder["awq"])
        let files = folder.names(in: "awq")
        #expect(
            files == [
                "config.json", "model-1.safetensors", "model-2.safetensors", "model.safetensors.index.json",
                "tokenizer.json",
            ]
        )
        let configuration = try readJSON(folder["awq/config.json"])
        #expect(configuration["model_type"]?.string == "small")
        let stated = try #require(configuration["quantization_config"])
        #expect(stated["quant_method"]?.string == "awq" && stated["version"]?.string == "gemm")
        #expect(stated["bits"]?.integer == 4 && stated["group_size"]?.integer == 128)
        // Under the names of the files, and under those of readers that name their modules otherwise.
        let kept = ["embed", "layers.0.down", "layers.1.down"]
        let names = ["head"] + kept.map { "model." + $0 } + kept.map { "outer.inner." + $0 }
        #expect(stated["modules_to_not_convert"]?.array?.compactMap(\.string) == names)

        _ = try quantizer(source, .w8g32).write(to: folder["packed"])
        let packed = try #require(readJSON(folder["packed/config.json"])["quantization_config"])
        #expect(packed["quant_method"]?.string == "compressed-tensors" && packed["format"]?.string == "pack-quantized")
        let weights = packed["config_groups"]?["group_0"]?["weights"]
        #expect(weights?["num_bits"]?.integer == 8 && weights?["group_size"]?.integer == 32)
        #expect(packed["ignore"]?.array?.compactMap(\.string) == ["head", "model.embed", "outer.inner.embed"])
    }

    @Test func nothingStaysWhenItIsCancelled() throws {
        let source = try original()
        let asked = Mutex(0)
        let callbacks = PackingCallbacks(isCancelled: {
            asked.withLock { count in
                count += 1
                return count > 6
            }
        })
        let error = #expect(throws: QuantizationError.self) {
            try quantizer(source, .w8, callbacks: callbacks).write(to: folder["copy"])
        }
        #expect(error == .cancelled)
        #expect(folder.names() == ["original"])
    }

    @Test func mistakesAreRefused() throws {
        let source = try original()
        let floats = #expect(throws: QuantizationError.self) { try quantizer(source, .f16) }
        #expect(floats?.description.contains("w8g32, w8, w4g32, w4g128") == true)
        let written = try quantizer(source, .w8).write(to: folder["copy"])
        let occupied = #expect(throws: QuantizationError.self) { try quantizer(source, .w8).write(to: folder["copy"]) }
        #expect(occupied == .folderNotEmpty(folder["copy"]))
        let twice = #expect(throws: QuantizationError.self) { try quantizer(written.folder, .w4g32) }
        #expect(twice?.description.contains("quantised already") == true)
        try folder.write("{".utf8, to: "original/config.json")
        #expect(throws: QuantizationError.self) { try quantizer(source, .w8).write(to: folder["other"]) }
        #expect(folder.names() == ["copy", "original"])
    }
}
