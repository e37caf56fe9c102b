// What is known of the rows that a matrix multiplies: how inputs vary, and vary together with their neighbours.
// Not how quantisation uses it: RoundingFeedback.swift.

import CPUKernels

/// The second moments of the inputs of one matrix, within blocks of 128.
///
/// *Math*: `sums[b][i][j] = sum over rows of x[128 b + i] x[128 b + j]`. *Accumulates in*: f32, over rows in order.
/// *Units/range*: 512 bytes for each input.
public struct InputMoments: Sendable {
    /// Inputs of a block; the last one is filled up with zeros.
    public static let blockInputs = Int(VLMC_FEEDBACK_INPUTS)

    /// Inputs of the matrix.
    public let inputs: Int
    /// Rows that were added.
    public private(set) var rowCount = 0
    /// `[blocks, 128, 128]`.
    private(set) var sums: [Float]

    /// Moments without rows.
    public init(inputs: Int) {
        self.inputs = inputs
        let blocks = (inputs + Self.blockInputs - 1) / Self.blockInputs
        sums = [Float](repeating: 0, count: blocks * Self.blockInputs * Self.blockInputs)
    }

    var blockCount: Int { sums.count / (Self.blockInputs * Self.blockInputs) }

    /// Adds rows `[count, inputs]`, block by block on the threads of `pool`.
    public mutating func add(_ rows: UnsafeBufferPointer<Float>, count: Int, pool: ThreadPool) {
        precondition(rows.count == count * inputs, "\(rows.count) numbers in \(count) rows of \(inputs)")
        rowCount += count
        let (inputs, blocks) = (inputs, blockCount)
        sums.withUnsafeMutableBufferPointer { sums in
            nonisolated(unsafe) let sums = sums
            nonisolated(unsafe) let rows = rows
            pool.forEach(blocks) { block in
                let size = Self.blockInputs * Self.blockInputs
                let target = UnsafeMutableBufferPointer(rebasing: sums[block * size..<(block + 1) * size])
                for row in 0..<count {
                    let values = rows[row * inputs..<(row + 1) * inputs]
                    Self.add(values.dropFirst(block * Self.blockInputs).prefix(Self.blockInputs), into: target)
                }
            }
        }
    }

    /// Adds the products of one row's numbers in a block.
    private static func add(_ values: Slice<UnsafeBufferPointer<Float>>, into sums: UnsafeMutableBufferPointer<Float>) {
        typealias Vector = SIMD16<Float>
        let vectors = blockInputs / Vector.scalarCount
        withUnsafeTemporaryAllocation(of: Vector.self, capacity: vectors) { row in
            row.initialize(repeating: .zero)
            for (place, value) in values.enumerated() {
                row[place / Vector.scalarCount][place % Vector.scalarCount] = value
            }
            let target = UnsafeMutableRawBufferPointer(sums)
            for (input, value) in values.enumerated() {
                for vector in 0..<vectors {
                    let offset = 4 * (input * blockInputs + vector * Vector.scalarCount)
                    let sum = target.loadUnaligned(fromByteOffset: offset, as: Vector.self)
                    target.storeBytes(of: sum + row[vector] * value, toByteOffset: offset, as: Vector.self)
                }
            }
        }
    }

    /// The mean square of each input.
    var meanSquares: [Double] {
        (0..<inputs).map { mean(block: $0 / Self.blockInputs, $0 % Self.blockInputs, $0 % Self.blockInputs) }
    }

    /// The mean of two inputs' product over all rows; 0 without rows.
    func mean(block: Int, _ first: Int, _ second: Int) -> Double {
        let sum = sums[(block * Self.blockInputs + first) * Self.blockInputs + second]
        return rowCount > 0 ? Double(sum) / Double(rowCount) : 0
    }
}
