// The numbers of one metric with one set of labels.

import CoreMetrics
import Synchronization

/// A value, or the counts of a histogram.
final class PrometheusSeries: Sendable {
    private struct Numbers {
        var value = 0.0
        /// Observations up to each bound, and beyond the last.
        var counts: [UInt64]
        var sum = 0.0
    }

    private let bounds: [Double]
    private let numbers: Mutex<Numbers>

    init(buckets: [Double]) {
        bounds = buckets
        numbers = Mutex(Numbers(counts: [UInt64](repeating: 0, count: buckets.count + 1)))
    }

    func add(_ amount: Double) { numbers.withLock { $0.value += amount } }

    func set(to value: Double) { numbers.withLock { $0.value = value } }

    func observe(_ value: Double) {
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        numbers.withLock { numbers in
            numbers.counts[bucket] += 1
            numbers.sum += value
            // A recorder that does not aggregate tells its last value.
            numbers.value = value
        }
    }

    func write(_ name: String, _ labels: String, isHistogram: Bool, to text: inout String) {
        let numbers = numbers.withLock { $0 }
        let braces = labels.isEmpty ? "" : "{\(labels)}"
        guard isHistogram else {
            text += "\(name)\(braces) \(Self.number(numbers.value))\n"
            return
        }
        var total: UInt64 = 0
        for (index, count) in numbers.counts.enumerated() {
            total += count
            let bound = index < bounds.count ? Self.number(bounds[index]) : "+Inf"
            text += "\(name)_bucket{\(labels)\(labels.isEmpty ? "" : ",")le=\"\(bound)\"} \(total)\n"
        }
        text += "\(name)_sum\(braces) \(Self.number(numbers.sum))\n\(name)_count\(braces) \(total)\n"
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return "\(value)"
    }
}

extension PrometheusSeries: CounterHandler, FloatingPointCounterHandler, RecorderHandler, MeterHandler, TimerHandler {
    func increment(by amount: Int64) { add(Double(amount)) }
    func increment(by amount: Double) { if amount > 0 { add(amount) } }
    func decrement(by amount: Double) { add(-amount) }
    func reset() { set(to: 0) }
    func record(_ value: Int64) { observe(Double(value)) }
    func record(_ value: Double) { observe(value) }
    func set(_ value: Int64) { set(to: Double(value)) }
    func set(_ value: Double) { set(to: value) }
    func recordNanoseconds(_ duration: Int64) { observe(Double(duration) * 1e-9) }
}
