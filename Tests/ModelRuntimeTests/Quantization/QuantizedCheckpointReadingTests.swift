// Matrices as other libraries quantise them are read as what they stand for, to the last bit, and kept where a format
// can; what cannot be read is refused by name.

import TensorTypes
import Testing

@testable import ModelRuntime

@Suite struct QuantizedCheckpointReadingTests {
    private static let outputs = 24
    private static let inputs = 256

    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func manifest(_ format: WeightFormat) -> WeightManifest {
        let shape = [Self.outputs, Self.inputs]
        return WeightManifest(
            [
                .matrix(
                    "linear",
                    outputs: Self.outputs,
                    inputs: Self.inputs,
                    .mlp,
                    from: [.tensor("linear.weight", shape)]
                )
            ],
            formats: WeightFormats(format)
        )
    }

    /// The fixture's matrix in a format, all its weights, and what it lost.
    private func open(_ name: String, _ format: WeightFormat) throws -> (weights: [Float], loss: Double) {
        try folder.write(contents(of: "\(fixturesFolder())/quantized/\(name).safetensors"), to: Checkpoint.fileName)
        let isSecondVersion = name.hasPrefix("gptq-v2")
        let configuration = isSecondVersion ? #"{"quantization_config":{"checkpoint_format":"gptq_v2"}}"# : "{}"
        try folder.write(configuration.utf8, to: "config.json")
        let weights = try PackedWeights.open(
            MatchedWeights(manifest(format), in: Checkpoint(path: folder.path)),
            pool: ThreadPool(threads: 2)
        )
        defer { withExtendedLifetime(weights) {} }
        return (unpacked(weights.matrix("linear")), try #require(weights.losses.first).relativeError)
    }

    private func expected(_ name: String) throws -> [Float] {
        let file = try SafetensorsFile(path: "\(fixturesFolder())/quantized/\(name).expected.safetensors")
        let tensor = try #require(file.tensors.first)
        var values = [Float](repeating: 0, count: tensor.elementCount)
        widen(try #require(file.bytes(of: tensor).baseAddress), .f32, count: values.count) { values[$0] = $1 }
        return values
    }

    @Test(arguments: [
        ("awq-4-128", WeightFormat.w4g128), ("gptq-4-128", .w4g128), ("gptq-v2-4-128", .w4g128),
        ("gptq-4-32", .w4g32), ("gptq-8-channel", .w8), ("gptq-8-channel", .w8g32), ("packed-4-32", .w4g32),
        ("packed-8-32", .w8g32), ("packed-8-channel", .w8), ("packed-8-channel", .w8g32), ("bytes-8-channel", .w8),
    ])
    func areKeptAsTheyAre(_ name: String, _ format: WeightFormat) throws {
        let (weights, loss) = try open(name, format)
        #expect(try weights == expected(name))
        #expect(loss == 0)
    }

    @Test(arguments: ["awq-4-128", "gptq-4-32", "gptq-8-channel", "packed-8-32", "bytes-8-channel"])
    func areReadAsNumbersWhereTheFormatIsAnother(_ name: String) throws {
        let (weights, loss) = try open(name, .f32)
        #expect(try weights == expected(name))
        #expect(loss == 0)
        let (rounded, roundedLoss) = try open(name, .bf16)
        let pairs = try zip(rounded, expected(name))
        #expect(pairs.allSatisfy { $0 == Float(bitPattern: UInt32(roundedToBF16($1)) << 16) })
        #expect(roundedLoss < 0.004)
    }

    @Test func inputsDealtOutByActivationAreRefused() throws {
        let error = #expect(throws: CheckpointMismatch.self) { try open("gptq-desc-act", .w4g128) }
        #expect(error?.description.contains("desc_act") == true)
        #expect(error?.unreadable.map(\.name) == ["linear.weight"])
    }

    @Test func missingAndMisshapedPartsAreNamed() throws {
        func refusal(_ tensors: [TestTensor]) throws -> String {
            try folder.write(safetensors(tensors), to: Checkpoint.fileName)
            let error = #expect(throws: CheckpointMismatch.self) {
                try MatchedWeights(manifest(.w4g128), in: Checkpoint(path: folder.path))
            }
            return error?.description ?? ""
        }
        func words(_ shape: [Int]) -> TestTensor {
            TestTensor("linear.qweight", .i32, shape, repeatElement(0, count: shape.reduce(1, *)))
        }
        #expect(try refusal([words([256, 3])]).contains("lacks its part linear.scales"))
        let scales = TestTensor("linear.scales", .f16, [2, 24], repeatElement(1, count: 48))
        let zeros = TestTensor("linear.qzeros", .i32, [2, 3], repeatElement(0, count: 6))
        #expect(try refusal([words([24, 32]), scales, zeros]).contains("[24, 32] words for [24, 256]"))
        let few = TestTensor("linear.scales", .f16, [3, 24], repeatElement(1, count: 72))
        #expect(try refusal([words([256, 3]), few, zeros]).contains("that do not fit"))
    }
}

/// All weights of a matrix, row by row.
func unpacked(_ matrix: PackedMatrix) -> [Float] {
    (0..<matrix.outputs).flatMap { row in (0..<matrix.inputs).map { matrix.value(row: row, input: $0) } }
}
