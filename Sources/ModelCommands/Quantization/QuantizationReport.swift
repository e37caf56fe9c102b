// What is said about a quantised checkpoint: a table of losses by class, or by tensor.

import ModelRuntime
import TensorTypes

enum QuantizationReport {
    /// A line for each class, with what its format costs.
    static func table(_ losses: [WeightLoss]) -> String {
        var rows: [[String]] = [["class", "format", "matrices", "bytes", "relative error"]]
        for weightClass in WeightClass.allCases {
            for format in WeightFormat.all {
                guard let total = losses.total(weightClass, format) else { continue }
                let count = losses.count { $0.weightClass == weightClass && $0.format == format }
                rows.append([
                    weightClass.rawValue, format.name, String(count), String(total.byteCount),
                    ResultReport.scientific(total.relativeError),
                ])
            }
        }
        return aligned(rows)
    }

    /// A line for each matrix.
    static func tensors(_ losses: [WeightLoss]) -> String {
        aligned(
            [["tensor", "format", "relative error"]]
                + losses.map { [$0.name, $0.format.name, ResultReport.scientific($0.relativeError)] }
        )
    }

    /// `KL(bf16 || w4g128): mean 1.2e-02, maximum 4.1e-01; same top token at 97.1 % of 512 positions`.
    static func divergence(_ divergence: AnswerDivergence, reference: WeightFormat, format: WeightFormat) -> String {
        "KL(\(reference.name) || \(format.name)): mean \(ResultReport.scientific(divergence.mean)), "
            + "maximum \(ResultReport.scientific(divergence.maximum)); "
            + "same top token at \(ResultReport.rounded(100 * divergence.agreement)) % "
            + "of \(divergence.positions) positions"
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
}
