// The least time that a machine needs for given work: the slower of moving the bytes and doing the operations.
// Machines are data: named ones here, this one measured by whoever asks (vlmc report does).
import ComputeGraph

/// What a machine can do at most.
public struct Machine: Sendable, Hashable {
    /// A name for printing.
    public let name: String
    /// Bytes a second that can be read from its memory.
    public let bytesPerSecond: Double
    /// Floating-point operations a second in the number format that its matrix products use.
    public let operationsPerSecond: Double

    /// A machine with these limits.
    public init(name: String, bytesPerSecond: Double, operationsPerSecond: Double) {
        self.name = name
        self.bytesPerSecond = bytesPerSecond
        self.operationsPerSecond = operationsPerSecond
    }

    /// Machines that can be named on the command line, with limits that were measured on one of them.
    public static let known: [Machine] = [
        Machine(name: "h200", bytesPerSecond: 4.3e12, operationsPerSecond: 790e12),
        Machine(name: "zen5-2-cores", bytesPerSecond: 70e9, operationsPerSecond: 970e9),
    ]
}

/// The least time for some work on some machine.
public struct RooflineTime: Sendable, Hashable {
    /// What the machine waits for.
    public enum Limit: String, Sendable, Hashable {
        /// Bytes to arrive.
        case bandwidth
        /// Operations to be done.
        case compute
    }

    /// Bytes that must be moved.
    public let bytes: Double
    /// Operations that must be done.
    public let operations: Double
    /// The least time.
    public let seconds: Double
    /// What takes that long.
    public let limit: Limit

    /// The least time for `cost` with the given sizes of the batch.
    public init(_ cost: StepCost, sizes: [DimensionSymbol: Int], on machine: Machine) {
        bytes = cost.weightBytes.value(with: sizes) + cost.activationBytes.value(with: sizes)
        operations = cost.operations.value(with: sizes)
        let moving = bytes / machine.bytesPerSecond
        let computing = operations / machine.operationsPerSecond
        seconds = max(moving, computing)
        limit = moving >= computing ? .bandwidth : .compute
    }
}
