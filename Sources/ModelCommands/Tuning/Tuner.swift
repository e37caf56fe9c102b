// The choice by measurement: which candidates there are, in which order they are compared, and when one replaces the
// default. Not the measuring: TuningRun.swift. What is said about it: TuningReport.swift.

import ModelRuntime

/// What a run does that candidates are measured in.
enum TuningPhase: String, Sendable, CaseIterable {
    /// A token for one sequence: products of one row.
    case decode
    /// A token for each of several sequences: products of few rows.
    case batch
    /// A prompt: products of many rows.
    case prefill

    /// The products of the phase whose reading can be tuned.
    var rows: ProductKind.Rows? {
        switch self {
        case .decode: .one
        case .batch: .few
        case .prefill: nil
        }
    }
}

/// Another value of one parameter, in every product.
struct TuningChange: Sendable, Hashable, CustomStringConvertible {
    /// What is changed.
    enum Parameter: Sendable, Hashable, CaseIterable {
        /// How far ahead panels are fetched, as a multiple of the standard in 64ths.
        case ahead
        /// The least bytes of a chunk, as a multiple of the standard in 64ths.
        case smallChunk
        /// The quarters of the weights in long ranges.
        case longQuarters
    }

    let parameter: Parameter
    let value: Int

    /// The few that are worth a try.
    static let all =
        [32, 128, 256].map { TuningChange(parameter: .ahead, value: $0) }
        + [32, 128, 256].map { TuningChange(parameter: .smallChunk, value: $0) }
        + [0, 2, 4].map { TuningChange(parameter: .longQuarters, value: $0) }

    /// `tuning` with this value; as it is, where kernels cannot take it.
    func applied(to tuning: ProductTuning) -> ProductTuning {
        var ahead = tuning.aheadBytes
        var chunk = tuning.smallChunkBytes
        var quarters = tuning.longQuarters
        switch parameter {
        case .ahead: ahead = ahead * value / 64 / 64 * 64
        case .smallChunk: chunk = chunk * value / 64
        case .longQuarters: quarters = value
        }
        return ProductTuning(aheadBytes: ahead, smallChunkBytes: chunk, longQuarters: quarters) ?? tuning
    }

    var description: String {
        func times() -> String { value >= 64 ? "\(value / 64) x" : "1/\(64 / value) of" }
        return switch parameter {
        case .ahead: "fetched \(times()) the distance ahead"
        case .smallChunk: "chunks of \(times()) the bytes"
        case .longQuarters: "\(value) quarters in long ranges"
        }
    }
}

/// What a product of one kind takes, and the best that was tried for it.
struct TunedProduct: Sendable, Hashable {
    let call: DeviceCall
    /// How many there are in a run.
    let count: Int
    /// Seconds of all of them by default.
    let seconds: Double
    /// The time of the best candidate, as a part of that.
    var ratio = 1.0
    /// The best candidate, in words.
    var best = "default"

    /// Takes a candidate if it is better.
    mutating func consider(_ name: String, ratio: Double) {
        if ratio < self.ratio { (self.ratio, best) = (ratio, name) }
    }
}

/// What was found in one phase.
struct TunedPhase: Sendable, Hashable {
    let phase: TuningPhase
    let products: [TunedProduct]
    /// Seconds of a run by default.
    let seconds: Double
    /// The time of a run with the best that was found, as a part of that.
    let bestRatio: Double
    /// The time of a run with what was chosen, as a part of that.
    let chosenRatio: Double
}

/// What was chosen, and why.
struct TuningOutcome: Sendable, Hashable {
    let standard: TuningSetup
    let chosen: TuningSetup
    let phases: [TunedPhase]

    /// Whether nothing was enough of a gain.
    var keepsDefault: Bool { chosen == standard }
    /// Whether the best that was found, taken or not, is a gain of less than 5% in every phase.
    var standardIsNear: Bool { phases.allSatisfy { $0.bestRatio > 0.95 } }
}

