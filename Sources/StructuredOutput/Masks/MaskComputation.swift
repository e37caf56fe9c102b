// Masks: for the top of a stack once, for what lies below where a token reaches it, and kept.
// Not the text's state (../ConstraintState.swift). Next: ../CompiledConstraint.swift.

/// Makes and keeps masks of one compiled constraint. Used by one thread at a time.
///
/// A token is allowed if one item of the configuration takes it, so items are treated apart by the node that their rule
/// returns to. What the top of a stack takes by itself, whatever lies below, is found once for each set of states on top
/// (`TopMask`); only the tokens that run past the end of the rule are tried against the stack below.
final class MaskComputation {
    /// What a set of states takes on top of any stack.
    private struct TopMask {
        var words: [UInt64]
        /// Where in the tries the rule may have ended, with tokens going on.
        var departures: Departures
    }

    private struct Pair: Hashable {
        let top: ConfigurationStore.Number
        let below: ConfigurationStore.Number
    }

    let vocabulary: TokenVocabulary
    let store: ConfigurationStore
    private let tries: [TokenTrie]
    private let plainReach: PlainReach
    private var generation = 0
    private var topMasks: RecentCache<ConfigurationStore.Number, TopMask>
    private var pairMasks: RecentCache<Pair, [UInt64]>
    private var masks: RecentCache<ConfigurationStore.Number, TokenMask>
    private(set) var statistics = ConstraintStatistics()

    init(_ automaton: Automaton, vocabulary: TokenVocabulary, limits: ConstraintLimits) {
        self.vocabulary = vocabulary
        store = ConfigurationStore(automaton, byteLimit: limits.configurationBytes)
        tries = vocabulary.tries
        plainReach = PlainReach(automaton.classes)
        topMasks = RecentCache(limit: limits.maskBytes / 3)
        pairMasks = RecentCache(limit: limits.maskBytes / 3)
        masks = RecentCache(limit: limits.maskBytes / 3)
    }

    /// The tokens that may come after `number`.
    func mask(of number: ConfigurationStore.Number) -> TokenMask {
        statistics.masksAsked += 1
        forgetWithStore()
        if let mask = masks.value(number) { return mask }
        let configuration = store.configurations[Int(number)]
        let startGeneration = store.generation
        let mask = makeMask(configuration)
        forgetWithStore()
        if store.generation == startGeneration { masks.insert(mask, for: number, weight: maskBytes) }
        return mask
    }

    func currentStatistics() -> ConstraintStatistics {
        var statistics = statistics
        statistics.configurations = store.configurations.count
        statistics.configurationBytes = store.bytesTaken
        return statistics
    }

    private func forgetWithStore() {
        guard generation != store.generation else { return }
        generation = store.generation
        topMasks.removeAll()
        pairMasks.removeAll()
        masks.removeAll()
    }

    private func makeMask(_ configuration: Configuration) -> TokenMask {
        var words: [UInt64]?
        var itemsByNode: [Int: [Configuration.Item]] = [:]
        for item in configuration.content.items { itemsByNode[item.node.serial, default: []].append(item) }
        for (_, items) in itemsByNode.sorted(by: { $0.key < $1.key }) {
            let more = self.words(of: items)
            if words == nil {
                words = more
            } else {
                words?.formUnion(more)
            }
        }
        var all = words ?? emptyWords
        if configuration.content.isComplete {
            for token in vocabulary.endTokens { all[Int(token) / 64] |= 1 << UInt64(token % 64) }
        }
        return TokenMask(words: all, vocabularySize: vocabulary.size)
    }

    /// The tokens that items with one common node take.
    private func words(of items: [Configuration.Item]) -> [UInt64] {
        guard let node = items.first?.node else { return emptyWords }
        // Below the lowest rule is the end of the text, which is known: nothing departs there.
        let base = node.returns.allSatisfy { $0.parent == nil } ? node : store.unknownStack
        let elements = UInt32(clamping: vocabulary.longestToken) + 1
        let topItems = items.map { item in
            Configuration.Item(
                state: item.state,
                counter: item.counter.clipped(to: elements),
                node: base
            )
        }
        let content = Configuration.Content(
            items: Array(Set(topItems)).sorted { $0.order < $1.order },
            isComplete: false,
            leavesKnownStack: false
        )
        let top = Configuration(content)
        let topMask = topMask(of: top)
        if topMask.departures.isEmpty { return topMask.words }

        let belowNumber = store.number(afterReturning: node)
        let below = store.configurations[Int(belowNumber)]
        if below.content.items.isEmpty { return topMask.words }
        let pair = Pair(top: store.number(of: top), below: belowNumber)
        let startGeneration = store.generation
        if generation == startGeneration, let words = pairMasks.value(pair) { return words }
        var walk = TrieWalk(store, words: topMask.words)
        for byte in UInt8.min...UInt8.max {
            let nodes = topMask.departures.nodes(of: byte)
            if !nodes.isEmpty { allow(nodes, after: below, byte, in: &walk) }
        }
        statistics.stackMasksMade += 1
        if store.generation == startGeneration, generation == startGeneration {
            pairMasks.insert(walk.words, for: pair, weight: maskBytes)
        }
        return walk.words
    }

    /// Goes on with tokens that took `byte` after the rule on top had ended.
    private func allow(
        _ nodes: ArraySlice<Departures.Node>,
        after below: Configuration,
        _ byte: UInt8,
        in walk: inout TrieWalk
    ) {
        var number = store.next(store.number(of: below), byte: byte)
        guard number != ConfigurationStore.dead else { return }
        let configuration = store.configurations[Int(number)]
        var numberGeneration = store.generation
        for node in nodes {
            if store.generation != numberGeneration {
                number = store.number(of: configuration)
                numberGeneration = store.generation
            }
            walk.allow(tries[node.trie], index: node.trie, at: node.node, number)
        }
    }

    private func topMask(of top: Configuration) -> TopMask {
        let number = store.number(of: top)
        let startGeneration = store.generation
        if generation == startGeneration, let mask = topMasks.value(number) { return mask }
        var walk = TrieWalk(store, words: emptyWords)
        let reach = plainReach.characters(from: number, in: store)
        walk.allow(vocabulary.other, index: 0, at: 0, store.number(of: top))
        for (index, group) in vocabulary.plain.enumerated() {
            if group.longestInCharacters <= reach {
                walk.words.formUnion(group.words)
            } else {
                walk.allow(group.trie, index: index + 1, at: 0, store.number(of: top))
            }
        }
        statistics.topMasksMade += 1
        let mask = TopMask(words: walk.words, departures: walk.departures.departures)
        if store.generation == startGeneration, generation == startGeneration {
            topMasks.insert(mask, for: number, weight: maskBytes + mask.departures.bytesTaken)
        }
        return mask
    }

    private var maskBytes: Int { vocabulary.size / 8 + 64 }

    private var emptyWords: [UInt64] { Array(repeating: 0, count: (vocabulary.size + 63) / 64) }
}

extension [UInt64] {
    /// Sets every bit that `other`, of the same length, has set.
    fileprivate mutating func formUnion(_ other: [UInt64]) {
        for index in indices { self[index] |= other[index] }
    }
}
