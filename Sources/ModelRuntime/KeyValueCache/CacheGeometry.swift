// The sizes of a key-value cache, all of them exact.
// Not the memory itself: KeyValueCache.swift.

import TensorTypes

/// What a token of a model leaves in the cache.
public struct CacheGeometry: Sendable, Hashable {
    /// The numbers that keys and values are kept as.
    public enum Precision: String, Sendable, Hashable, CaseIterable {
        /// Single precision.
        case f32
        /// The upper half of single precision.
        case bf16
        /// Whole numbers of 8 bits and one scale for each token and head, of keys and of values.
        case int8

        /// The element type.
        public var element: ElementType {
            switch self {
            case .f32: .f32
            case .bf16: .bf16
            case .int8: .i8
            }
        }
    }

    /// Tokens that share a block: a page of the cache.
    public static let blockTokens = 16

    /// Layers that keep keys and values.
    public let layers: Int
    /// Heads of keys, and as many of values.
    public let kvHeads: Int
    /// Numbers in a head.
    public let headDim: Int
    /// The numbers that are kept.
    public let precision: Precision

    /// A geometry of positive sizes.
    public init(layers: Int, kvHeads: Int, headDim: Int, precision: Precision) {
        precondition(layers > 0 && kvHeads > 0 && headDim > 0, "a cache of nothing")
        self.layers = layers
        self.kvHeads = kvHeads
        self.headDim = headDim
        self.precision = precision
    }

    /// Bytes of the keys, or of the values, of one head's block: a page.
    public var pageBytes: Int { Self.blockTokens * precision.element.cachedHeadBytes(headDim: headDim) }
    /// Bytes of the keys, or of the values, of one layer's block.
    public var planeBytes: Int { kvHeads * pageBytes }
    /// Bytes of a block: keys and values of all layers.
    public var blockBytes: Int { 2 * layers * planeBytes }
    /// Bytes that one token takes.
    public var tokenBytes: Int { blockBytes / Self.blockTokens }

    /// Blocks that hold this many tokens.
    public static func blockCount(tokens: Int) -> Int { (tokens + blockTokens - 1) / blockTokens }
}
