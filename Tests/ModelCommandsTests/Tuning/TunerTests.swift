// What is chosen, from times that are made up here: no test measures anything.

import ModelRuntime
import TensorTypes
import Testing

@testable import ModelCommands

@Suite struct TunerTests {
    /// A machine whose runs take the times that a test says.
    private final class Machine {
        /// Seconds of each product of a phase with a setup; `calls` are the products.
        var seconds: (TuningPhase, TuningSetup, DeviceCall) -> Double = { _, _, _ in 1 }
        /// What the bandwidth is divided by in each run, by its number.
        var slowdown: (Int) -> Double = { _ in 1 }
        var runs: [(phase: TuningPhase, setup: TuningSetup)] = []
        var clock = 0.0

        static func call(_ phase: TuningPhase, _ outputs: Int) -> DeviceCall {
            let rows = [TuningPhase.decode: 1, .batch: 8, .prefill: 512][phase] ?? 0
            let matrix = DeviceCall.Matrix(outputs: outputs, inputs: 64, format: .bf16)
            return DeviceCall(operation: "linear", rows: rows, matrix: matrix)
        }

        func run(_ phase: TuningPhase, _ setup: TuningSetup) -> TuningSample {
            let factor = slowdown(runs.count)
            runs.append((phase, setup))
            let calls = [16, 32].map { Self.call(phase, $0) }
            let times = Dictionary(uniqueKeysWithValues: calls.map { ($0, factor * seconds(phase, setup, $0)) })
            let whole = times.values.reduce(0, +)
            clock += whole
            return TuningSample(seconds: whole, products: times, counts: times.mapValues { _ in 3 })
        }

        func tune(_ others: [String] = ["b", "c"], seconds: Double = 0) throws -> TuningOutcome {
            try Tuner(standard: "a", others: others, seconds: seconds, now: { self.clock }, run: run).tune()
        }
    }

    /// The tuning of the product with so many outputs, or the standard.
    private func tuning(_ setup: TuningSetup, _ phase: TuningPhase, _ outputs: Int) throws -> ProductTuning {
        let kind = try #require(ProductKind(Machine.call(phase, outputs)))
        return setup.products[kind] ?? ProductTuning(standardFor: .bf16)
    }

    @Test func nothingIsGainedWhereAllIsEqual() throws {
        let machine = Machine()
        let outcome = try machine.tune()
        #expect(outcome.keepsDefault && outcome.standardIsNear)
        #expect(outcome.chosen == TuningSetup(kernels: "a"))
        #expect(outcome.phases.map(\.phase) == TuningPhase.allCases)
        #expect(outcome.phases.allSatisfy { $0.seconds == 2 && $0.chosenRatio == 1 && $0.bestRatio == 1 })
        #expect(outcome.phases[0].products.map(\.best) == ["default", "default"])
        #expect(outcome.phases[0].products.map(\.count) == [3, 3])
    }

    @Test func otherKernelsReplaceTheDefault() throws {
        let machine = Machine()
        machine.seconds = { phase, setup, _ in setup.kernels == "c" && phase != .batch ? 0.9 : 1 }
        let outcome = try machine.tune()
        #expect(outcome.chosen == TuningSetup(kernels: "c"))
        #expect(!outcome.standardIsNear)
        #expect(outcome.phases.map { ($0.chosenRatio * 100).rounded() } == [90, 100, 90])
        #expect(outcome.phases[2].products.map(\.best) == ["c", "c"])
    }

    /// 1.5% is not worth a change.
    @Test func aSmallGainReplacesNothing() throws {
        let machine = Machine()
        machine.seconds = { _, setup, _ in setup.kernels == "b" || !setup.products.isEmpty ? 0.985 : 1 }
        let outcome = try machine.tune()
        #expect(outcome.keepsDefault && outcome.standardIsNear)
        #expect(outcome.phases[0].products[0].best != "default", "it is told all the same")
    }

    @Test func kernelsThatLoseElsewhereAreNotChosen() throws {
        let machine = Machine()
        machine.seconds = { phase, setup, _ in setup.kernels == "b" ? (phase == .decode ? 0.8 : 1.05) : 1 }
        #expect(try machine.tune().keepsDefault)
    }

    @Test func hopelessKernelsRunTwice() throws {
        let machine = Machine()
        machine.seconds = { _, setup, _ in setup.kernels == "b" ? 2 : 1 }
        _ = try machine.tune()
        let runs = machine.runs.filter { $0.setup.kernels == "b" }
        #expect(runs.count == 2 * TuningPhase.allCases.count)
        #expect(machine.runs.filter { $0.setup.kernels == "c" }.count == 3 * TuningPhase.allCases.count)
    }

