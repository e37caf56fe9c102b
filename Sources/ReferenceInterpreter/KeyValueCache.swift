// Keys and values of earlier tokens as plain growing lists. A step gives back a longer cache and leaves its own alone.
// Not the paged cache of the runtime: see ModelRuntime/KeyValueCache.

/// The keys and values of one sequence in one layer.
public struct CachedSequence<Element: Sendable>: Sendable {
    /// The number of tokens.
    public internal(set) var tokens = 0
    /// Keys, `[tokens, kvHeads, headDim]`.
    public internal(set) var keys: [Element] = []
    /// Values, `[tokens, kvHeads, headDim]`.
    public internal(set) var values: [Element] = []

    /// A sequence without tokens.
    public init() {}
}

extension CachedSequence: Equatable where Element: Equatable {}

/// The keys and values of all sequences of a batch, layer by layer.
public struct KeyValueCache<Element: Sendable>: Sendable {
    /// The sequences of each layer.
    public internal(set) var layers: [[CachedSequence<Element>]]

    /// An empty cache.
    public init(layers: Int, sequences: Int) {
        let empty = Array(repeating: CachedSequence<Element>(), count: max(sequences, 0))
        self.layers = Array(repeating: empty, count: max(layers, 0))
    }

    init(layers: [[CachedSequence<Element>]]) { self.layers = layers }

    /// The cache as one layer sees it.
    func layer(_ index: Int) -> KeyValueCache { KeyValueCache(layers: [layers[index]]) }

    /// The only layer of what a layer sees.
    func onlyLayer() throws(InterpretationProblem) -> [CachedSequence<Element>] {
        guard layers.count == 1 else { throw .cache("it has \(layers.count) layers where one layer reads it") }
        return layers[0]
    }
}

extension KeyValueCache: Equatable where Element: Equatable {}
