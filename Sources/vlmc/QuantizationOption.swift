// The option --quantize of the commands that schedule a model.

import ArgumentParser
import Diagnostics
import TensorTypes

/// A format in place of the table `[quantization]`.
struct QuantizationOption: ParsableArguments {
    @Option(
        name: .customLong("quantize"),
        help: ArgumentHelp(
            "The format of the weights, in place of all that [quantization] states: "
                + "\(WeightFormat.all.map(\.name).joined(separator: ", ")).",
            valueName: "format"
        )
    )
    var name: String?

    /// The format; nil for what the description states.
    var format: WeightFormat? { name.flatMap(WeightFormat.named) }

    func validate() throws {
        guard let name, format == nil else { return }
        let names = WeightFormat.all.map(\.name)
        let hint = nearestName(to: name, among: names).map { "; did you mean `\($0)`?" } ?? "."
        throw ValidationError("--quantize is `\(name)`; allowed: \(names.joined(separator: ", "))\(hint)")
    }
}
