// The schedule of a model: for every block of the graph the kernel calls that compute it and the memory they use.
// Made by makeSchedule, step by step as the driver's pass list shows; read by SourceEmission.

import ComputeGraph
import TensorTypes

/// One block of the graph, ready to be written as a function.
public struct Routine: Sendable, Hashable {
    /// The block that it computes.
    public let block: Block
    /// The calls, in execution order.
    public let steps: [Step]
    /// The memory of its values.
    public let plan: BufferPlan
    /// The layout in which each matrix is packed.
    public let matrices: [ValueID: MatrixLayout]
}

/// How a matrix is packed.
public struct MatrixLayout: Sendable, Hashable {
    /// How the rows of the sources of a weight follow one another.
    public enum RowOrder: String, Sendable, Hashable {
        /// As in the graph: all rows of the first source, then of the second, ...
        case stacked
        /// A panel of the first half, a panel of the second half, a panel of the first, ...: gate and up.
        case alternatingPanels = "alternating-panels"
    }

    /// The format of its elements.
    public let format: WeightFormat
    /// How its rows follow one another.
    public let rowOrder: RowOrder

    /// Bytes of `weight` in this layout.
    public func byteCount(of weight: Weight) -> Int {
        switch rowOrder {
        case .stacked: return format.byteCount(outputs: weight.rows, inputs: weight.columns)
        case .alternatingPanels: return 2 * format.byteCount(outputs: weight.rows / 2, inputs: weight.columns)
        }
    }
}

/// A model, ready to be written as source.
public struct Schedule: Sendable, Hashable {
    /// The graph after all passes.
    public let graph: Graph
    /// One routine per block, in the order of the graph.
    public let routines: [Routine]

    /// The routine of this name, or nil.
    public func routine(named name: String) -> Routine? { routines.first { $0.block.name == name } }

    /// Bytes of the arena that serves every entry, one at a time, for given sizes.
    public func arenaBytes(with sizes: [DimensionSymbol: Int]) -> Int {
        routines.filter { $0.block.role == .entry }.map { $0.plan.arenaBytes(with: sizes) }.max() ?? 0
    }
}
