// What `loop` is inside a `for`. Not the running of the loop: Loops.swift.

/// The state of a running loop. It looks one element ahead only when a template asks for that, because a filter of the
/// loop may read what its body sets.
///
/// *Source* jinja2@3.1.6:runtime.py.
final class LoopState {
    let loop: ForLoop
    /// The scope around the loop, for the text that `loop(...)` makes.
    private(set) var scope: Scope?
    let depth: Int
    private(set) var index = -1
    private var iterator: ValueIterator?
    private var knownCount: Int?
    /// Elements that were asked for before their turn; those before `lookaheadStart` had it.
    private var lookahead: [Value] = []
    private var lookaheadStart = 0
    private var isExhausted = false
    private var previous: Value?
    private var current: Value?
    private var lastChanged: ValueList?

    init(_ loop: ForLoop, scope: Scope, depth: Int, iterator: ValueIterator, count: Int?) {
        self.loop = loop
        self.scope = scope
        self.depth = depth
        self.iterator = iterator
        knownCount = count
    }

    func next(_ renderer: Renderer) throws(TemplateError) -> Value? {
        guard let value = try peek(renderer) else { return nil }
        lookaheadStart += 1
        if lookaheadStart == lookahead.count {
            lookahead.removeAll(keepingCapacity: true)
            lookaheadStart = 0
        }
        index += 1
        previous = current
        current = value
        return value
    }

    private func pull(_ renderer: Renderer) throws(TemplateError) -> Value? {
        guard !isExhausted, let iterator, let value = try iterator.next(renderer) else {
            isExhausted = true
            return nil
        }
        return value
    }

    private func peek(_ renderer: Renderer) throws(TemplateError) -> Value? {
        if lookahead.isEmpty, let value = try pull(renderer) { lookahead.append(value) }
        return lookaheadStart < lookahead.count ? lookahead[lookaheadStart] : nil
    }

    func count(_ renderer: Renderer) throws(TemplateError) -> Int {
        if let knownCount { return knownCount }
        while let value = try pull(renderer) { lookahead.append(value) }
        let count = index + 1 + lookahead.count - lookaheadStart
        knownCount = count
        return count
    }

    /// The attribute of a name, or nil if loops have none of that name.
    func attribute(_ name: String, _ renderer: Renderer) throws(TemplateError) -> Value? {
        switch name {
        case "index": .integer(index + 1)
        case "index0": .integer(index)
        case "first": .boolean(index == 0)
        case "last": .boolean(try peek(renderer) == nil)
        case "length": .integer(try count(renderer))
        case "revindex": .integer(try count(renderer) - index)
        case "revindex0": .integer(try count(renderer) - index - 1)
        case "depth": .integer(depth + 1)
        case "depth0": .integer(depth)
        case "previtem": index == 0 ? .undefined(.because("there is no previous item")) : previous
        case "nextitem": try peek(renderer) ?? .undefined(.because("there is no next item"))
        case "cycle", "changed":
            LoopMethods.all[name].map { .callable(.method($0, receiver: .loop(self))) }
        default: nil
        }
    }

    /// Remembers `values`, and says whether they differ from those remembered before.
    func change(to values: ValueList, _ renderer: Renderer) throws(TemplateError) -> Bool {
        if let lastChanged, try renderer.equal(.tuple(lastChanged), .tuple(values)) { return false }
        lastChanged = values
        return true
    }

    /// Lets go of all values; the loop is over.
    func finish() {
        iterator = nil
        isExhausted = true
        lookahead = []
        lookaheadStart = 0
        previous = nil
        current = nil
        lastChanged = nil
        scope = nil
    }
}
