// A matcher that shares nothing with the product: Earley's algorithm over bytes, plain and slow.
// It knows which texts can still be completed, if every symbol of the grammar can. Next: RandomGrammar.swift.

/// A context-free grammar over bytes. Symbol 0 is the whole text.
struct SlowGrammar {
    enum Part {
        case bytes(Set<UInt8>)
        case symbol(Int)
    }

    /// The productions of every symbol.
    var productions: [[[Part]]] = []

    mutating func addSymbol() -> Int {
        productions.append([])
        return productions.count - 1
    }

    /// The symbols that derive some text of bytes.
    var productive: Set<Int> {
        var known: Set<Int> = []
        var hasChanged = true
        while hasChanged {
            hasChanged = false
            for (symbol, choices) in productions.enumerated() where !known.contains(symbol) {
                let derives = choices.contains { production in
                    production.allSatisfy { part in
                        switch part {
                        case .bytes(let bytes): !bytes.isEmpty
                        case .symbol(let symbol): known.contains(symbol)
                        }
                    }
                }
                if derives {
                    known.insert(symbol)
                    hasChanged = true
                }
            }
        }
        return known
    }

    var nullable: Set<Int> {
        var known: Set<Int> = []
        var hasChanged = true
        while hasChanged {
            hasChanged = false
            for (symbol, choices) in productions.enumerated() where !known.contains(symbol) {
                let isEmpty = choices.contains { production in
                    production.allSatisfy { if case .symbol(let symbol) = $0 { known.contains(symbol) } else { false } }
                }
                if isEmpty {
                    known.insert(symbol)
                    hasChanged = true
                }
            }
        }
        return known
    }

    /// Whether one of the first `count` symbols can begin with itself.
    func isLeftRecursive(first count: Int) -> Bool {
        let nullable = nullable
        func firsts(_ symbol: Int) -> Set<Int> {
            var symbols: Set<Int> = []
            for production in productions[symbol] {
                for part in production {
                    guard case .symbol(let next) = part else { break }
                    symbols.insert(next)
                    if !nullable.contains(next) { break }
                }
            }
            return symbols
        }
        return (0..<count).contains { symbol in
            var reached = firsts(symbol)
            var open = Array(reached)
            while let next = open.popLast() {
                for first in firsts(next) where reached.insert(first).inserted { open.append(first) }
            }
            return reached.contains(symbol)
        }
    }
}

/// A text read so far.
struct SlowState {
    private struct Item: Hashable {
        let symbol: Int
        let production: Int
        let dot: Int
        let origin: Int
    }

    private let grammar: SlowGrammar
    private let nullable: Set<Int>
    private var sets: [Set<Item>]

    init(_ grammar: SlowGrammar) {
        self.grammar = grammar
        nullable = grammar.nullable
        sets = [Set(grammar.productions[0].indices.map { Item(symbol: 0, production: $0, dot: 0, origin: 0) })]
        complete()
    }

    private func part(_ item: Item) -> SlowGrammar.Part? {
        let production = grammar.productions[item.symbol][item.production]
        return item.dot < production.count ? production[item.dot] : nil
    }

    private func advanced(_ item: Item) -> Item {
        Item(symbol: item.symbol, production: item.production, dot: item.dot + 1, origin: item.origin)
    }

    /// Predicts and completes until nothing new comes.
    private mutating func complete() {
        let here = sets.count - 1
        var open = Array(sets[here])
        while let item = open.popLast() {
            var new: [Item] = []
            switch part(item) {
            case .bytes: break
            case .symbol(let symbol):
                new = grammar.productions[symbol].indices.map {
                    Item(symbol: symbol, production: $0, dot: 0, origin: here)
                }
                if nullable.contains(symbol) { new.append(advanced(item)) }
            case nil:
                for parent in sets[item.origin] {
                    if case .symbol(item.symbol) = part(parent) { new.append(advanced(parent)) }
                }
            }
            for item in new where sets[here].insert(item).inserted { open.append(item) }
        }
    }

    /// Whether the text is a full match.
    var isComplete: Bool {
        sets[sets.count - 1].contains { $0.symbol == 0 && $0.origin == 0 && part($0) == nil }
    }

    /// Reads one more byte; false, with the state spoilt, if no text goes on with it.
    mutating func accept(_ byte: UInt8) -> Bool {
        var next: Set<Item> = []
        for item in sets[sets.count - 1] {
            if case .bytes(let bytes) = part(item), bytes.contains(byte) { next.insert(advanced(item)) }
        }
        sets.append(next)
        complete()
        return !next.isEmpty
    }

    /// Whether the text can go on with all of `bytes`.
    func accepts(_ bytes: some Sequence<UInt8>) -> Bool {
        var copy = self
        for byte in bytes where !copy.accept(byte) { return false }
        return true
    }
}
