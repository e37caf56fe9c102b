// Limits, medians and what is said about them; the shape of the JSON object.

import JSONText
import ModelRuntime
import TensorTypes
import Testing

@testable import ModelCommands

@Suite struct BenchReportTests {
    private let machine = MachineRates(bytesPerSecond: 100, f32: 10, bf16: 20, int8: 40)

    private func phase(_ seconds: [Double]) -> MeasuredPhase {
        MeasuredPhase(
            phase: .decode,
            what: "a token",
            unit: "tokens",
            count: 2,
            seconds: seconds,
            joins: 9,
            bytes: 50,
            operations: 4,
            least: LeastTime(bandwidthSeconds: 0.5, computeSeconds: 0.2),
            readRate: 100
        )
    }

    @Test func medianRateAndFraction() {
        #expect(phase([3, 1, 2]).median == 2)
        #expect(phase([4, 1, 2, 3]).median == 2.5)
        #expect(phase([1, 1]).rate == 2)
        #expect(phase([1, 1]).fraction == 0.5)
        #expect(phase([1]).least.limit == .bandwidth)
    }

    @Test func ratesOfFormats() {
        #expect(machine.operationsPerSecond(WeightFormat.f32) == 10)
        #expect(machine.operationsPerSecond(WeightFormat.bf16) == 20)
        #expect(machine.operationsPerSecond(CacheGeometry.Precision.bf16) == 20)
        let old = MachineRates(bytesPerSecond: 1, f32: 10, bf16: 0, int8: 0)
        #expect(old.operationsPerSecond(WeightFormat.bf16) == 10)
    }

    /// Classes of other formats count at other rates.
    @Test func leastTimeOfMixedFormats() {
        let call = CostPlan.Call(
            products: [
                CostPlan.Product(.mlp, weights: 100, per: .row), CostPlan.Product(.head, weights: 50, per: .row),
            ],
            operationsPerPair: 10
        )
        let formats = WeightFormats(.bf16, exceptions: [.head: .f32])
        let work = CallWork(call, .step([(rows: 1, cached: 3)], logitRows: 0), formats: formats, tokenBytes: 5)
        let least = LeastTime(work, formats: formats, cache: .f32, on: machine)
        // 200 operations in bf16, 100 in f32, 4 pairs of 10 in f32.
        #expect(least.computeSeconds == 24)
        // 200 bytes of each matrix, 4 tokens of 5 bytes.
        #expect(least.bandwidthSeconds == 4.2)
        #expect(least.limit == .compute)
    }

    @Test(arguments: [
        (0.0123, "0.012"), (1.2345, "1.23"), (9.996, "10.00"), (12.34, "12.3"), (123.4, "123"), (1234.5, "1235"),
        (0, "0.000"), (.infinity, "inf"),
    ])
    func digits(_ value: Double, _ expected: String) {
        #expect(BenchReport.digits(value) == expected)
    }

    @Test(arguments: [(1.86e12, "1.86 T"), (7.24e8, "724 M"), (5.0, "5.00 "), (1e3, "1.00 k")])
    func scaled(_ value: Double, _ expected: String) {
        #expect(BenchReport.scaled(value) == expected)
    }

    @Test func callsOfAPhase() throws {
        let profile = CallProfile()
        let device = CPUDevice(pool: ThreadPool(threads: 1), largestInputs: 16)
        device.profile = profile
        let rows = [Float](repeating: 1, count: 6)
        var sum = rows
        for _ in 0..<4 { device.add(rows, rows, rows: 2, width: 3, into: &sum) }
        device.profile = nil
        device.add(rows, rows, rows: 2, width: 3, into: &sum)
        let calls = ProfiledCall.list(profile, runs: 2)
        #expect(calls.map(\.count) == [2])
        #expect(calls.map { "\($0.call)" } == ["elementwise, 2 rows"])
        var measured = phase([1, 1])
        measured.calls = [
            ProfiledCall(call: calls[0].call, count: 2, seconds: 0.75, weightBytes: 75e9)
        ]
        let lines = BenchReport.row(measured).split(separator: "\n").map { $0.drop { $0 == " " } }
        #expect(
            lines.dropFirst() == [
                "750 ms   75%  2.00 x elementwise, 2 rows, 100 GB/s of weights", "250 ms   25%  between calls",
            ]
        )
    }

    @Test func json() throws {
        let report = BenchReport(
            model: "m",
            weights: "random",
            formats: "bf16",
            cache: "bf16",
            kernels: "scalar",
            isTuned: true,
            threads: 3,
            machine: machine,
            phases: [phase([1, 1])],
            weightBytes: 7,
            plannedBytes: 8,
            peakBytes: nil
        )
        let text = try report.json()
        let root = try JSONDocument(Array(text.utf8)).root
        #expect(root["model"]?.string == "m")
        #expect(root["threads"]?.integer == 3)
        #expect(root["tuned"]?.boolean == true)
        #expect(root["limits"]?["bytes_per_second"]?.double == 100)
        let decode = try #require(root["phases"]?["decode"])
        #expect(decode["per_second"]?.double == 2)
        #expect(decode["fraction_of_limit"]?.double == 0.5)
        #expect(decode["limit"]?.string == "bandwidth")
        #expect(decode["runs"]?.integer == 2)
        #expect(decode["joins"]?.integer == 9)
        #expect(root["peak_bytes"] == nil)
        #expect(report.header.contains("3 threads"))
        #expect(BenchReport.row(phase([1, 1])).contains("50%"))
    }
}
