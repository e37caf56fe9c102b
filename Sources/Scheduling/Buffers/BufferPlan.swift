// Where every value of a routine lives: with the caller, in the arena, or in the memory of another value.
// Made by planBuffers (PlanBuffers.swift), checked by BufferPlanVerifier.swift, and printed by emit --stage schedule.

import ComputeGraph

/// A piece of the arena, as large as the batch makes it.
public struct Buffer: Sendable, Hashable {
    /// The values that live in it, one after the other or as views; the first one gives it its name.
    public let values: [ValueID]
    /// The name in generated code.
    public let name: String
    /// What its size is proportional to.
    public let symbol: DimensionSymbol
    /// Bytes for one unit of the symbol (a row, a patch).
    public let bytesPerUnit: Int
    /// The first step that writes it.
    public let firstStep: Int
    /// The last step that reads it.
    public let lastStep: Int
    /// Bytes for one unit of the symbol that lie before it in the symbol's part of the arena.
    public internal(set) var offsetPerUnit = 0

    /// Whether both are needed at some step.
    public func overlapsInTime(_ other: Buffer) -> Bool {
        firstStep <= other.lastStep && other.firstStep <= lastStep
    }

    /// Whether both cover some byte of the arena.
    public func overlapsInSpace(_ other: Buffer) -> Bool {
        symbol == other.symbol && offsetPerUnit < other.offsetPerUnit + other.bytesPerUnit
            && other.offsetPerUnit < offsetPerUnit + bytesPerUnit
    }
}

/// Where a value lives.
public enum Storage: Sendable, Hashable {
    /// In memory that the caller passes as this parameter.
    case parameter(ValueID)
    /// In memory that the caller passes for this result.
    case output(ValueID)
    /// In a buffer of the arena, by index.
    case buffer(Int)
    /// In the packed weights.
    case weight
}

/// The memory of one routine.
///
/// The arena has one part for each symbol. A part holds whole units: the number of units of a batch, rounded up to
/// `unitGranularity`, times the bytes per unit. So every buffer starts at a multiple of 64 bytes.
public struct BufferPlan: Sendable, Hashable {
    /// Units are rounded up to a multiple of this.
    public static let unitGranularity = 16

    /// The buffers, in the order of their first step.
    public let buffers: [Buffer]
    /// Where each value lives.
    public let storage: [ValueID: Storage]
    /// Bytes per unit of each part of the arena, the parts of called routines included.
    public let bytesPerUnit: [DimensionSymbol: Int]
    /// For each step that runs layers, where their part begins: bytes per unit before it.
    public let calleeOffsets: [Int: Int]

    /// Bytes of the arena for given sizes.
    public func arenaBytes(with sizes: [DimensionSymbol: Int]) -> Int {
        bytesPerUnit.reduce(0) { sum, part in
            let units = sizes[part.key] ?? 0
            return sum + part.value * roundedUp(units, to: Self.unitGranularity)
        }
    }
}

func roundedUp(_ value: Int, to multiple: Int) -> Int { (value + multiple - 1) / multiple * multiple }