    /// Each product takes the values that are best for it, in the phases where that is a gain of the whole.
    @Test func parametersAreChosenForEachProduct() throws {
        let machine = Machine()
        machine.seconds = { phase, setup, call in
            guard let kind = ProductKind(call), let tuning = setup.products[kind], phase == .decode else { return 1 }
            let isAhead = tuning.aheadBytes == 8192
            if call.matrix?.outputs == 16 { return isAhead ? 0.9 : 1 }
            return (isAhead ? 1.1 : 1) - (tuning.longQuarters == 0 ? 0.1 : 0)
                - (tuning.smallChunkBytes == 65536 ? 0.1 : 0)
        }
        let outcome = try machine.tune()
        #expect(outcome.chosen.kernels == "a")
        #expect(try tuning(outcome.chosen, .decode, 16).aheadBytes == 8192)
        #expect(try tuning(outcome.chosen, .decode, 16).longQuarters == 3)
        let other = try tuning(outcome.chosen, .decode, 32)
        #expect(other.aheadBytes == 4096 && other.longQuarters == 0 && other.smallChunkBytes == 65536)
        #expect(try tuning(outcome.chosen, .batch, 16) == ProductTuning(standardFor: .bf16))
        #expect((outcome.phases[0].chosenRatio * 100).rounded() == 85)
        #expect(outcome.phases[1].chosenRatio == 1)
    }

    /// What gains in a product and not on the whole, as luck would have it, does not hold when it is measured again.
    @Test func aGainThatIsNotConfirmedReplacesNothing() throws {
        let machine = Machine()
        var times = 0
        machine.seconds = { _, setup, _ in
            guard setup.products.values.contains(where: { $0.longQuarters == 4 }) else { return 1 }
            times += 1
            // Two products in three rounds of two phases; what follows is the confirmation.
            return times <= 12 ? 0.9 : 1
        }
        let outcome = try machine.tune([])
        #expect(outcome.keepsDefault)
        #expect(outcome.phases[0].products[0].best == "4 quarters in long ranges")
    }

    /// The bandwidth halves in the middle of the measurement; all candidates suffer alike.
    @Test func aMachineThatChanges() throws {
        for start in [2, 7, 10, 11, 30, 60] {
            let machine = Machine()
            machine.slowdown = { $0 >= start ? 2 : 1 }
            machine.seconds = { _, setup, _ in setup.kernels == "b" ? 0.9 : 1 }
            #expect(try machine.tune().chosen.kernels == "b", "from run \(start) on")
            let equal = Machine()
            equal.slowdown = { $0 >= start ? 2 : 1 }
            #expect(try equal.tune().keepsDefault, "from run \(start) on")
        }
    }

    @Test func moreTimeIsMoreRounds() throws {
        let (short, long) = (Machine(), Machine())
        _ = try short.tune(seconds: 0)
        _ = try long.tune(seconds: 1000)
        #expect(long.runs.count > 2 * short.runs.count)
        #expect(long.clock < 1500)
    }

    @Test func candidatesRunInTurn() throws {
        let machine = Machine()
        let setups = ["a", "b", "c"].map { TuningSetup(kernels: $0) }
        let runs = ComparedRuns.measured(setups, leastRounds: 3, isOver: { true }) { machine.run(.decode, $0) }
        #expect(machine.runs.map(\.setup.kernels) == ["a", "b", "c", "c", "b", "a", "a", "b", "c"])
        #expect(runs.samples.map(\.count) == [3, 3, 3])
    }

    @Test func ratiosAreThoseOfRunsOfARound() {
        func sample(_ seconds: Double) -> TuningSample { TuningSample(seconds: seconds, products: [:], counts: [:]) }
        // Medians of each side would say 9.5 / 15.
        let runs = ComparedRuns([[10, 10, 20, 20].map(sample), [9.5, 9.5, 9.5, 19].map(sample)])
        #expect(runs.ratio(1) == 0.95)
        #expect(runs.seconds == 15)
    }

    @Test func anErrorEndsTheSearch() {
        struct Stop: Error {}
        let tuner = Tuner(standard: "a", others: [], seconds: 1, now: { 0 }, run: { _, _ in throw Stop() })
        #expect(throws: Stop.self) { try tuner.tune() }
    }

    @Test func changesThatAreTried() {
        let standard = ProductTuning(standardFor: .w8)
        let changed = TuningChange.all.map { $0.applied(to: standard) }
        #expect(Set(changed).count == changed.count && !changed.contains(standard))
        #expect(Set(TuningChange.all.map(\.description)).count == changed.count)
        let halved = TuningChange(parameter: .ahead, value: 32)
        #expect("\(halved)" == "fetched 1/2 of the distance ahead")
        #expect(halved.applied(to: standard).aheadBytes == 4096)
    }
}