/// Chooses kernels and parameters for a model.
struct Tuner {
    /// The kernel set that is the default.
    let standard: String
    /// The other kernel sets that are worth a try.
    let others: [String]
    /// Seconds that measuring may take; more if the least rounds need them.
    let seconds: Double
    /// Seconds on a clock.
    let now: () -> Double
    /// Runs a phase once.
    let run: (TuningPhase, TuningSetup) throws -> TuningSample
    /// Is told what is being compared.
    var onProgress: (String) -> Void = { _ in }

    /// A gain below this part of the whole replaces nothing.
    static let leastGain = 0.02
    /// Rounds that every comparison has.
    static let leastRounds = 3
    /// A kernel set that takes so many times the default's time, twice, does not run again.
    static let hopeless = 1.25

    /// Compares and chooses.
    func tune() throws -> TuningOutcome {
        let sets = try comparedSets()
        let base = TuningSetup(kernels: chosenSet(sets))
        let changes = try comparedChanges(base)
        let tuned = TuningSetup(kernels: base.kernels, products: combined(changes))
        return try confirmed(base, tuned, sets, changes)
    }

    // MARK: Comparing

    private func compared(
        _ candidates: [TuningSetup],
        in phase: TuningPhase,
        share: Double,
        givesUp: Double = .infinity
    ) throws -> ComparedRuns {
        let end = now() + share * seconds
        return try ComparedRuns.measured(
            candidates,
            leastRounds: Self.leastRounds,
            givesUp: givesUp,
            isOver: { now() >= end },
            run: { try run(phase, $0) }
        )
    }

    /// Every phase with every kernel set.
    private func comparedSets() throws -> [TuningPhase: ComparedRuns] {
        let candidates = ([standard] + others).map { TuningSetup(kernels: $0) }
        var results: [TuningPhase: ComparedRuns] = [:]
        for phase in TuningPhase.allCases {
            onProgress("comparing kernels, \(phase.rawValue)")
            results[phase] = try compared(candidates, in: phase, share: 0.1, givesUp: Self.hopeless)
        }
        return results
    }

    /// Every phase of few rows with every change of a parameter; the first candidate has none.
    private func comparedChanges(_ base: TuningSetup) throws -> [TuningPhase: ComparedRuns] {
        var results: [TuningPhase: ComparedRuns] = [:]
        for phase in TuningPhase.allCases where phase.rows != nil {
            onProgress("comparing parameters, \(phase.rawValue)")
            let kinds = try run(phase, base).products.keys.compactMap(ProductKind.init)
            let candidates = TuningChange.all.map { change in
                let tunings = kinds.map { ($0, change.applied(to: ProductTuning(standardFor: $0.matrix.format))) }
                return TuningSetup(
                    kernels: base.kernels,
                    products: Dictionary(tunings) { first, _ in first }
                )
            }
            results[phase] = try compared([base] + candidates, in: phase, share: 0.2)
        }
        return results
    }

    // MARK: Choosing

    /// The set with the least product of ratios among those that gain somewhere and lose nowhere.
    private func chosenSet(_ sets: [TuningPhase: ComparedRuns]) -> String {
        var best = (name: standard, ratio: 1.0)
        for (index, name) in others.enumerated() {
            let ratios = sets.values.map { $0.ratio(index + 1) }
            let ratio = ratios.reduce(1, *)
            if Self.isGain(ratios), ratio < best.ratio { best = (name, ratio) }
        }
        return best.name
    }

    /// Whether one phase gains enough, and none loses as much.
    static func isGain(_ ratios: [Double]) -> Bool {
        ratios.contains { $0 < 1 - leastGain } && ratios.allSatisfy { $0 < 1 + leastGain }
    }

