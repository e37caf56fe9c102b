// Which adapters requests use that wait or run, counted as they come and go. Not what adapters compute: ModelRuntime.

/// The names of adapters that are in use.
public struct AdapterNames: Sendable, Hashable {
    /// Those of requests that are worked on, sorted.
    public let running: [String]
    /// Those of requests that wait, sorted.
    public let waiting: [String]

    /// Names, sorted.
    public init(running: [String] = [], waiting: [String] = []) {
        self.running = running
        self.waiting = waiting
    }
}

/// The requests of each adapter.
struct AdapterUses {
    private var waiting: [String: Int] = [:]
    private var running: [String: Int] = [:]

    var names: AdapterNames {
        if waiting.isEmpty, running.isEmpty { return AdapterNames() }
        return AdapterNames(running: running.keys.sorted(), waiting: waiting.keys.sorted())
    }

    /// A request has come.
    mutating func wait(_ adapter: NamedAdapter?) {
        if let name = adapter?.name { waiting[name, default: 0] += 1 }
    }

    /// A request that waited is worked on.
    mutating func begin(_ adapter: NamedAdapter?) {
        guard let name = adapter?.name else { return }
        Self.remove(name, from: &waiting)
        running[name, default: 0] += 1
    }

    /// A request has ended.
    mutating func end(_ adapter: NamedAdapter?, hasBegun: Bool) {
        guard let name = adapter?.name else { return }
        if hasBegun { Self.remove(name, from: &running) } else { Self.remove(name, from: &waiting) }
    }

    private static func remove(_ name: String, from counts: inout [String: Int]) {
        let rest = (counts[name] ?? 0) - 1
        counts[name] = rest > 0 ? rest : nil
    }
}
