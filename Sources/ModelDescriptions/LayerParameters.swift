// What a kind of layer is to this module: a name, a role, and parameters that are read from a table and written back.
// Not what a layer computes: module ComputeGraph extends each kind with its expansion into operations.
// Read next: Layers/SelfAttention.swift for a kind, LayerCatalog.swift for how kinds are found.

/// The place in a model that a layer takes.
public enum LayerRole: String, Sendable, Hashable, CaseIterable {
    /// Turns patches of pixels into rows of the encoder.
    case patchEmbedding = "patch embedding"
    /// Adds a learned position to each row.
    case positionEmbedding = "position embedding"
    /// Scales each row.
    case norm
    /// Mixes rows.
    case attention
    /// Transforms each row by itself.
    case feedForward = "feed-forward"
    /// Turns the encoder's rows into rows of the decoder.
    case bridge

    /// What a layer in this place is called in messages.
    public var words: String {
        switch self {
        case .patchEmbedding: "a patch embedding"
        case .positionEmbedding: "a position embedding"
        case .norm: "a norm"
        case .attention: "an attention layer"
        case .feedForward: "a feed-forward layer"
        case .bridge: "a bridge"
        }
    }
}

/// The parameters of one kind of layer.
///
/// The set of kinds is open: a kind conforms to this, is listed in a `LayerCatalog`, and nothing else names it.
public protocol LayerParameters: Sendable, Equatable {
    /// The value of the key `kind`, such as `gated-mlp`.
    static var kind: String { get }
    /// The place in a model that this kind takes.
    static var role: LayerRole { get }
    /// One sentence for help texts.
    static var summary: String { get }

    /// Reads the layer's own keys (`kind` has been read) and returns nil after having reported what is wrong.
    ///
    /// - Parameters:
    ///   - reader: The layer's table. Keys that are not read here are reported as unknown by the caller.
    ///   - context: The dimensions around the layer, for defaults and for checks across tables.
    init?(from reader: inout TableReader, context: LayerContext)

    /// Writes every key except `kind`, defaults included.
    func write(to writer: inout TableWriter)
}

extension LayerParameters {
    /// Whether `other` is of the same kind with the same parameters.
    public func isEqual(to other: any LayerParameters) -> Bool {
        (other as? Self) == self
    }
}

/// A layer in its place in a description.
public struct Layer: Sendable {
    /// The parameters; their type is the kind.
    public var parameters: any LayerParameters

    /// A layer with these parameters.
    public init(_ parameters: any LayerParameters) {
        self.parameters = parameters
    }

    /// The name of the kind, such as `gated-mlp`.
    public var kind: String { type(of: parameters).kind }
    /// The place that the kind takes.
    public var role: LayerRole { type(of: parameters).role }
}

extension Layer: Equatable {
    /// Whether both are of the same kind with the same parameters.
    public static func == (left: Layer, right: Layer) -> Bool { left.parameters.isEqual(to: right.parameters) }
}

/// What a layer may know of its surroundings while it is read.
///
/// A dimension is nil when it was wrong itself: that has been reported, and checks against it are left out.
public struct LayerContext: Sendable {
    /// The part of the model that the layer belongs to.
    public enum Stage: String, Sendable, Hashable {
        /// The image encoder.
        case vision
        /// Between encoder and decoder.
        case bridge
        /// The language model.
        case decoder
    }

    /// The part of the model that the layer belongs to.
    public var stage: Stage
    /// The width of the rows that the layer reads.
    public var hidden: Int?
    /// How many blocks the stage has; layers are numbered from 0.
    public var layers: Int?
    /// The side of a patch in pixels (vision and bridge).
    public var patch: Int?
    /// The side, in patches, of the square that becomes one row of the decoder (vision and bridge).
    public var merge: Int?

    /// A context with the dimensions that are known.
    public init(
        stage: Stage,
        hidden: Int? = nil,
        layers: Int? = nil,
        patch: Int? = nil,
        merge: Int? = nil
    ) {
        self.stage = stage
        self.hidden = hidden
        self.layers = layers
        self.patch = patch
        self.merge = merge
    }
}
