// What `quantize` says of models with hundreds of tensors fits a screen; machines are told everything.

import JSONText
import TensorTypes
import Testing

@testable import ModelCommands
@testable import ModelRuntime

@Suite struct QuantizationReportTests {
    private func report(layers: Int) -> QuantizationReport {
        let losses = (0..<layers).flatMap { layer in
            [("q_proj", WeightClass.attention), ("down_proj", .mlp)].map { part, weightClass in
                WeightLoss(
                    name: "model.layers.\(layer).\(part).weight",
                    weightClass: weightClass,
                    format: .w4g128,
                    byteCount: 1000,
                    // Later layers lose more, and `down_proj` more than `q_proj`.
                    squaredError: Double(layer + 1) * (weightClass == .mlp ? 4 : 1),
                    squaredValues: 10_000
                )
            }
        }
        let kept = (0..<layers).map { layer in
            QuantizedCheckpoint.Kept(name: "model.layers.\(layer).up_proj.weight", reason: "it has a reason")
        }
        let written = QuantizedCheckpoint(
            folder: "copy",
            losses: losses,
            kept: kept,
            byteCount: 2000 * layers,
            sourceByteCount: 8000 * layers
        )
        return QuantizationReport(written: written, format: .w4g128, isCalibrated: true, peakBytes: 77)
    }

    @Test func tablesOfManyTensorsAreShort() {
        let lines = report(layers: 100).tables(allTensors: false).split(separator: "\n").map(String.init)
        #expect(
            lines == [
                "  class      format  matrices   bytes  relative error",
                "  attention  w4g128       100  100000         7.1e-02",
                "  mlp        w4g128       100  100000         1.4e-01",
                "  tensors that lose most            format  relative error",
                "  model.layers.99.down_proj.weight  w4g128         2.0e-01",
                "  model.layers.98.down_proj.weight  w4g128         2.0e-01",
                "  model.layers.97.down_proj.weight  w4g128         2.0e-01",
                "  model.layers.96.down_proj.weight  w4g128         2.0e-01",
                "  model.layers.95.down_proj.weight  w4g128         2.0e-01",
                "  model.layers.0.up_proj.weight and 99 more stay as they are: it has a reason",
                "wrote copy: 200000 bytes of tensors instead of 800000",
            ]
        )
        #expect(report(layers: 100).tables(allTensors: true).split(separator: "\n").count == 3 + 1 + 200 + 2)
    }

    @Test func machinesAreToldEverything() throws {
        var divergence = AnswerDivergence()
        divergence.add([1, 2], [1, 2])
        let comparison = QuantizationReport.Comparison(reference: .f32, divergence: divergence)
        let object = try JSONDocument(Array(report(layers: 100).json(comparison).utf8)).root
        #expect(object["folder"]?.string == "copy" && object["format"]?.string == "w4g128")
        #expect(object["calibrated"]?.boolean == true && object["peak_bytes"]?.integer == 77)
        #expect(object["bytes"]?.integer == 200_000 && object["source_bytes"]?.integer == 800_000)
        #expect(object["classes"]?.array?.map { $0["matrices"]?.integer } == [100, 100])
        #expect(object["tensors"]?.array?.count == 200 && object["kept"]?.array?.count == 100)
        #expect(object["tensors"]?.array?.first?["relative_error"]?.double == 0.01)
        #expect(object["divergence"]?["positions"]?.integer == 1)
        #expect(object["divergence"]?["agreement"]?.double == 1)
        // A model that answers with NaN has no divergence that JSON could state.
        divergence.add([1, 2], [.nan, 2])
        let broken = try report(layers: 1).json(.init(reference: .f32, divergence: divergence))
        let stated = try JSONDocument(Array(broken.utf8)).root["divergence"]
        #expect(stated?["mean_nats"]?.isNull == true && stated?["maximum_nats"]?.isNull == true)
    }
}
