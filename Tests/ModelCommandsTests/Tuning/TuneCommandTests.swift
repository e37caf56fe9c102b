// The arguments of `tune`, and what it says.

import ArgumentParser
import JSONText
import ModelRuntime
import TensorTypes
import Testing

@testable import ModelCommands

@Suite struct TuneCommandTests {
    @Test(arguments: [
        ([], "Give either --weights or --synthetic."),
        (["--synthetic", "--weights", "x"], "Give either --weights or --synthetic."),
        (["--synthetic", "--dtype", "q9"], "--dtype is auto, "),
        (["--synthetic", "--threads", "0"], "--threads is 0; allowed: 1 to 256"),
        (["--synthetic", "--seconds", "-1"], "--seconds is -1.0; allowed: 0 or more"),
    ])
    func wrongArguments(_ arguments: [String], _ expected: String) {
        do {
            _ = try TuneCommand<DescribedModel>.parse(arguments)
            Issue.record("the arguments were taken")
        } catch {
            let message = TuneCommand<DescribedModel>.message(for: error)
            #expect(message.contains(expected), "\(message)")
        }
    }

    private static let matrix = DeviceCall.Matrix(outputs: 32, inputs: 16, format: .bf16)

    private func report(chosen: TuningSetup, ratio: Double) -> TuningReport {
        var product = TunedProduct(
            call: DeviceCall(operation: "linear", rows: 1, matrix: Self.matrix),
            count: 30,
            seconds: 0.001
        )
        product.consider("b", ratio: 1.5)
        product.consider("c", ratio: 0.9)
        let phase = TunedPhase(
            phase: .decode,
            products: [product],
            seconds: 0.01,
            bestRatio: 0.97,
            chosenRatio: ratio
        )
        let outcome = TuningOutcome(standard: TuningSetup(kernels: "a"), chosen: chosen, phases: [phase])
        return TuningReport(
            key: TuningKey(DescribedModel.manifest, formats: WeightFormats(.bf16), threads: 3),
            weights: "random",
            outcome: outcome,
            others: ["b", "c"],
            what: [.decode: "A token"],
            path: "/x/tuning.json"
        )
    }

    @Test func theDefaultIsKept() throws {
        let report = report(chosen: TuningSetup(kernels: "a"), ratio: 1)
        let text = report.text
        #expect(text.contains("described, random weights in bf16, 3 threads, "))
        #expect(text.contains("Kernels: a by default; also tried: b, c\n"))
        #expect(text.contains("30        1000         900   10.0%  linear [32, 16] bf16, 1 row: c\n"))
        #expect(text.contains("A token: 10.0 ms by default, 10.0 ms as chosen, gain 0.0%; best of all 3.0%\n"))
        #expect(text.contains("Default kept: "))
        #expect(text.contains("The default is within 5% of the best that was found.\n"))
        #expect(text.hasSuffix("Remembered in /x/tuning.json\n"))
    }

    @Test func aChoice() throws {
        let tuning = try #require(ProductTuning(aheadBytes: 64, smallChunkBytes: 5, longQuarters: 4))
        let chosen = TuningSetup(kernels: "c", products: [ProductKind(.linear, Self.matrix, .one): tuning])
        let report = report(chosen: chosen, ratio: 0.97)
        let text = report.text
        #expect(text.contains("10.0 ms by default, 9.70 ms as chosen, gain 3.0%"))
        #expect(
            text.contains(
                "Chosen: c kernels and\n  linear [32, 16] bf16, 1 row: 64 bytes ahead, chunks of 5 bytes, "
                    + "4 quarters in long ranges\n"
            )
        )
        let root = try JSONDocument(try report.json()).root
        #expect(root["chosen_kernels"]?.string == "c" && root["default_kept"]?.boolean == false)
        #expect(root["file"]?.string == "/x/tuning.json")
        let phase = root["phases"]?["decode"]
        #expect(phase?["default_milliseconds"]?.double == 10)
        #expect(phase?["products"]?.array?.first?["best"]?.string == "c")
        #expect(phase?["products"]?.array?.first?["count"]?.integer == 30)
    }

    @Test(arguments: [(0.0123, "1.2%"), (-0.0123, "-1.2%"), (0, "0.0%"), (1, "100.0%"), (.nan, "nan")])
    func percent(_ part: Double, _ expected: String) { #expect(TuningReport.percent(part) == expected) }
}
