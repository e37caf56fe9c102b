// The frequencies of a rotary embedding, as generated code states them.
// Not the table of cosines and sines, which a step computes once for all its layers.

/// For each pair of a head's rotated numbers, how fast it turns and on which axis of the positions.
public struct RotaryFrequencies: Sendable, Hashable {
    /// The axis of each: 0 throughout for text; time, height and width for M-RoPE.
    public let axes: [Int32]
    /// Radians per position.
    public let inverseFrequencies: [Float]
    /// What cosines and sines are multiplied by; 1 unless the context is stretched.
    public let magnitude: Float

    /// Frequencies, and as many axes.
    public init(axes: [Int32], inverseFrequencies: [Float], magnitude: Float = 1) {
        precondition(axes.count == inverseFrequencies.count && !axes.isEmpty && axes.allSatisfy { $0 >= 0 })
        self.axes = axes
        self.inverseFrequencies = inverseFrequencies
        self.magnitude = magnitude
    }

    /// Pairs of numbers that turn.
    public var count: Int { axes.count }
    /// Axes that positions must have.
    public var axisCount: Int { Int(axes.max() ?? 0) + 1 }
}
