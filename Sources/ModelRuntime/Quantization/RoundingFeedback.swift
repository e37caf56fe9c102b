// How packing is told what a matrix will multiply: which inputs count, and which make up for what others lose.
// Not the rounding itself: kernels/cpu/templates/packing.h. What is known of the rows: InputMoments.swift.

import CPUKernels

/// What calibration tells the packing of one matrix.
///
/// *Math*: for each block of inputs with second moments H (plus 1% of their mean on the diagonal), inputs are ordered by
/// falling H[i][i]; then H^-1 = U^T U with U upper triangular, and what the i-th input loses, times -U[i][j] / U[i][i], is
/// added to the j-th. That is the change of the inputs that are still to be rounded which makes the least squared error
/// of the outputs. *Accumulates in*: Double.
/// *Source*: Frantar, Ashkboos, Hoefler, Alistarh: GPTQ (arXiv:2210.17323), section 3.
/// *Differs from source*: H is taken within blocks of 128 inputs, not over all, so that memory stays in proportion to
/// the matrix; inputs are ordered within blocks, which leaves groups where they are.
struct RoundingFeedback: Sendable {
    /// `[inputs]`: the mean square of each input.
    let importance: [Float]
    /// `[blocks, 128, 128]`: row i of a block for the i-th input in its order; zeros up to the diagonal.
    private(set) var feedback: [Float]
    /// `[blocks, 128]`: the inputs of a block in the order in which they are rounded.
    private(set) var order: [UInt8]

    private static let damping = 0.01
    private static var size: Int { InputMoments.blockInputs }

    /// What the rows so far say. Blocks whose inputs are 0 in all rows count all inputs alike.
    init(_ moments: InputMoments) {
        let size = Self.size
        importance = moments.meanSquares.map { Float($0) }
        feedback = [Float](repeating: 0, count: moments.blockCount * size * size)
        order = []
        for block in 0..<moments.blockCount {
            let order = (0..<size).sorted { left, right in
                let (first, second) = (moments.mean(block: block, left, left), moments.mean(block: block, right, right))
                return first == second ? left < right : first > second
            }
            self.order += order.map { UInt8($0) }
            var matrix = order.map { first in order.map { second in moments.mean(block: block, first, second) } }
            let trace = (0..<size).reduce(0) { $0 + matrix[$1][$1] }
            guard trace.isFinite, trace > 0 else { continue }
            for index in 0..<size { matrix[index][index] += Self.damping * trace / Double(size) }
            let factor = Self.inverseFactor(matrix)
            for row in 0..<size {
                for column in row + 1..<size {
                    feedback[(block * size + row) * size + column] = Float(-factor[row][column] / factor[row][row])
                }
            }
        }
    }

    /// *Math*: the upper triangular U with U^T U = H^-1, by H = R R^T with R upper triangular and U = R^-1.
    ///
    /// *Shapes*: H `[n, n]`, symmetric and positive definite.
    static func inverseFactor(_ matrix: [[Double]]) -> [[Double]] {
        let count = matrix.count
        var root = [[Double]](repeating: [Double](repeating: 0, count: count), count: count)
        for column in stride(from: count - 1, through: 0, by: -1) {
            for row in stride(from: column, through: 0, by: -1) {
                var rest = matrix[row][column]
                for index in column + 1..<max(count, column + 1) { rest -= root[row][index] * root[column][index] }
                root[row][column] = row == column ? rest.squareRoot() : rest / root[column][column]
            }
        }
        var inverse = [[Double]](repeating: [Double](repeating: 0, count: count), count: count)
        for column in 0..<count {
            inverse[column][column] = 1 / root[column][column]
            for row in stride(from: column - 1, through: 0, by: -1) {
                var rest = 0.0
                for index in row + 1...column { rest -= root[row][index] * inverse[index][column] }
                inverse[row][column] = rest / root[row][row]
            }
        }
        return inverse
    }
}
