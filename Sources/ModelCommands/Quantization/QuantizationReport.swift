// What is said about a quantised checkpoint: tables for people, one JSON object for machines.
// Not the figures: WeightLoss in ModelRuntime, AnswerDivergence beside this file.

import JSONText
import ModelRuntime
import TensorTypes

/// A checkpoint that was written, and what that cost.
struct QuantizationReport {
    /// A comparison of predictions.
    struct Comparison {
        let reference: WeightFormat
        let divergence: AnswerDivergence
    }

    let written: QuantizedCheckpoint
    let format: WeightFormat
    /// Whether rounding was calibrated.
    let isCalibrated: Bool
    /// Bytes of memory that the process took at most until then; nil where the system does not say.
    let peakBytes: Int?

    /// Tensors of the largest error that are shown without being asked for.
    private static let worstCount = 5

    // MARK: For people

    /// What was written: a line for each class, the tensors that lost most or all of them, and what stayed.
    func tables(allTensors: Bool) -> String {
        let worst = written.losses.sorted { ($1.relativeError, $0.name) < ($0.relativeError, $1.name) }
        let shown = allTensors ? written.losses : Array(worst.prefix(Self.worstCount))
        let heading = allTensors ? "tensor" : "tensors that lose most"
        let tensors = shown.map { [$0.name, $0.format.name, ResultReport.scientific($0.relativeError)] }
        let size = "\(written.byteCount) bytes of tensors instead of \(written.sourceByteCount)"
        return Self.aligned([["class", "format", "matrices", "bytes", "relative error"]] + classRows)
            + Self.aligned([[heading, "format", "relative error"]] + tensors)
            + keptLines.joined() + "wrote \(written.folder): \(size)\n"
    }

    /// `KL(bf16 || w4g128): mean 1.2e-02, maximum 4.1e-01; same top token at 97.1 % of 512 positions`.
    func line(_ comparison: Comparison) -> String {
        let divergence = comparison.divergence
        return "KL(\(comparison.reference.name) || \(format.name)): "
            + "mean \(ResultReport.scientific(divergence.mean)), "
            + "maximum \(ResultReport.scientific(divergence.maximum)); "
            + "same top token at \(ResultReport.rounded(100 * divergence.agreement)) % "
            + "of \(divergence.positions) positions\n"
    }

    private var totals: [(count: Int, loss: WeightLoss)] {
        WeightClass.allCases.compactMap { weightClass in
            written.losses.total(weightClass, format).map { total in
                (written.losses.count { $0.weightClass == weightClass }, total)
            }
        }
    }

    private var classRows: [[String]] {
        totals.map { count, loss in
            [
                loss.weightClass.rawValue, loss.format.name, String(count), String(loss.byteCount),
                ResultReport.scientific(loss.relativeError),
            ]
        }
    }

    /// One line for each reason.
    private var keptLines: [String] {
        var names: [(reason: String, tensors: [String])] = []
        for kept in written.kept {
            if let index = names.firstIndex(where: { $0.reason == kept.reason }) {
                names[index].tensors.append(kept.name)
            } else {
                names.append((kept.reason, [kept.name]))
            }
        }
        return names.map { reason, tensors in
            let others = tensors.count > 1 ? " and \(tensors.count - 1) more stay as they are" : " stays as it is"
            return "  \(tensors[0])\(others): \(reason)\n"
        }
    }

    /// Columns side by side; numbers to the right.
    private static func aligned(_ rows: [[String]]) -> String {
        let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = zip(row, widths).enumerated().map { column, cell in
                let space = String(repeating: " ", count: cell.1 - cell.0.count)
                return column < 2 ? cell.0 + space : space + cell.0
            }
            return "  " + cells.joined(separator: "  ") + "\n"
        }.joined()
    }

    // MARK: For machines

    /// One JSON object with everything; a divergence that is not a number is null.
    func json(_ comparison: Comparison?) throws -> String {
        var writer = JSONWriter()
        try writer.object { writer throws(JSONWriterError) in
            writer.member("folder", written.folder)
            writer.member("format", format.name)
            writer.key("calibrated")
            writer.boolean(isCalibrated)
            writer.member("bytes", written.byteCount)
            writer.member("source_bytes", written.sourceByteCount)
            if let peakBytes { writer.member("peak_bytes", peakBytes) }
            writer.key("classes")
            try writer.array { writer throws(JSONWriterError) in
                for (count, loss) in totals {
                    try writer.object { writer throws(JSONWriterError) in
                        writer.member("class", loss.weightClass.rawValue)
                        writer.member("matrices", count)
                        try writer.members(of: loss)
                    }
                }
            }
            writer.key("tensors")
            try writer.array { writer throws(JSONWriterError) in
                for loss in written.losses {
                    try writer.object { writer throws(JSONWriterError) in
                        writer.member("name", loss.name)
                        writer.member("class", loss.weightClass.rawValue)
                        try writer.members(of: loss)
                    }
                }
            }
            writer.key("kept")
            writer.array { writer in
                for kept in written.kept {
                    writer.object { writer in
                        writer.member("name", kept.name)
                        writer.member("reason", kept.reason)
                    }
                }
            }
            if let comparison { try writer.write(comparison) }
        }
        return writer.text + "\n"
    }
}

extension JSONWriter {
    fileprivate mutating func member(_ name: String, _ value: String) {
        key(name)
        string(value)
    }

    fileprivate mutating func member(_ name: String, _ value: Int) {
        key(name)
        integer(value)
    }

    fileprivate mutating func members(of loss: WeightLoss) throws(JSONWriterError) {
        member("format", loss.format.name)
        member("bytes", loss.byteCount)
        key("relative_error")
        try double(loss.relativeError)
    }

    fileprivate mutating func write(_ comparison: QuantizationReport.Comparison) throws(JSONWriterError) {
        let divergence = comparison.divergence
        key("divergence")
        try object { writer throws(JSONWriterError) in
            writer.member("reference", comparison.reference.name)
            writer.member("positions", divergence.positions)
            for (name, value) in [("mean_nats", divergence.mean), ("maximum_nats", divergence.maximum)] {
                writer.key(name)
                if value.isFinite { try writer.double(value) } else { writer.null() }
            }
            writer.key("agreement")
            try writer.double(divergence.agreement)
        }
    }
}
