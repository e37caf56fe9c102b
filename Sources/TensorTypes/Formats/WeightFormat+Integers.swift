// What compiler, packing and checkpoints ask of formats that hold integers: scales, costs, and where they are too few.
// Not the layouts: WeightFormat.swift.

extension WeightFormat {
    /// Whether weights are integers with scales.
    public var isInteger: Bool { scales != .none }

    /// Inputs of an output that share a scale; nil if all of them do, or if there are no scales.
    public var scaleInputs: Int? {
        if case .perInputs(let count) = scales { count } else { nil }
    }

    /// The element of a scale in a panel.
    public var scaleElement: ElementType { scales == .perOutput ? .f32 : .f16 }

    /// Bits that a weight takes with its share of scales and zero points, in a matrix of very many inputs.
    public var effectiveBits: Double { Double(8 * unitBytes) / Double(unitInputs * Self.panelOutputs) }

    /// The format of those classes of matrices that lose most by few bits (image encoder, bridge, embedding, head), where
    /// a description states this one for all and says nothing of them.
    public var forSensitiveWeights: WeightFormat { weightBits < 8 ? .w8g32 : self }
}
