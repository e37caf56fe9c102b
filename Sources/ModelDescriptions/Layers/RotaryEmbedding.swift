// Rotary positions inside attention: which positions turn which pairs of a head, how fast, and stretched how.
// Not the positions themselves: the runtime computes those for each row of a batch.

/// The linear projections of an attention layer.
public enum AttentionProjection: String, Sendable, Hashable, CaseIterable {
    /// What a row looks for.
    case query
    /// What a row is found by.
    case key
    /// What a row gives.
    case value
    /// Back to the width of the stage.
    case output
}

/// Rotary position embedding over a whole head.
///
/// *Math*: pair j of a head is turned by position / theta^(2j / headDim); pair j is made of dimensions j and
/// j + headDim / 2.
/// *Source*: Su et al. 2021, section 3.4.2, in the arrangement of halves that published checkpoints use.
public struct RotaryEmbedding: Sendable, Equatable {
    /// The positions that turn the pairs.
    public enum Positions: Sendable, Equatable {
        /// One position for each token.
        case sequence
        /// Three positions (time, height, width), each of which turns as many pairs as `sections` says.
        case multimodal(sections: [Int], layout: SectionLayout)
        /// Two positions (height, width): the first half of the pairs turns by one, the second by the other, both with
        /// the frequencies theta^(-2j / (headDim / 2)).
        case grid
    }

    /// The arrangement of the sections of multimodal positions.
    public enum SectionLayout: String, Sendable, Hashable, CaseIterable {
        /// All pairs of time, then of height, then of width.
        case sectioned
        /// Time, height, width in turn, as long as each has pairs left; the rest is time.
        case interleaved
    }

    /// The positions that turn the pairs.
    public var positions: Positions
    /// The base of the frequencies.
    public var theta: Double
    /// How the frequencies are changed for longer contexts.
    public var scaling: RotaryScaling?

    /// Rotary positions.
    public init(positions: Positions, theta: Double, scaling: RotaryScaling? = nil) {
        self.positions = positions
        self.theta = theta
        self.scaling = scaling
    }
}

/// A change of rotary frequencies for contexts longer than a model was first trained for.
public enum RotaryScaling: Sendable, Equatable {
    /// Every frequency divided by `factor`.
    case linear(factor: Double)
    /// Low frequencies divided by `factor`, high ones kept, with a ramp between.
    case llama3(Llama3)
    /// Low frequencies divided by `factor`, high ones kept, with a ramp over the pairs; scores scaled.
    case yarn(YaRN)

    /// *Source*: transformers@5.23.0:modeling_rope_utils.py, `_compute_llama3_parameters`.
    public struct Llama3: Sendable, Equatable {
        /// The divisor of low frequencies.
        public var factor: Double
        /// Frequencies with a wavelength over `originalContext` / this are low.
        public var lowFrequencyFactor: Double
        /// Frequencies with a wavelength under `originalContext` / this are high.
        public var highFrequencyFactor: Double
        /// The context of the first training.
        public var originalContext: Int

        /// The scaling with these parameters.
        public init(factor: Double, lowFrequencyFactor: Double, highFrequencyFactor: Double, originalContext: Int) {
            self.factor = factor
            self.lowFrequencyFactor = lowFrequencyFactor
            self.highFrequencyFactor = highFrequencyFactor
            self.originalContext = originalContext
        }
    }

    /// *Source*: Peng et al. 2023, section 3; transformers@5.23.0:modeling_rope_utils.py, `_compute_yarn_parameters`.
    public struct YaRN: Sendable, Equatable {
        /// The divisor of low frequencies.
        public var factor: Double
        /// The context of the first training.
        public var originalContext: Int
        /// Pairs that turn more often than this over the original context are kept.
        public var betaFast: Double
        /// Pairs that turn less often than this over the original context are divided.
        public var betaSlow: Double
        /// Multiplies cosine and sine.
        public var attentionFactor: Double
        /// Whether the ends of the ramp are rounded to whole pairs.
        public var truncate: Bool

        /// The scaling with these parameters.
        public init(
            factor: Double,
            originalContext: Int,
            betaFast: Double,
            betaSlow: Double,
            attentionFactor: Double,
            truncate: Bool
        ) {
            self.factor = factor
            self.originalContext = originalContext
            self.betaFast = betaFast
            self.betaSlow = betaSlow
            self.attentionFactor = attentionFactor
            self.truncate = truncate
        }
    }
}
