// What a format costs a matrix: how far the weights that are kept are from those of the checkpoint.
// Not what that does to the model's answers: ModelCommands/Quantization measures it.

import TensorTypes

/// The loss of one matrix.
public struct WeightLoss: Sendable, Hashable {
    /// The name of the matrix: of an entry in packed weights, of a tensor in a written checkpoint.
    public let name: String
    /// Its class.
    public let weightClass: WeightClass
    /// The format in which it is kept.
    public let format: WeightFormat
    /// The bytes that it takes.
    public let byteCount: Int
    /// The sum of the squared differences from the checkpoint.
    public let squaredError: Double
    /// The sum of the squares of the checkpoint's values.
    public let squaredValues: Double

    /// *Math* sqrt(sum (kept - given)^2 / sum given^2), 0 for a matrix of zeros.
    public var relativeError: Double {
        squaredValues > 0 ? (squaredError / squaredValues).squareRoot() : 0
    }
}

extension Sequence<WeightLoss> {
    /// All matrices of a class in a format as one.
    public func total(_ weightClass: WeightClass, _ format: WeightFormat) -> WeightLoss? {
        let members = filter { $0.weightClass == weightClass && $0.format == format }
        guard !members.isEmpty else { return nil }
        return WeightLoss(
            name: weightClass.rawValue,
            weightClass: weightClass,
            format: format,
            byteCount: members.reduce(0) { $0 + $1.byteCount },
            squaredError: members.reduce(0) { $0 + $1.squaredError },
            squaredValues: members.reduce(0) { $0 + $1.squaredValues }
        )
    }
}
