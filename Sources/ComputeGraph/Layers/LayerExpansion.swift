// What a layer kind does here: turn its parameters into operations. One protocol per role, one file per kind.
// Not how kinds are read from TOML: that is module ModelDescriptions. How to add one: docs/adding-a-layer.md.

import ModelDescriptions

/// Where a layer's weights are: their names in the checkpoint and in the graph.
public struct WeightScope: Sendable {
    /// What stands before a tensor's name in the checkpoint, without the full stop; `{layer}` is the layer's index.
    public var checkpointPrefix: String
    /// What stands before a weight's name in the block, without the full stop.
    public var localPrefix: String
    /// The class of the matrices.
    public var tensorClass: ModelDescription.Quantization.TensorClass

    /// A scope.
    public init(
        checkpointPrefix: String,
        localPrefix: String,
        tensorClass: ModelDescription.Quantization.TensorClass
    ) {
        self.checkpointPrefix = checkpointPrefix
        self.localPrefix = localPrefix
        self.tensorClass = tensorClass
    }

    /// The scope of a part: `checkpoint` and `local` are appended to the prefixes.
    public func part(_ checkpoint: String, _ local: String) -> WeightScope {
        WeightScope(
            checkpointPrefix: "\(checkpointPrefix).\(checkpoint)",
            localPrefix: "\(localPrefix).\(local)",
            tensorClass: tensorClass
        )
    }

    /// The matrix `<prefix>.weight` with this shape in the checkpoint.
    public func matrix(_ shape: Int...) -> Weight {
        Weight(
            name: localPrefix,
            tensorClass: tensorClass,
            sources: [Weight.Source(tensor: "\(checkpointPrefix).weight", shape: shape)]
        )
    }

    /// The vector `<prefix>.<tensor>`, called `<local prefix>.<name>`, or after the prefix alone without a name.
    public func vector(_ tensor: String, named name: String? = nil, count: Int) -> Weight {
        Weight(
            name: name.map { "\(localPrefix).\($0)" } ?? localPrefix,
            tensorClass: nil,
            sources: [Weight.Source(tensor: "\(checkpointPrefix).\(tensor)", shape: [count])]
        )
    }
}

/// A layer kind that scales rows.
public protocol NormExpansion: LayerParameters {
    /// Appends the norm of `input`, whose innermost axis has `width` elements.
    func normalise(
        _ input: ValueID,
        width: Int,
        scope: WeightScope,
        in builder: inout BlockBuilder,
        named name: String
    ) throws -> ValueID
}

/// A layer kind that transforms each row by itself.
public protocol FeedForwardExpansion: LayerParameters {
    /// Appends the transformation of `input`, `[n, hidden]`; the result has the same type.
    func transform(
        _ input: ValueID,
        hidden: Int,
        scope: WeightScope,
        in builder: inout BlockBuilder
    ) throws -> ValueID
}

/// A layer kind that mixes rows.
public protocol AttentionExpansion: LayerParameters {
    /// The rotary angles that `AttentionInputs.rotaryTable` is made of.
    func rotaryFrequencies(hidden: Int) -> RotaryFrequencies
    /// How the rows of layer `layer` are cut into segments.
    func segmentation(layer: Int) -> Segmentation
    /// Appends attention over `input`, `[n, hidden]`. Gives the result, of the same type, and the cache afterwards.
    func attend(
        _ input: ValueID,
        inputs: AttentionInputs,
        hidden: Int,
        scope: WeightScope,
        in builder: inout BlockBuilder
    ) throws -> (rows: ValueID, cache: ValueID?)
}

/// How rows are cut into segments that see one another.
public enum Segmentation: Sendable, Hashable {
    /// Sequences of a batch of text.
    case sequences
    /// Whole images.
    case images
    /// Windows with sides of `pixels`.
    case windows(pixels: Int)
}

/// What attention reads besides its rows.
public struct AttentionInputs: Sendable {
    /// Cosines and sines for every row.
    public let rotaryTable: ValueID
    /// The runs of rows that see one another.
    public let segments: ValueID
    /// Keys and values of earlier tokens, in a decoder.
    public let cache: ValueID?
    /// The norm of the stage, which attention may apply to heads.
    public let norm: any NormExpansion
}

/// A layer kind that turns patches into rows.
public protocol PatchEmbeddingExpansion: LayerParameters {
    /// Appends the embedding of `patches`, `[patches, channels * temporalPatch * patch * patch]`.
    func embed(
        _ patches: ValueID,
        vision: ModelDescription.Vision,
        scope: WeightScope,
        in builder: inout BlockBuilder
    ) throws -> ValueID
}

/// A layer kind that turns rows of the encoder into rows of the decoder.
public protocol BridgeExpansion: LayerParameters {
    /// Appends the bridge behind `rows`, `[patches, vision.hidden]`, whose squares of `merge` follow one another.
    /// The result is `[patches / merge^2, outputs]`.
    func bridge(
        _ rows: ValueID,
        vision: ModelDescription.Vision,
        outputs: Int,
        scope: WeightScope,
        in builder: inout BlockBuilder
    ) throws -> ValueID
}

extension BlockBuilder {
    /// Appends `x W + b` with weights of `scope`; the value is called after the scope.
    public mutating func appendLinear(
        _ input: ValueID,
        shape: [Int],
        bias: Bool,
        scope: WeightScope,
        named name: String
    ) throws -> ValueID {
        let sources = [Weight.Source(tensor: "\(scope.checkpointPrefix).weight", shape: shape)]
        var operands = [
            input, weight(Weight(name: scope.localPrefix, tensorClass: scope.tensorClass, sources: sources)),
        ]
        if bias { operands.append(weight(scope.vector("bias", named: "bias", count: shape[0]))) }
        return try append(.linear(bias: bias), operands, named: name)
    }
}