    /// For every kind of product, and for each parameter on its own, the value that gains most, if it gains enough.
    private func combined(_ changes: [TuningPhase: ComparedRuns]) -> ProductTunings {
        var tunings: ProductTunings = [:]
        for runs in changes.values {
            for (call, _) in runs.calls {
                guard let kind = ProductKind(call) else { continue }
                let standard = ProductTuning(standardFor: kind.matrix.format)
                var tuning = standard
                for parameter in TuningChange.Parameter.allCases {
                    let tried = TuningChange.all.enumerated().filter { $0.element.parameter == parameter }
                    let best = tried.map { ($0.element, runs.ratio($0.offset + 1, call)) }.min { $0.1 < $1.1 }
                    if let best, best.1 < 1 - Self.leastGain { tuning = best.0.applied(to: tuning) }
                }
                if tuning != standard { tunings[kind] = tuning }
            }
        }
        return tunings
    }

    // MARK: Confirming

    /// Measures what was put together against the default once more, and takes it phase by phase if that holds.
    private func confirmed(
        _ base: TuningSetup,
        _ tuned: TuningSetup,
        _ sets: [TuningPhase: ComparedRuns],
        _ changes: [TuningPhase: ComparedRuns]
    ) throws -> TuningOutcome {
        let standardSetup = TuningSetup(kernels: standard)
        var accepted = base
        var ratios: [TuningPhase: (chosen: Double, best: Double)] = [:]
        for phase in TuningPhase.allCases {
            // Without other kernels, and without products of few rows that changed, the calls are the default's.
            let products = tuned.products.filter { $0.key.rows == phase.rows }
            guard base != standardSetup || !products.isEmpty else { continue }
            onProgress("measuring the choice, \(phase.rawValue)")
            let candidates = (base == standardSetup ? [] : [base]) + (products.isEmpty ? [] : [tuned])
            let runs = try compared([standardSetup] + candidates, in: phase, share: 0.1)
            let baseRatio = base == standardSetup ? 1 : runs.ratio(1)
            let tunedRatio = products.isEmpty ? baseRatio : runs.ratio(candidates.count)
            let takesProducts = tunedRatio < baseRatio * (1 - Self.leastGain)
            if takesProducts { accepted.products.merge(products) { $1 } }
            ratios[phase] = (takesProducts ? tunedRatio : baseRatio, min(baseRatio, tunedRatio))
        }
        let takes = accepted != standardSetup && Self.isGain(TuningPhase.allCases.map { ratios[$0]?.chosen ?? 1 })
        let phases = TuningPhase.allCases.compactMap { phase in
            sets[phase].map { runs in
                TunedPhase(
                    phase: phase,
                    products: products(runs, changes[phase], base.kernels),
                    seconds: runs.seconds,
                    bestRatio: ([1, ratios[phase]?.best ?? 1] + others.indices.map { runs.ratio($0 + 1) }).min() ?? 1,
                    chosenRatio: takes ? ratios[phase]?.chosen ?? 1 : 1
                )
            }
        }
        return TuningOutcome(standard: standardSetup, chosen: takes ? accepted : standardSetup, phases: phases)
    }

    /// The best of all candidates for each kind of product, whether or not it was chosen.
    private func products(_ sets: ComparedRuns, _ changes: ComparedRuns?, _ kernels: String) -> [TunedProduct] {
        sets.calls.map { call, count in
            var product = TunedProduct(call: call, count: count, seconds: sets.seconds(call))
            for (index, name) in others.enumerated() {
                product.consider(name, ratio: sets.ratio(index + 1, call))
            }
            guard let changes else { return product }
            let place = others.firstIndex(of: kernels)
            let baseRatio = place.map { sets.ratio($0 + 1, call) } ?? 1
            for (index, change) in TuningChange.all.enumerated() {
                let name = place == nil ? "\(change)" : "\(kernels), \(change)"
                product.consider(name, ratio: baseRatio * changes.ratio(index + 1, call))
            }
            return product
        }
    }
}
