// `quantization_config` as it is found in checkpoints, and the formats that it becomes.

import Diagnostics
import TensorTypes
import Testing

@testable import ModelDescriptions

struct QuantizationImportTests {
    private typealias TensorClass = ModelDescription.Quantization.TensorClass

    private func outcome(_ checkpoint: String, _ configuration: String) throws -> HuggingFaceImporter.Outcome {
        var files = try ImportCase.files(of: checkpoint)
        let text = String(decoding: try #require(files.contents[.config]), as: UTF8.self)
        let end = try #require(text.lastIndex(of: "}"))
        files.contents[.config] = Array("\(text[..<end]), \"quantization_config\": \(configuration)}".utf8)
        return HuggingFaceImporter(name: "m").importModel(files)
    }

    /// The formats that differ from that of the checkpoint's numbers.
    private func formats(_ checkpoint: String, _ configuration: String) throws -> [TensorClass: WeightFormat] {
        let outcome = try outcome(checkpoint, configuration)
        #expect(outcome.diagnostics == [])
        let quantization = try #require(outcome.description?.quantization)
        #expect(quantization.weights == .bf16)
        return quantization.exceptions
    }

    private func report(_ configuration: String) throws -> [String] {
        let outcome = try outcome("tiny-qwen25vl-a", configuration)
        return outcome.diagnostics.map(\.message)
    }

    @Test func `AWQ of a published model`() throws {
        let configuration = """
            {"bits": 4, "group_size": 128, "modules_to_not_convert": ["visual"], "quant_method": "awq",
             "version": "gemm", "zero_point": true}
            """
        #expect(try formats("tiny-qwen25vl-a", configuration) == [.attention: .w4g128, .mlp: .w4g128])
    }

    @Test func `AWQ that leaves layers as they were`() throws {
        let configuration = """
            {"quant_method": "awq", "modules_to_not_convert": ["model.layers.0.mlp", "visual"]}
            """
        #expect(try formats("tiny-qwen25vl-a", configuration) == [.attention: .w4g128])
    }

    @Test(arguments: [
        (4, 128, true, WeightFormat.w4g128), (4, 128, false, .w4g128), (4, -1, true, .w4g128), (4, 32, true, .w4g32),
        (4, 64, true, .w4g32), (8, 128, true, .w8g32), (8, -1, true, .w8),
    ])
    func `GPTQ in groups that a format holds`(bits: Int, group: Int, isSymmetric: Bool, format: WeightFormat) throws {
        let configuration = """
            {"quant_method": "gptq", "bits": \(bits), "group_size": \(group), "sym": \(isSymmetric), "desc_act": false,
             "damp_percent": 0.1, "true_sequential": true, "checkpoint_format": "gptq"}
            """
        #expect(try formats("tiny-smollm2-a", configuration) == [.attention: format, .mlp: format])
    }

    @Test func `compressed-tensors by what it ignores`() throws {
        func configuration(_ weights: String, ignoring ignored: String) -> String {
            """
            {"quant_method": "compressed-tensors", "format": "pack-quantized", "ignore": [\(ignored)],
             "config_groups": {"group_0": {"targets": ["Linear"], "weights": {"num_bits": \(weights), "type": "int",
             "symmetric": true}, "input_activations": null, "output_activations": null}}}
            """
        }
        let group = "4, \"strategy\": \"group\", \"group_size\": 32"
        #expect(
            try formats("tiny-qwen25vl-b", configuration(group, ignoring: "\"lm_head\", \"re:.*visual.*\""))
                == [.attention: .w4g32, .mlp: .w4g32]
        )
        let channel = "8, \"strategy\": \"channel\""
        #expect(
            try formats("tiny-qwen25vl-b", configuration(channel, ignoring: #""re:(.*\\.)?visual\\.merger\\..*""#))
                == [.vision: .w8, .attention: .w8, .mlp: .w8, .head: .w8]
        )
    }

    @Test func `what no format holds is rounded once more, and told`() throws {
        let outcome = try outcome("tiny-smollm2-a", "{\"quant_method\": \"awq\", \"group_size\": 64}")
        #expect(outcome.description?.quantization.format(of: .mlp) == .w8g32)
        #expect(outcome.diagnostics.map(\.severity) == [.warning])
    }

    @Test func `what is not read is refused`() throws {
        #expect(try report("{}") == ["`quant_method` is missing"])
        #expect(try report("3") == ["`quantization_config` is 3, but must be an object"])
        #expect(try report("{\"quant_method\": \"gptq\", \"desc_act\": true}").first?.contains("`desc_act`") == true)
        #expect(
            try report("{\"quant_method\": \"gptq\", \"bits\": 3}") == [
                "weights of 3 bits are not read; 4 and 8 are"
            ]
        )
        #expect(try report("{\"quant_method\": \"awq\", \"version\": \"gemv\"}").first?.contains("\"gemv\"") == true)
        let types = """
            {"quant_method": "compressed-tensors", "config_groups": {"g": {"weights": {"type": "float"}}}}
            """
        #expect(try report(types) == ["only symmetric integers are read from compressed-tensors"])
        #expect(
            try report("{\"quant_method\": \"compressed-tensors\", \"format\": \"marlin-24\", \"config_groups\": {}}")
                .first?.contains("marlin-24") == true
        )
    }
}
