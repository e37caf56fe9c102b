// Reads and writes the table `rope` of attention layers.
// Not the types: those are in RotaryEmbedding.swift.

import Foundation

extension RotaryEmbedding {
    /// The value of `kind` in the table.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// One position for each token.
        case sequence = "rope"
        /// Three positions for each token.
        case multimodal = "m-rope"
        /// Two positions for each patch.
        case grid = "2d"
    }

    /// The value of `kind` in the table.
    public var kind: Kind {
        switch positions {
        case .sequence: .sequence
        case .multimodal: .multimodal
        case .grid: .grid
        }
    }

    /// Reads the table, which must be of one of the `allowed` kinds and fit a head of width `headDim`, if known.
    public init?(from reader: inout TableReader, allowed: [Kind], headDim: Int?) {
        guard let name = reader.choice("kind", among: allowed.map(\.rawValue)), let kind = Kind(rawValue: name) else {
            reader.ignoreOtherKeys()
            return nil
        }
        let theta = reader.float("theta", in: .greaterThan(1))
        var positions: Positions?
        switch kind {
        case .sequence: positions = .sequence
        case .grid: positions = .grid
        case .multimodal:
            let sections = reader.integers("sections", in: 0...Limits.headDim.upperBound, count: 3)
            let layout = reader.choice("layout", of: SectionLayout.self)
            if let sections, let layout, Self.check(sections, layout, headDim: headDim, reader: &reader) {
                positions = .multimodal(sections: sections, layout: layout)
            }
        }
        let scaling = kind == .grid ? nil : reader.optionalTable("scaling") { RotaryScaling(from: &$0) }
        guard let positions, let theta else { return nil }
        self.init(positions: positions, theta: theta, scaling: scaling)
    }

    private static func check(
        _ sections: [Int],
        _ layout: SectionLayout,
        headDim: Int?,
        reader: inout TableReader
    ) -> Bool {
        guard let headDim else { return true }
        let pairs = headDim / 2
        let sum = sections.reduce(0, +)
        guard sum == pairs else {
            reader.report(
                "`sections` sum to \(sum), but must sum to half the width of a head: \(headDim) / 2 = \(pairs)",
                at: "sections"
            )
            return false
        }
        // Height takes pairs 1, 4, 7, ... and width 2, 5, 8, ...: as many as there are must lie within the head.
        if layout == .interleaved {
            for axis in 1...2 where sections[axis] > (pairs - axis + 2) / 3 {
                reader.report(
                    "an interleaved section has at most \((pairs - axis + 2) / 3) of \(pairs) pairs, but this one has "
                        + "\(sections[axis])",
                    at: "sections",
                    element: axis
                )
                return false
            }
        }
        return true
    }

    /// Writes the table.
    public func write(to writer: inout TableWriter) {
        writer.write("kind", kind)
        writer.write("theta", theta)
        if case .multimodal(let sections, let layout) = positions {
            writer.write("sections", sections)
            writer.write("layout", layout)
        }
        if let scaling { writer.writeTable("scaling") { scaling.write(to: &$0) } }
    }
}

extension RotaryScaling {
    /// The value of `kind` in the table.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Every frequency divided.
        case linear
        /// Low frequencies divided, by wavelength.
        case llama3
        /// Low frequencies divided, by pair; scores scaled.
        case yarn
    }

    init?(from reader: inout TableReader) {
        guard let kind = reader.choice("kind", of: Kind.self) else {
            reader.ignoreOtherKeys()
            return nil
        }
        let factor = reader.float("factor", in: .atLeast(1))
        switch kind {
        case .linear:
            guard let factor else { return nil }
            self = .linear(factor: factor)
        case .llama3:
            guard let scaling = Llama3(from: &reader, factor: factor) else { return nil }
            self = .llama3(scaling)
        case .yarn:
            guard let scaling = YaRN(from: &reader, factor: factor) else { return nil }
            self = .yarn(scaling)
        }
    }

    func write(to writer: inout TableWriter) {
        switch self {
        case .linear(let factor):
            writer.write("kind", Kind.linear)
            writer.write("factor", factor)
        case .llama3(let scaling):
            writer.write("kind", Kind.llama3)
            writer.write("factor", scaling.factor)
            writer.write("low-frequency-factor", scaling.lowFrequencyFactor)
            writer.write("high-frequency-factor", scaling.highFrequencyFactor)
            writer.write("original-context", scaling.originalContext)
        case .yarn(let scaling):
            writer.write("kind", Kind.yarn)
            writer.write("factor", scaling.factor)
            writer.write("original-context", scaling.originalContext)
            writer.write("beta-fast", scaling.betaFast)
            writer.write("beta-slow", scaling.betaSlow)
            writer.write("attention-factor", scaling.attentionFactor)
            writer.write("truncate", scaling.truncate)
        }
    }
}

extension RotaryScaling.Llama3 {
    init?(from reader: inout TableReader, factor: Double?) {
        let low = reader.float("low-frequency-factor", in: .greaterThan(0))
        let high = reader.float("high-frequency-factor", in: .greaterThan(0))
        let originalContext = reader.integer("original-context", in: Limits.context)
        if let low, let high, high <= low {
            reader.report(
                "`high-frequency-factor` = \(TOMLText.float(high)) must be greater than `low-frequency-factor` = "
                    + TOMLText.float(low),
                at: "high-frequency-factor"
            )
            return nil
        }
        guard let factor, let low, let high, let originalContext else { return nil }
        self.init(
            factor: factor,
            lowFrequencyFactor: low,
            highFrequencyFactor: high,
            originalContext: originalContext
        )
    }
}

extension RotaryScaling.YaRN {
    /// The factor on cosine and sine that the paper recommends: 0.1 · ln(factor) + 1.
    public static func recommendedAttentionFactor(factor: Double) -> Double {
        factor <= 1 ? 1 : 0.1 * log(factor) + 1
    }

    init?(from reader: inout TableReader, factor: Double?) {
        let originalContext = reader.integer("original-context", in: Limits.context)
        let betaFast = reader.float("beta-fast", in: .greaterThan(0), default: 32)
        let betaSlow = reader.float("beta-slow", in: .greaterThan(0), default: 1)
        let attentionFactor = reader.float(
            "attention-factor",
            in: .greaterThan(0),
            default: factor.map(Self.recommendedAttentionFactor)
        )
        let truncate = reader.bool("truncate", default: true)
        if let betaFast, let betaSlow, betaFast <= betaSlow {
            reader.report(
                "`beta-fast` = \(TOMLText.float(betaFast)) must be greater than `beta-slow` = "
                    + TOMLText.float(betaSlow),
                at: reader.has("beta-fast") ? "beta-fast" : "beta-slow"
            )
            return nil
        }
        guard let factor, let originalContext, let betaFast, let betaSlow, let attentionFactor, let truncate else {
            return nil
        }
        self.init(
            factor: factor,
            originalContext: originalContext,
            betaFast: betaFast,
            betaSlow: betaSlow,
            attentionFactor: attentionFactor,
            truncate: truncate
        )
    }
}
