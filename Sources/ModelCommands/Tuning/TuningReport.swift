// What `tune` says: a table for people, one JSON object for machines. How to read it: docs/performance.md.

import JSONText
import ModelRuntime

/// What was found, and where it is remembered.
struct TuningReport {
    let key: TuningKey
    let weights: String
    let outcome: TuningOutcome
    /// The kernel sets that were tried beside the default.
    let others: [String]
    /// What a run of each phase does, in words.
    let what: [TuningPhase: String]
    /// The file that remembers the choice.
    let path: String

    // MARK: Text

    /// Tables and conclusion.
    var text: String {
        let tried = others.isEmpty ? "no others run here" : "also tried: \(others.joined(separator: ", "))"
        let header = """
            \(key.model), \(weights) weights in \(key.formats), \(key.threads) threads, \(key.processor)
            Kernels: \(outcome.standard.kernels) by default; \(tried)

            """
        return header + outcome.phases.map(table).joined() + "\n" + conclusion
    }

    private func table(_ phase: TunedPhase) -> String {
        let rows = phase.products.map { product in
            Self.row(
                [
                    "\(product.count)", BenchReport.digits(product.seconds * 1e6),
                    BenchReport.digits(product.seconds * product.ratio * 1e6), Self.percent(1 - product.ratio),
                ],
                "\(product.call): \(product.best)"
            )
        }
        let head = Self.row(["calls", "default us", "best us", "gain"], "products: the best that was tried")
        return "\n\(what[phase.phase] ?? phase.phase.rawValue)\n" + head + rows.joined()
    }

    /// What is gained on the whole, and what was chosen.
    private var conclusion: String {
        let lines = outcome.phases.map { phase in
            "\(what[phase.phase] ?? phase.phase.rawValue): \(BenchReport.digits(phase.seconds * 1000)) ms by default, "
                + "\(BenchReport.digits(phase.seconds * phase.chosenRatio * 1000)) ms as chosen, "
                + "gain \(Self.percent(1 - phase.chosenRatio)); "
                + "best of all \(Self.percent(1 - phase.bestRatio))\n"
        }
        return lines.joined() + verdict + "Remembered in \(path)\n"
    }

    private var verdict: String {
        let near = outcome.standardIsNear ? "The default is within 5% of the best that was found.\n" : ""
        if outcome.keepsDefault {
            let least = Self.percent(Tuner.leastGain)
            return "Default kept: nothing makes a whole run faster by more than \(least) without loss elsewhere.\n"
                + near
        }
        let chosen = outcome.chosen
        let products = chosen.products.sorted { $0.key < $1.key }.map { kind, tuning in
            "  \(kind): \(tuning.aheadBytes) bytes ahead, chunks of \(tuning.smallChunkBytes) bytes, "
                + "\(tuning.longQuarters) quarters in long ranges\n"
        }
        return "Chosen: \(chosen.kernels) kernels" + (products.isEmpty ? "\n" : " and\n") + products.joined() + near
    }

    private static func row(_ fields: [String], _ last: String) -> String {
        let cells = zip(fields, [6, 11, 11, 7]).map { field, width in
            String(repeating: " ", count: max(0, width - field.count)) + field
        }
        return cells.joined(separator: " ") + "  \(last)\n"
    }

    /// `1.3%`.
    static func percent(_ part: Double) -> String {
        guard part.isFinite else { return "\(part)" }
        let tenths = Int((part * 1000).rounded())
        return "\(tenths < 0 ? "-" : "")\(abs(tenths) / 10).\(abs(tenths) % 10)%"
    }

    // MARK: JSON

    /// One JSON object.
    func json() throws -> String {
        var writer = JSONWriter()
        try writer.object { writer throws(JSONWriterError) in
            for (name, value) in [
                ("model", key.model), ("weights", weights), ("format", key.formats), ("processor", key.processor),
                ("default_kernels", outcome.standard.kernels), ("chosen_kernels", outcome.chosen.kernels),
                ("file", path),
            ] {
                writer.key(name)
                writer.string(value)
            }
            writer.key("threads")
            writer.integer(key.threads)
            for (name, value) in [
                ("default_kept", outcome.keepsDefault), ("default_within_5_percent", outcome.standardIsNear),
            ] {
                writer.key(name)
                writer.boolean(value)
            }
            writer.key("phases")
            try writer.object { writer throws(JSONWriterError) in
                for phase in outcome.phases {
                    writer.key(phase.phase.rawValue)
                    try Self.write(phase, to: &writer)
                }
            }
        }
        return writer.text
    }

    private static func write(_ phase: TunedPhase, to writer: inout JSONWriter) throws(JSONWriterError) {
        try writer.object { writer throws(JSONWriterError) in
            for (name, value) in [
                ("default_milliseconds", phase.seconds * 1000), ("chosen_gain", 1 - phase.chosenRatio),
                ("best_gain", 1 - phase.bestRatio),
            ] {
                writer.key(name)
                try writer.double(value)
            }
            writer.key("products")
            try writer.array { writer throws(JSONWriterError) in
                for product in phase.products {
                    try writer.object { writer throws(JSONWriterError) in
                        writer.key("call")
                        writer.string("\(product.call)")
                        writer.key("count")
                        writer.integer(product.count)
                        writer.key("default_milliseconds")
                        try writer.double(product.seconds * 1000)
                        writer.key("gain")
                        try writer.double(1 - product.ratio)
                        writer.key("best")
                        writer.string(product.best)
                    }
                }
            }
        }
    }
}
