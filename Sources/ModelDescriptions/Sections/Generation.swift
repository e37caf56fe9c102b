// The table [generation]: how tokens are drawn unless the user says otherwise.
// Not the sampler: the runtime has that, and the command line overrides every value here.

extension ModelDescription {
    /// Defaults of sampling.
    public struct Generation: Sendable, Equatable {
        /// Whether tokens are drawn at random; otherwise the likeliest one is taken.
        public var sample: Bool
        /// Divides the logits; greater than 0.
        public var temperature: Double
        /// Only the likeliest tokens that together reach this probability are drawn; 1 keeps all.
        public var topP: Double
        /// Only this many of the likeliest tokens are drawn; 0 keeps all.
        public var topK: Int
        /// Only tokens with at least this fraction of the best one's probability are drawn; 0 keeps all.
        public var minP: Double
        /// Divides positive and multiplies negative logits of tokens that occurred; 1 changes nothing.
        public var repetitionPenalty: Double
        /// The most tokens of an answer; nil leaves it to the context.
        public var maximumTokens: Int?

        /// Defaults of sampling; without arguments, greedy.
        public init(
            sample: Bool = false,
            temperature: Double = 1,
            topP: Double = 1,
            topK: Int = 0,
            minP: Double = 0,
            repetitionPenalty: Double = 1,
            maximumTokens: Int? = nil
        ) {
            self.sample = sample
            self.temperature = temperature
            self.topP = topP
            self.topK = topK
            self.minP = minP
            self.repetitionPenalty = repetitionPenalty
            self.maximumTokens = maximumTokens
        }
    }
}

extension ModelDescription.Generation {
    init?(from reader: inout TableReader) {
        let greedy = Self()
        let sample = reader.bool("sample", default: greedy.sample)
        let temperature = reader.float("temperature", in: .greaterThan(0), default: greedy.temperature)
        let topP = reader.float("top-p", in: .from(0...1), default: greedy.topP)
        let topK = reader.integer("top-k", in: 0...Limits.vocab.upperBound, default: greedy.topK)
        let minP = reader.float("min-p", in: .from(0...1), default: greedy.minP)
        let repetitionPenalty = reader.float(
            "repetition-penalty",
            in: .greaterThan(0),
            default: greedy.repetitionPenalty
        )
        let maximumTokens = reader.optionalInteger("max-tokens", in: Limits.context)
        guard let sample, let temperature, let topP, let topK, let minP, let repetitionPenalty else { return nil }
        self.init(
            sample: sample,
            temperature: temperature,
            topP: topP,
            topK: topK,
            minP: minP,
            repetitionPenalty: repetitionPenalty,
            maximumTokens: maximumTokens
        )
    }

    func write(to writer: inout TableWriter) {
        writer.write("sample", sample)
        writer.write("temperature", temperature)
        writer.write("top-p", topP)
        writer.write("top-k", topK)
        writer.write("min-p", minP)
        writer.write("repetition-penalty", repetitionPenalty)
        writer.write("max-tokens", maximumTokens)
    }
}
