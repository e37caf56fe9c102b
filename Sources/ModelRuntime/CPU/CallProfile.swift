// Where the time of a model goes: how often each kind of call was made, and how long it took.
// Not the phases of `bench` (ModelCommands/Benchmark), which say how near a whole run is to the machine's limits.

import TensorTypes

/// A kind of call. Calls of one kind do the same work.
public struct DeviceCall: Sendable, Hashable {
    /// The matrix that a call multiplies by.
    public struct Matrix: Sendable, Hashable {
        /// Rows of the matrix; of each of both, if it is a gated pair.
        public let outputs: Int
        /// Columns of the matrix.
        public let inputs: Int
        /// How it is kept.
        public let format: WeightFormat

        /// A matrix of this shape.
        public init(outputs: Int, inputs: Int, format: WeightFormat) {
            self.outputs = outputs
            self.inputs = inputs
            self.format = format
        }
    }

    /// What is computed, such as `linear` or `attention`.
    public let operation: String
    /// The rows that it is computed for.
    public let rows: Int
    /// The runs of rows that see one another: sequences, images or windows; 0 for all but attention.
    public let runs: Int
    /// The matrix, of a product.
    public let matrix: Matrix?

    /// A kind of call.
    public init(operation: String, rows: Int, runs: Int = 0, matrix: Matrix? = nil) {
        self.operation = operation
        self.rows = rows
        self.runs = runs
        self.matrix = matrix
    }
}

extension DeviceCall.Matrix: CustomStringConvertible {
    /// `[11008, 2048] bf16`.
    public var description: String { "[\(outputs), \(inputs)] \(format.name)" }
}

extension DeviceCall: CustomStringConvertible {
    /// `gated linear [11008, 2048] bf16, 8 rows`.
    public var description: String {
        let shape = matrix.map { " \($0)" } ?? ""
        return "\(operation)\(shape), \(rows) row\(rows == 1 ? "" : "s")" + (runs > 1 ? " in \(runs) runs" : "")
    }
}

/// Counts the calls of a device while it is attached, which costs a call some 100 ns.
public final class CallProfile {
    /// All calls of one kind.
    public struct Total: Sendable, Hashable {
        /// How many there were.
        public internal(set) var calls = 0
        /// How long they took.
        public internal(set) var seconds = 0.0
        /// Bytes of weights that they read.
        public internal(set) var weightBytes = 0
    }

    /// What has been counted.
    public private(set) var totals: [DeviceCall: Total] = [:]

    /// A profile of nothing so far.
    public init() {}

    func count(_ call: DeviceCall, weightBytes: Int, _ body: () -> Void) {
        let clock = ContinuousClock()
        let elapsed = clock.measure(body)
        totals[call, default: Total()].calls += 1
        totals[call, default: Total()].seconds += elapsed / .seconds(1)
        totals[call, default: Total()].weightBytes += weightBytes
    }
}

extension CPUDevice {
    /// Makes a call, and counts it if somebody wants to know.
    @inline(__always)
    func profiled(
        _ operation: @autoclosure () -> String,
        rows: @autoclosure () -> Int,
        _ matrix: PackedMatrix? = nil,
        isGated: Bool = false,
        runs: Int = 0,
        _ body: () -> Void
    ) {
        guard let profile else { return body() }
        let shape = matrix.map { DeviceCall.Matrix(outputs: $0.outputs, inputs: $0.inputs, format: $0.format) }
        let call = DeviceCall(operation: operation(), rows: rows(), runs: runs, matrix: shape)
        let bytes = matrix.map { $0.format.panelCount(outputs: $0.outputs) * $0.format.panelBytes(inputs: $0.inputs) }
        profile.count(call, weightBytes: (bytes ?? 0) * (isGated ? 2 : 1), body)
    }
}
