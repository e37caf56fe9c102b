// How products of few rows read their weights: the parameters of the kernels that may be chosen by measurement.
// Not the choice: ModelCommands/Tuning. What they do: kernels/cpu/templates/cut.h and the products beside it.

import CPUKernels
import TensorTypes

/// How a product of few rows reads its weights. Results do not depend on it.
public struct ProductTuning: Sendable, Hashable {
    /// How far ahead of the multiplication a panel is fetched: a multiple of 64.
    public let aheadBytes: Int
    /// The least bytes of weights that are worth a chunk for a thread.
    public let smallChunkBytes: Int
    /// Quarters of the weights that are cut into a few long ranges; the rest makes the threads end together.
    public let longQuarters: Int

    /// What `aheadBytes` may be, if it is a multiple of 64.
    public static let aheadRange = 0...(1 << 20)
    /// What `smallChunkBytes` may be.
    public static let smallChunkRange = 1...(1 << 30)
    /// What `longQuarters` may be.
    public static let longQuartersRange = 0...4

    /// Parameters, or nil if the kernels cannot take them.
    public init?(aheadBytes: Int, smallChunkBytes: Int, longQuarters: Int) {
        guard Self.aheadRange.contains(aheadBytes), aheadBytes % 64 == 0,
            Self.smallChunkRange.contains(smallChunkBytes), Self.longQuartersRange.contains(longQuarters)
        else { return nil }
        self.aheadBytes = aheadBytes
        self.smallChunkBytes = smallChunkBytes
        self.longQuarters = longQuarters
    }

    /// What the kernels do with weights of this format if nothing else is said.
    public init(standardFor format: WeightFormat) {
        let standard = vlmc_default_tuning(format.kernelTag)
        aheadBytes = Int(standard.ahead_bytes)
        smallChunkBytes = Int(standard.small_chunk_bytes)
        longQuarters = Int(standard.long_quarters)
    }

    var kernelArgument: vlmc_tuning {
        vlmc_tuning(
            ahead_bytes: Int32(aheadBytes),
            small_chunk_bytes: Int32(smallChunkBytes),
            long_quarters: Int32(longQuarters)
        )
    }
}

/// A kind of product that can be tuned: what it computes, with which matrix, for how many rows.
public struct ProductKind: Sendable, Hashable {
    /// What is computed, as `DeviceCall.operation` calls it.
    public enum Operation: String, Sendable, CaseIterable {
        case linear
        case gatedLinear = "gated linear"
        case heads
    }

    /// For how many rows.
    public enum Rows: String, Sendable, CaseIterable {
        /// One: a token for one sequence.
        case one
        /// Up to `mostFewRows`: a token for each of several sequences.
        case few

        /// The class of so many rows, or nil if they are too many for their product to be bound by reading.
        public init?(_ count: Int) {
            guard count <= ProductKind.mostFewRows else { return nil }
            self = count == 1 ? .one : .few
        }
    }

    /// What is computed.
    public let operation: Operation
    /// The matrix.
    public let matrix: DeviceCall.Matrix
    /// For how many rows.
    public let rows: Rows

    /// The most rows that count as few; of them, those that fit a tile of a kernel set (14 at most) are read as tuned.
    public static let mostFewRows = 16

    /// A kind of product.
    public init(_ operation: Operation, _ matrix: DeviceCall.Matrix, _ rows: Rows) {
        self.operation = operation
        self.matrix = matrix
        self.rows = rows
    }

    /// The kind of a call; nil if it is no product, or one of many rows.
    public init?(_ call: DeviceCall) {
        guard let operation = Operation(rawValue: call.operation), let matrix = call.matrix,
            let rows = Rows(call.rows)
        else { return nil }
        self.init(operation, matrix, rows)
    }
}

extension ProductKind: CustomStringConvertible {
    /// `gated linear [11008, 2048] bf16, 1 row`.
    public var description: String {
        "\(operation.rawValue) \(matrix), \(rows == .one ? "1 row" : "2 to \(Self.mostFewRows) rows")"
    }
}

/// The tuning of each kind of product that is not read in the standard way.
public typealias ProductTunings = [ProductKind: ProductTuning]

/// The same in the form that calls look up: a few places in memory that kernels read.
final class TuningTable: @unchecked Sendable {
    private struct Entry {
        let operation: ProductKind.Operation
        let rows: ProductKind.Rows
        let outputs: Int
        let inputs: Int
        let format: UInt32
    }

    private let entries: [Entry]
    private let places: UnsafeMutableBufferPointer<vlmc_tuning>

    init(_ tunings: ProductTunings) {
        entries = tunings.keys.map { kind in
            Entry(
                operation: kind.operation,
                rows: kind.rows,
                outputs: kind.matrix.outputs,
                inputs: kind.matrix.inputs,
                format: kind.matrix.format.kernelTag
            )
        }
        places = .allocate(capacity: tunings.count)
        _ = places.initialize(from: tunings.values.lazy.map(\.kernelArgument))
    }

    deinit { places.deallocate() }

    /// What a call is to be read like; nil for the standard. Valid as long as this table.
    func place(_ operation: ProductKind.Operation, _ matrix: PackedMatrix, rows: Int) -> UnsafePointer<vlmc_tuning>? {
        guard !entries.isEmpty, let rows = ProductKind.Rows(rows) else { return nil }
        for (index, entry) in entries.enumerated()
        where entry.outputs == matrix.outputs && entry.inputs == matrix.inputs && entry.rows == rows
            && entry.operation == operation && entry.format == matrix.format.kernelTag
        {
            return UnsafePointer(places.baseAddress.map { $0 + index })
        }
        return nil
    }
}
