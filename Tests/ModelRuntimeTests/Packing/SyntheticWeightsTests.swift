// Random weights have the places, formats and variance of real ones, and depend on nothing but the seed.

import TensorTypes
import Testing

@testable import ModelRuntime

@Suite struct SyntheticWeightsTests {
    private let manifest = WeightManifest(
        [
            .matrix("head", outputs: 1000, inputs: 96, .head, from: [.tensor("head", [1000, 96])]),
            .vector("gain", count: 96, from: [.tensor("gain", [96])]),
        ],
        groups: [
            WeightGroup(
                "layer",
                layers: 0..<2,
                [
                    .matrix(
                        "gateUp",
                        outputs: 64,
                        inputs: 96,
                        .mlp,
                        order: .alternatingPanels,
                        from: [.tensor("gate", [32, 96]), .tensor("up", [32, 96])]
                    )
                ]
            )
        ],
        formats: WeightFormats(.f32, exceptions: [.mlp: .bf16])
    )

    private func head(_ weights: PackedWeights) -> [Float] {
        let panels = weights.matrix("head").panels.assumingMemoryBound(to: Float.self)
        return Array(UnsafeBufferPointer(start: panels, count: 1000 * 96))
    }

    @Test func shapesAndFormats() throws {
        let weights = try PackedWeights.synthetic(manifest, pool: ThreadPool(threads: 2))
        #expect(weights.matrix("head").outputs == 1000)
        #expect(weights.matrix("gateUp", of: "layer", layer: 1).format == .bf16)
        #expect(weights.matrix("gateUp", of: "layer", layer: 1).outputs == 32)
        #expect(weights.vector("gain")[95] == 0.25)
        #expect(weights.byteCount == PackedLayout(manifest).totalBytes)
    }

    @Test func variance() throws {
        let values = head(try PackedWeights.synthetic(manifest, pool: ThreadPool(threads: 2)))
        #expect(values.allSatisfy { $0.isFinite })
        let variance = values.reduce(0) { $0 + Double($1 * $1) } / Double(values.count)
        // Of 96,000 uniform numbers; bf16 by truncation makes them smaller by about half a percent.
        #expect(!(abs(variance * 96 - 1) > 0.05), "\(variance * 96)")
        #expect(Set(values).count > 1000)
    }

    @Test func theSeedAloneDecides() throws {
        let weights = try [(0, 1), (0, 2), (1, 2)].map { seed, threads in
            head(try PackedWeights.synthetic(manifest, seed: UInt64(seed), pool: ThreadPool(threads: threads)))
        }
        #expect(weights[0] == weights[1])
        #expect(weights[0] != weights[2])
    }
}
