// A model of two layers with every kind of weight, and its checkpoint, for tests of packing.

import TensorTypes

@testable import ModelRuntime

/// A small model whose tensors hold different numbers everywhere.
enum SmallModel {
    static let hidden = 40
    static let intermediate = 37

    static func manifest(_ format: WeightFormat = .bf16) -> WeightManifest {
        WeightManifest(
            [
                .matrix(
                    "embedding",
                    outputs: 70,
                    inputs: hidden,
                    .embeddings,
                    from: [.tensor("model.embed.weight", [70, hidden])]
                ),
                .matrix(
                    "patches",
                    outputs: 24,
                    inputs: 27,
                    .vision,
                    from: [.tensor("visual.proj.weight", [24, 3, 3, 3])]
                ),
                .vector("finalNorm", count: hidden, from: [.tensor("model.norm.weight", [hidden])]),
            ],
            groups: [
                WeightGroup(
                    "textLayer",
                    layers: 0..<2,
                    [
                        .vector("norm", count: hidden, from: [.tensor("model.layers.{layer}.norm.weight", [hidden])]),
                        .matrix(
                            "queryKeyValue",
                            outputs: 48,
                            inputs: hidden,
                            .attention,
                            from: [
                                .tensor("model.layers.{layer}.q.weight", [20, hidden]),
                                .tensor("model.layers.{layer}.k.weight", [14, hidden]),
                                .zeros([14, hidden]),
                            ]
                        ),
                        .vector(
                            "queryKeyValueBias",
                            count: 48,
                            from: [
                                .tensor("model.layers.{layer}.q.bias", [20]), .zeros([14]),
                                .tensor("model.layers.{layer}.v.bias", [14]),
                            ]
                        ),
                        gateUp(intermediate: intermediate, hidden: hidden),
                    ]
                )
            ],
            formats: WeightFormats(format, exceptions: [.vision: .f32]),
            naming: TensorNaming(tied: ["head.weight": "model.embed.weight"])
        )
    }

    /// The gate and the other factor of a layer, panel by panel in turn.
    static func gateUp(intermediate: Int, hidden: Int) -> WeightEntry {
        .matrix(
            "gateUp",
            outputs: 2 * intermediate,
            inputs: hidden,
            .mlp,
            order: .alternatingPanels,
            from: [
                .tensor("model.layers.{layer}.gate.weight", [intermediate, hidden]),
                .tensor("model.layers.{layer}.up.weight", [intermediate, hidden]),
            ]
        )
    }

    /// The tensors of its checkpoint, in the types given in turn.
    static func tensors(_ types: [ElementType] = [.bf16, .f32, .f16, .f64]) -> [TestTensor] {
        var generator = SeededGenerator(seed: 99)
        var count = 0
        func tensor(_ name: String, _ shape: [Int]) -> TestTensor {
            count += 1
            let values = (0..<shape.reduce(1, *)).map { _ in Double.random(in: -2...2, using: &generator) }
            return TestTensor(name, types[count % types.count], shape, values)
        }
        let layers = (0..<2).flatMap { layer in
            [
                tensor("model.layers.\(layer).norm.weight", [hidden]),
                tensor("model.layers.\(layer).q.weight", [20, hidden]),
                tensor("model.layers.\(layer).k.weight", [14, hidden]),
                tensor("model.layers.\(layer).q.bias", [20]),
                tensor("model.layers.\(layer).v.bias", [14]),
                tensor("model.layers.\(layer).gate.weight", [intermediate, hidden]),
                tensor("model.layers.\(layer).up.weight", [intermediate, hidden]),
            ]
        }
        let single = [
            tensor("model.embed.weight", [70, hidden]), tensor("visual.proj.weight", [24, 3, 3, 3]),
            tensor("model.norm.weight", [hidden]),
        ]
        return layers + single
    }
}

extension TestTensor {
    /// Its numbers as single precision.
    var values: [Float] {
        let count = shape.reduce(1, *)
        var values = [Float](repeating: 0, count: count)
        bytes.withUnsafeBytes { bytes in
            if let start = bytes.baseAddress { widen(start, element, count: count) { values[$0] = $1 } }
        }
        return values
    }
}
