// What is measured, in the text format of Prometheus: a backend of swift-metrics that keeps numbers and writes them out.
// Not what is measured: EngineMetrics.swift. swift-metrics has no backend of this kind among its own packages.

import CoreMetrics
import Synchronization

/// Counters, gauges and histograms by their names and labels.
///
/// *Source*: Prometheus, "Exposition formats", text format 0.0.4.
public final class PrometheusRegistry: MetricsFactory, Sendable {
    /// What is known of a metric besides its values.
    public struct Description: Sendable {
        let help: String
        let buckets: [Double]

        /// A sentence about the metric; bounds for a histogram, ascending.
        public init(_ help: String, buckets: [Double] = []) {
            self.help = help
            self.buckets = buckets
        }
    }

    private enum Kind: String, Sendable {
        case counter
        case gauge
        case histogram
    }

    private struct Family: Sendable {
        let kind: Kind
        let description: Description
        var series: [String: PrometheusSeries] = [:]
    }

    private let families = Mutex<[String: Family]>([:])
    private let descriptions: [String: Description]
    private let labels: [(String, String)]

    /// A registry without values.
    ///
    /// - Parameters:
    ///   - descriptions: What is known of metrics by their names; others have their names for help and buckets for seconds.
    ///   - labels: Labels of every metric.
    public init(_ descriptions: [String: Description], labels: [(String, String)] = []) {
        self.descriptions = descriptions
        self.labels = labels
    }

    /// Bounds for histograms of seconds, from a millisecond to minutes.
    public static let secondBuckets = [
        0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640,
        2560,
    ]

    private func series(_ name: String, _ dimensions: [(String, String)], _ kind: Kind) -> PrometheusSeries {
        let name = Self.metricName(name)
        let text = (labels + dimensions).map { "\(Self.labelName($0.0))=\"\(Self.escaped($0.1))\"" }.joined(
            separator: ","
        )
        let description = descriptions[name] ?? Description(name, buckets: Self.secondBuckets)
        return families.withLock { families in
            var family = families[name] ?? Family(kind: kind, description: description)
            // A name that is used for two kinds keeps the first: the text would be invalid otherwise.
            guard family.kind == kind else { return PrometheusSeries(buckets: description.buckets) }
            let series = family.series[text] ?? PrometheusSeries(buckets: kind == .histogram ? description.buckets : [])
            family.series[text] = series
            families[name] = family
            return series
        }
    }

    /// Sets a gauge whose labels tell what is the case: what was the case before is not told any more.
    func setOnly(_ name: String, _ dimensions: [(String, String)], to value: Double) {
        families.withLock { $0[Self.metricName(name)]?.series = [:] }
        series(name, dimensions, .gauge).set(to: value)
    }

    /// All metrics as Prometheus reads them.
    public func exposition() -> [UInt8] {
        let families = families.withLock { $0 }
        var text = ""
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            text +=
                "# HELP \(name) \(Self.escapedHelp(family.description.help))\n# TYPE \(name) \(family.kind.rawValue)\n"
            for (labels, series) in family.series.sorted(by: { $0.key < $1.key }) {
                series.write(name, labels, isHistogram: family.kind == .histogram, to: &text)
            }
        }
        return Array(text.utf8)
    }

    // MARK: Names

    private static func metricName(_ name: String) -> String {
        String(
            decoding: name.utf8.map { isNameByte($0) || $0 == UInt8(ascii: ":") ? $0 : UInt8(ascii: "_") },
            as: UTF8.self
        )
    }

    private static func labelName(_ name: String) -> String {
        String(decoding: name.utf8.map { isNameByte($0) ? $0 : UInt8(ascii: "_") }, as: UTF8.self)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
        default: false
        }
    }

    private static func escaped(_ value: String) -> String {
        value.reduce(into: "") { text, character in
            switch character {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.append(character)
            }
        }
    }

    private static func escapedHelp(_ value: String) -> String {
        value.reduce(into: "") { $0 += $1 == "\\" ? "\\\\" : $1 == "\n" ? "\\n" : String($1) }
    }

    // MARK: swift-metrics

    /// See `MetricsFactory`.
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(label, dimensions, .counter)
    }

    /// See `MetricsFactory`.
    public func makeFloatingPointCounter(
        label: String,
        dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        series(label, dimensions, .counter)
    }

    /// See `MetricsFactory`.
    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        series(label, dimensions, aggregate ? .histogram : .gauge)
    }

    /// See `MetricsFactory`.
    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(label, dimensions, .gauge)
    }

    /// See `MetricsFactory`.
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        series(label, dimensions, .histogram)
    }

    /// Metrics stay until the process ends, as Prometheus expects of counters.
    public func destroyCounter(_ handler: any CounterHandler) {}
    /// See `destroyCounter`.
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    /// See `destroyCounter`.
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    /// See `destroyCounter`.
    public func destroyMeter(_ handler: any MeterHandler) {}
    /// See `destroyCounter`.
    public func destroyTimer(_ handler: any TimerHandler) {}
}
