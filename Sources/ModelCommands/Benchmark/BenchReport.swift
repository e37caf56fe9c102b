// What `bench` says: a table for people, one JSON object for machines. How to read it: docs/performance.md.

import JSONText
import ModelRuntime

/// Everything that was measured.
struct BenchReport {
    let model: String
    let weights: String
    let formats: String
    let cache: String
    let kernels: String
    let isTuned: Bool
    let threads: Int
    let machine: MachineRates
    let phases: [MeasuredPhase]
    let weightBytes: Int
    let plannedBytes: Int
    /// The most memory while the phases ran; nil where the system does not tell.
    let peakBytes: Int?

    // MARK: Text

    /// What was measured on which machine.
    var header: String {
        """
        \(model), \(weights) weights in \(formats) (\(Self.scaled(Double(weightBytes)))B), cache in \(cache), \
        \(isTuned ? "tuned " : "")\(kernels) kernels, \(threads) threads
        Limits of this machine: reads \(Self.scaled(machine.bytesPerSecond))B/s; operations a second: \
        f32 \(Self.scaled(machine.f32)), bf16 \(Self.scaled(machine.bf16)), int8 \(Self.scaled(machine.int8))

        """
    }

    /// The head of the table.
    static let columns = row(
        ["phase", "per second", "ms", "bytes", "operations", "limit ms", "limit", "reached", "joins"],
        "what one run is"
    )

    /// A row of the table.
    static func row(_ phase: MeasuredPhase) -> String {
        let limit = phase.least.limit == .bandwidth ? "\(scaled(phase.readRate))B/s" : "compute"
        return row(
            [
                phase.phase.rawValue, "\(digits(phase.rate)) \(phase.unit)", digits(phase.median * 1000),
                "\(scaled(phase.bytes))B", scaled(phase.operations), digits(phase.least.seconds * 1000),
                limit, "\(Int((phase.fraction * 100).rounded()))%", "\(phase.joins)",
            ],
            "\(phase.what), median of \(phase.seconds.count)"
        ) + profileRows(phase)
    }

    /// A row for each kind of call, the longest first; none if calls were not counted.
    private static func profileRows(_ phase: MeasuredPhase) -> String {
        let calls = phase.calls
        guard !calls.isEmpty else { return "" }
        let whole = phase.mean
        func line(_ seconds: Double, _ what: String) -> String {
            let share = "\(Int((seconds / whole * 100).rounded()))%"
            let time = digits(seconds * 1000)
            return String(repeating: " ", count: max(0, 38 - time.count)) + time + " ms"
                + String(repeating: " ", count: max(0, 6 - share.count)) + share + "  \(what)\n"
        }
        let rows = calls.map { call in
            let rate = call.weightBytes > 0 ? ", \(scaled(call.weightBytes / call.seconds))B/s of weights" : ""
            return line(call.seconds, "\(digits(call.count)) x \(call.call)\(rate)")
        }
        let others = whole - calls.reduce(0) { $0 + $1.seconds }
        return rows.joined() + line(max(others, 0), "between calls")
    }

    /// Peak memory against the plan.
    var footer: String {
        guard let peakBytes else { return "Memory planned: \(Self.scaled(Double(plannedBytes)))B\n" }
        let ratio = Int((Double(peakBytes) / Double(plannedBytes) * 100).rounded())
        let planned = Self.scaled(Double(plannedBytes))
        return "Memory: \(Self.scaled(Double(peakBytes)))B at most, \(ratio)% of the \(planned)B that were planned\n"
    }

    private static func row(_ fields: [String], _ last: String) -> String {
        let widths = [8, 18, 10, 9, 10, 9, 10, 8, 6]
        let cells = zip(fields, widths).enumerated().map { index, cell in
            let space = String(repeating: " ", count: max(0, cell.1 - cell.0.count))
            return index == 0 ? cell.0 + space : space + cell.0
        }
        return cells.joined(separator: " ") + "  \(last)\n"
    }

