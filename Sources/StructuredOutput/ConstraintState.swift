// Where a text stands in its constraint: which tokens may come, and whether it is complete.
// Not stop strings and token limits, which belong to the caller. Next: Masks/MaskComputation.swift.

/// A place in a constrained text. A value: a copy goes its own way, at the cost of copying two references.
public struct ConstraintState: Sendable {
    /// The constraint.
    public let compiled: CompiledConstraint
    /// Whether an end token has been accepted; nothing may follow it.
    public private(set) var isEnded = false
    private var configuration: Configuration
    /// The configuration's number in the constraint's store, and the generation in which it has it.
    private var numbered: (number: ConfigurationStore.Number, generation: Int)?

    /// The state before the first token.
    public init(_ compiled: CompiledConstraint) {
        self.compiled = compiled
        configuration = compiled.start
    }

    /// Whether the text so far is a full match. End tokens are allowed exactly then.
    public var isComplete: Bool { configuration.content.isComplete }

    /// Whether nothing but the end may follow.
    public var mustEnd: Bool { isEnded || configuration.mustEnd }

    /// The tokens that may come next: those whose bytes leave a text that can still be completed, and the end tokens if
    /// the text is complete. Empty once the text has ended.
    public mutating func allowedTokens() -> TokenMask {
        guard !isEnded else {
            let words = Array(repeating: UInt64(0), count: (compiled.vocabulary.size + 63) / 64)
            return TokenMask(words: words, vocabularySize: compiled.vocabulary.size)
        }
        let configuration = configuration
        let numbered = numbered
        let (mask, now) = compiled.computation.withLock { computation in
            let now = Self.number(configuration, numbered, in: computation.store)
            return (computation.mask(of: now.number), now)
        }
        self.numbered = now
        return mask
    }

    /// Adds a token to the text.
    ///
    /// - Returns: false, with the state as before, if the token may not come here.
    public mutating func accept(_ token: Int32) -> Bool {
        guard !isEnded else { return false }
        if compiled.vocabulary.endTokens.contains(token) {
            isEnded = isComplete
            return isEnded
        }
        guard let bytes = compiled.vocabulary.bytes(of: token) else { return false }
        return accept(bytes: bytes)
    }

    /// Adds bytes to the text, such as those of `forcedBytes`.
    ///
    /// - Returns: false, with the state as before, if they may not come here.
    public mutating func accept(bytes: some Sequence<UInt8>) -> Bool {
        guard !isEnded else { return false }
        let configuration = configuration
        let numbered = numbered
        let next = compiled.computation.withLock {
            computation -> (Configuration, (number: ConfigurationStore.Number, generation: Int))? in
            let store = computation.store
            var now = Self.number(configuration, numbered, in: store)
            for byte in bytes {
                now.number = store.next(now.number, byte: byte)
                if now.number == ConfigurationStore.dead { return nil }
                if store.isFull { now = Self.number(store.configurations[Int(now.number)], nil, in: store) }
            }
            return (store.configurations[Int(now.number)], now)
        }
        guard let next else { return false }
        self.configuration = next.0
        self.numbered = next.1
        return true
    }

    /// The bytes that must follow whatever the model wants, at most `limit` of them; empty where there is a choice, and
    /// where the text is complete.
    public func forcedBytes(limit: Int = 256) -> [UInt8] {
        guard !isEnded else { return [] }
        return compiled.computation.withLock { computation in
            let store = computation.store
            var number = Self.number(configuration, numbered, in: store).number
            var bytes: [UInt8] = []
            while bytes.count < limit, let byte = store.onlyByte(after: number) {
                number = store.next(number, byte: byte)
                bytes.append(byte)
            }
            return bytes
        }
    }

    /// The configuration's number in the store as it is now, which may have forgotten it.
    private static func number(
        _ configuration: Configuration,
        _ numbered: (number: ConfigurationStore.Number, generation: Int)?,
        in store: ConfigurationStore
    ) -> (number: ConfigurationStore.Number, generation: Int) {
        _ = store.forgetIfFull()
        if let numbered, numbered.generation == store.generation { return numbered }
        return (store.number(of: configuration), store.generation)
    }
}
