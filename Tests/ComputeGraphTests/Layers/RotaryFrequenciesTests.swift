// Axes and inverse frequencies of every kind of rotary embedding.
// What is done with them: ReferenceInterpreterTests.

import Foundation
import ModelDescriptions
import Testing

@testable import ComputeGraph

@Suite struct RotaryFrequenciesTests {
    /// The largest relative difference.
    private func error(_ found: [Double], _ expected: [Double]) -> Double {
        guard found.count == expected.count else { return .infinity }
        return zip(found, expected).map { abs($0 - $1) / abs($1) }.reduce(0) {
            $0.isNaN || $1.isNaN ? .nan : max($0, $1)
        }
    }

    private func sequence(
        theta: Double,
        headDim: Int,
        scaling: RotaryScaling? = nil
    ) -> RotaryFrequencies {
        RotaryFrequencies(
            RotaryEmbedding(positions: .sequence, theta: theta, scaling: scaling),
            headDim: headDim
        )
    }

    @Test func onePosition() {
        let found = sequence(theta: 1e4, headDim: 8)
        #expect(found.axes == [0, 0, 0, 0])
        #expect(found.axisCount == 1)
        #expect(found.magnitude == 1)
        #expect(error(found.inverseFrequencies, [1, 0.1, 0.01, 0.001]) <= 1e-15)
    }

    @Test func sections() {
        let found = RotaryFrequencies(
            RotaryEmbedding(positions: .multimodal(sections: [16, 24, 24], layout: .sectioned), theta: 1e6),
            headDim: 128
        )
        #expect(
            found.axes
                == Array(repeating: 0, count: 16) + Array(repeating: 1, count: 24) + Array(repeating: 2, count: 24)
        )
        #expect(found.axisCount == 3)
        // Frequencies go on across sections: pair 63 turns by 1e6^(-63/64).
        #expect(error([found.inverseFrequencies[63]], [pow(1e6, -63.0 / 64)]) <= 1e-14)
    }

    @Test func interleavedSections() {
        let found = RotaryFrequencies(
            RotaryEmbedding(positions: .multimodal(sections: [6, 4, 2], layout: .interleaved), theta: 1e6),
            headDim: 24
        )
        // Height has pairs 1, 4, 7, 10, width 2 and 5, time all others.
        #expect(found.axes == [0, 1, 2, 0, 1, 2, 0, 1, 0, 0, 1, 0])
        #expect(error([found.inverseFrequencies[5]], [pow(1e6, -10.0 / 24)]) <= 1e-14)
    }

    @Test func grid() {
        let found = RotaryFrequencies(RotaryEmbedding(positions: .grid, theta: 1e4), headDim: 16)
        #expect(found.axes == [0, 0, 0, 0, 1, 1, 1, 1])
        #expect(found.axisCount == 2)
        #expect(error(found.inverseFrequencies, [1, 0.1, 0.01, 0.001, 1, 0.1, 0.01, 0.001]) <= 1e-15)
    }

    @Test func linearScaling() {
        let found = sequence(theta: 1e4, headDim: 8, scaling: .linear(factor: 4))
        #expect(error(found.inverseFrequencies, [0.25, 0.025, 0.0025, 0.00025]) <= 1e-15)
        #expect(found.magnitude == 1)
    }

    // The numbers below are from transformers@5.23.0: modeling_rope_utils.py, ROPE_INIT_FUNCTIONS, which computes in
    // single precision; printed to nine digits. One unit in the last place of the input of a power grows in it by the
    // logarithm of the result, so a few 1e-7.
    private static let tolerance = 1e-6

    /// `_compute_llama3_parameters`: rope_theta 5e5, factor 8, low_freq_factor 1, high_freq_factor 4, original context
    /// 8192, head_dim 32. Pair 8 lies on the blend.
    @Test func llama3AsInTransformers() {
        let found = sequence(
            theta: 5e5,
            headDim: 32,
            scaling: .llama3(
                RotaryScaling.Llama3(
                    factor: 8,
                    lowFrequencyFactor: 1,
                    highFrequencyFactor: 4,
                    originalContext: 8192
                )
            )
        )
        let expected = [
            1, 0.440366626, 0.193922758, 0.0853971019, 0.0376060307, 0.0165604409, 0.00729266508, 0.00321144611,
            0.000524846022, 7.78465546e-05, 3.42810235e-05, 1.50962178e-05, 6.64786967e-06, 2.92749974e-06,
            1.28917316e-06, 5.6770881e-07,
        ]
        #expect(error(found.inverseFrequencies, expected) <= Self.tolerance)
        #expect(found.magnitude == 1)
    }

    /// `_compute_yarn_parameters`: rope_theta 1e6, factor 4, original context 32768, head_dim 32, all else default.
    @Test func yarnAsInTransformers() {
        let found = sequence(
            theta: 1e6,
            headDim: 32,
            scaling: .yarn(
                RotaryScaling.YaRN(
                    factor: 4,
                    originalContext: 32768,
                    betaFast: 32,
                    betaSlow: 1,
                    attentionFactor: RotaryScaling.YaRN.recommendedAttentionFactor(factor: 4),
                    truncate: true
                )
            )
        )
        let expected = [
            1, 0.421696514, 0.177827939, 0.0749894157, 0.0316227786, 0.0133352149, 0.00477990136, 0.00165996165,
            0.000549999997, 0.000168678584, 4.44569851e-05, 1.87473561e-05, 7.90569356e-06, 3.33380353e-06,
            1.40585337e-06, 5.92843435e-07,
        ]
        #expect(error(found.inverseFrequencies, expected) <= Self.tolerance)
        #expect(abs(found.magnitude - 1.138629436111989) <= 1e-15)
    }

    /// `_compute_yarn_parameters`: rope_theta 1e4, factor 16, original context 4096, beta_fast 16, beta_slow 2,
    /// attention_factor 1.5, truncate false, head_dim 32.
    @Test func yarnWithoutTruncationAsInTransformers() {
        let found = sequence(
            theta: 1e4,
            headDim: 32,
            scaling: .yarn(
                RotaryScaling.YaRN(
                    factor: 16,
                    originalContext: 4096,
                    betaFast: 16,
                    betaSlow: 2,
                    attentionFactor: 1.5,
                    truncate: false
                )
            )
        )
        let expected = [
            1, 0.562341332, 0.316227764, 0.177827939, 0.100000001, 0.0562341288, 0.0316227786, 0.0151994536,
            0.0059520239, 0.0018876493, 0.000240811118, 0.000111142464, 6.2500003e-05, 3.51463314e-05, 1.97642366e-05,
            1.11142463e-05,
        ]
        #expect(error(found.inverseFrequencies, expected) <= Self.tolerance)
        #expect(found.magnitude == 1.5)
    }
}
