// From the rotary embedding that a description states to one inverse frequency and one position axis per pair.
// Not the positions: the runtime computes those for each row of a batch.

import ModelDescriptions

#if canImport(Glibc)
    import Glibc
#else
    import Foundation
#endif

extension RotaryFrequencies {
    /// The angles of `embedding` for heads of `headDim`.
    ///
    /// *Math* angle of pair j = position on its axis x theta^(-2j / headDim); on a grid theta^(-2j / (headDim / 2)),
    /// the same for both axes.
    ///
    /// *Source* transformers@5.23.0: models/qwen2_5_vl/modeling_qwen2_5_vl.py, models/qwen3_vl/modeling_qwen3_vl.py
    /// (interleaved sections).
    public init(_ embedding: RotaryEmbedding, headDim: Int) {
        let pairs = headDim / 2
        func powers(over width: Int, count: Int) -> [Double] {
            (0..<count).map { pow(embedding.theta, -2 * Double($0) / Double(width)) }
        }
        var axes: [Int]
        var frequencies: [Double]
        switch embedding.positions {
        case .sequence:
            axes = Array(repeating: 0, count: pairs)
            frequencies = powers(over: headDim, count: pairs)
        case .multimodal(let sections, .sectioned):
            axes = sections.enumerated().flatMap { Array(repeating: $0.offset, count: $0.element) }
            frequencies = powers(over: headDim, count: pairs)
        case .multimodal(let sections, .interleaved):
            axes = (0..<pairs).map { pair in
                let axis = pair % 3
                return axis > 0 && axis < sections.count && pair < 3 * sections[axis] ? axis : 0
            }
            frequencies = powers(over: headDim, count: pairs)
        case .grid:
            let perAxis = headDim / 4
            axes = Array(repeating: 0, count: perAxis) + Array(repeating: 1, count: perAxis)
            let one = powers(over: headDim / 2, count: perAxis)
            frequencies = one + one
        }
        var magnitude = 1.0
        switch embedding.scaling {
        case nil: break
        case .linear(let factor): frequencies = frequencies.map { $0 / factor }
        case .llama3(let scaling): frequencies = frequencies.map(scaling.stretch)
        case .yarn(let scaling):
            frequencies = scaling.stretch(frequencies, theta: embedding.theta)
            magnitude = scaling.attentionFactor
        }
        self.init(axes: axes, inverseFrequencies: frequencies, magnitude: magnitude)
    }
}

extension RotaryScaling.Llama3 {
    /// Low frequencies divided by `factor`, high ones kept, a linear blend between.
    ///
    /// *Source* transformers@5.23.0: modeling_rope_utils.py, `_compute_llama3_parameters`.
    fileprivate func stretch(_ frequency: Double) -> Double {
        let context = Double(originalContext)
        let wavelength = 2 * Double.pi / frequency
        if wavelength > context / lowFrequencyFactor { return frequency / factor }
        if wavelength < context / highFrequencyFactor { return frequency }
        let blend = (context / wavelength - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor)
        return (1 - blend) * frequency / factor + blend * frequency
    }
}

extension RotaryScaling.YaRN {
    /// Low frequencies divided by `factor`, high ones kept, a ramp over pairs between.
    ///
    /// *Source* Peng et al., YaRN, 2023; transformers@5.23.0: modeling_rope_utils.py, `_compute_yarn_parameters`.
    fileprivate func stretch(_ frequencies: [Double], theta: Double) -> [Double] {
        let width = Double(2 * frequencies.count)
        func pair(turning rotations: Double) -> Double {
            width * log(Double(originalContext) / (rotations * 2 * Double.pi)) / (2 * log(theta))
        }
        var low = pair(turning: betaFast)
        var high = pair(turning: betaSlow)
        if truncate { (low, high) = (low.rounded(.down), high.rounded(.up)) }
        low = max(low, 0)
        high = min(high, width - 1)
        if low == high { high += 0.001 }
        return frequencies.enumerated().map { index, frequency in
            let ramp = min(max((Double(index) - low) / (high - low), 0), 1)
            return frequency / factor * ramp + frequency * (1 - ramp)
        }
    }
}