    /// Three digits that count, with a prefix of the decimal system: `1.86 T`.
    static func scaled(_ value: Double) -> String {
        let units: [(Double, String)] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")]
        for (size, unit) in units where value >= size { return "\(digits(value / size)) \(unit)" }
        return "\(digits(value)) "
    }

    /// Three digits that count: `0.123`, `1.23`, `12.3`, `123`, `1234`.
    static func digits(_ value: Double) -> String {
        guard value.isFinite else { return "\(value)" }
        let places = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3
        var scale = 1.0
        for _ in 0..<places { scale *= 10 }
        let whole = Int((value * scale).rounded())
        if places == 0 { return String(whole) }
        let fraction = String(whole % Int(scale))
        return "\(whole / Int(scale))." + String(repeating: "0", count: places - fraction.count) + fraction
    }

    // MARK: JSON

    /// One JSON object.
    func json() throws -> String {
        var writer = JSONWriter()
        try writer.object { writer throws(JSONWriterError) in
            for (name, value) in [
                ("model", model), ("weights", weights), ("format", formats), ("cache_format", cache),
                ("kernels", kernels),
            ] {
                writer.key(name)
                writer.string(value)
            }
            writer.key("tuned")
            writer.boolean(isTuned)
            writer.key("threads")
            writer.integer(threads)
            writer.key("limits")
            try Self.write(
                [
                    ("bytes_per_second", machine.bytesPerSecond), ("f32_operations_per_second", machine.f32),
                    ("bf16_operations_per_second", machine.bf16), ("int8_operations_per_second", machine.int8),
                ],
                to: &writer
            )
            writer.key("phases")
            try writer.object { writer throws(JSONWriterError) in
                for phase in phases {
                    writer.key(phase.phase.rawValue)
                    try Self.write(phase, to: &writer)
                }
            }
            for (name, value) in [
                ("weight_bytes", weightBytes), ("planned_bytes", plannedBytes), ("peak_bytes", peakBytes ?? 0),
            ] where value > 0 {
                writer.key(name)
                writer.integer(value)
            }
        }
        return writer.text
    }

    private static func write(_ phase: MeasuredPhase, to writer: inout JSONWriter) throws(JSONWriterError) {
        try writer.object { writer throws(JSONWriterError) in
            writer.key("unit")
            writer.string(phase.unit)
            writer.key("count")
            writer.integer(phase.count)
            writer.key("runs")
            writer.integer(phase.seconds.count)
            writer.key("joins")
            writer.integer(phase.joins)
            for (name, value) in [
                ("per_second", phase.rate), ("milliseconds", phase.median * 1000),
                ("fastest_milliseconds", (phase.seconds.min() ?? 0) * 1000), ("bytes", phase.bytes),
                ("operations", phase.operations), ("limit_milliseconds", phase.least.seconds * 1000),
                ("fraction_of_limit", phase.fraction), ("read_bytes_per_second", phase.readRate),
            ] {
                writer.key(name)
                try writer.double(value)
            }
            writer.key("limit")
            writer.string(phase.least.limit.rawValue)
            let calls = phase.calls
            guard !calls.isEmpty else { return }
            writer.key("calls")
            try writer.array { writer throws(JSONWriterError) in
                for call in calls { try write(call, to: &writer) }
            }
        }
    }

    private static func write(_ call: ProfiledCall, to writer: inout JSONWriter) throws(JSONWriterError) {
        try writer.object { writer throws(JSONWriterError) in
            writer.key("call")
            writer.string("\(call.call)")
            for (name, value) in [
                ("count", call.count), ("milliseconds", call.seconds * 1000), ("weight_bytes", call.weightBytes),
            ] {
                writer.key(name)
                try writer.double(value)
            }
        }
    }

    private static func write(
        _ numbers: [(String, Double)],
        to writer: inout JSONWriter
    ) throws(JSONWriterError) {
        try writer.object { writer throws(JSONWriterError) in
            for (name, value) in numbers {
                writer.key(name)
                try writer.double(value)
            }
        }
    }
}
