// Runs of several candidates next to each other, and what they say about each: ratios to the default.
// Not what candidates are, nor what is chosen: Tuner.swift.

import ModelRuntime

/// Kernels and parameters that a model may run with.
struct TuningSetup: Sendable, Hashable {
    /// The kernel set.
    var kernels: String
    /// The products that are not read in the standard way.
    var products: ProductTunings = [:]
}

/// What was seen of one run.
struct TuningSample: Sendable, Hashable {
    /// Seconds of the whole run.
    let seconds: Double
    /// Seconds of all products of a kind.
    let products: [DeviceCall: Double]
    /// How many there were of each kind.
    let counts: [DeviceCall: Int]
}

/// Runs of some candidates, of which the first is what others are compared with.
///
/// A machine's bandwidth changes for minutes at a time. So candidates run in turn (A B C, C B A, A B C ...), each run is
/// compared with the first candidate's run in the same round, and the median of those ratios counts.
struct ComparedRuns: Sendable {
    /// By candidate and round. Candidates that were given up have fewer rounds.
    private(set) var samples: [[TuningSample]]

    /// Samples by candidate and round.
    init(_ samples: [[TuningSample]]) { self.samples = samples }

    /// Seconds of the first candidate's run in the middle.
    var seconds: Double { median((samples.first ?? []).map(\.seconds)) }

    /// Seconds of the first candidate's products of a kind, in the middle run.
    func seconds(_ call: DeviceCall) -> Double { median((samples.first ?? []).compactMap { $0.products[call] }) }

    /// The kinds of products of a run, those that take longest first, and how many there are.
    var calls: [(call: DeviceCall, count: Int)] {
        let counts = samples.first?.first?.counts ?? [:]
        return counts.map { ($0.key, $0.value, seconds($0.key)) }
            .sorted { ($0.2, $1.0.description) > ($1.2, $0.0.description) }
            .map { ($0.0, $0.1) }
    }

    /// The time of a candidate's runs, as a part of the first one's.
    func ratio(_ candidate: Int) -> Double { median(ratios(candidate)) }

    private func ratios(_ candidate: Int) -> [Double] {
        zip(samples[candidate], samples[0]).map { $0.seconds / $1.seconds }
    }

    /// The time of a candidate's products of a kind, as a part of the first one's.
    func ratio(_ candidate: Int, _ call: DeviceCall) -> Double {
        let ratios = zip(samples[candidate], samples[0]).compactMap { run, first -> Double? in
            guard let seconds = run.products[call], let least = first.products[call], least > 0 else { return nil }
            return seconds / least
        }
        return median(ratios)
    }

    /// Runs candidates in turn: at least `leastRounds` times, then until `isOver`.
    ///
    /// - Parameter givesUp: A candidate of which every run, and two at least, took longer than so many times the first
    ///   candidate's does not run again.
    static func measured(
        _ candidates: [TuningSetup],
        leastRounds: Int,
        givesUp: Double = .infinity,
        isOver: () -> Bool,
        run: (TuningSetup) throws -> TuningSample
    ) rethrows -> ComparedRuns {
        var runs = ComparedRuns(candidates.map { _ in [] })
        var rest = Array(candidates.indices)
        var rounds = 0
        repeat {
            for candidate in rounds % 2 == 0 ? rest : rest.reversed() {
                runs.samples[candidate].append(try run(candidates[candidate]))
            }
            rounds += 1
            rest = rest.filter { $0 == 0 || rounds < 2 || runs.ratios($0).contains { $0 <= givesUp } }
        } while rest.count > 1 && (rounds < leastRounds || !isOver())
        return runs
    }
}

/// The value in the middle; NaN of nothing.
private func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return .nan }
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
}
