// What the matrices of a model multiply while it reads sample data.
// Not what quantisation makes of it: RoundingFeedback.swift. Not the data: ModelCommands/Quantization.

/// The second moments of the inputs of all matrices of a model.
public final class Calibration {
    private var moments: [String: InputMoments] = [:]

    /// A calibration that has seen nothing.
    public init() {}

    /// Matrices that were shown rows.
    public var matrixCount: Int { moments.count }

    /// An observer for the device that runs a model with these weights.
    public func observer(_ weights: PackedWeights, pool: ThreadPool) -> ProductObserver {
        let paths = weights.pathOfPanels
        return ProductObserver { [self] matrix, rows, count in
            guard let path = paths[matrix.panels] else { return }
            moments[path, default: InputMoments(inputs: matrix.inputs)].add(rows, count: count, pool: pool)
        }
    }

    /// The mean square of each input of a matrix, by its path in the manifest; nil if it was shown no rows.
    public func meanSquares(of path: String) -> [Double]? { moments[path]?.meanSquares }

    /// What is known of the inputs of an entry of the manifest, or nil if none was shown.
    func moments(of path: String) -> InputMoments? { moments[path] }
}
