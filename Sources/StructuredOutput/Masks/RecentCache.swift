// A bounded dictionary that drops what has not been asked for the longest.
// Not safe for several threads: its owner locks. Next: MaskComputation.swift.

/// Values by key, at most so many.
struct RecentCache<Key: Hashable, Value> {
    private var entries: [Key: (value: Value, lastUse: Int)] = [:]
    private var clock = 0
    let limit: Int

    init(limit: Int) { self.limit = max(limit, 2) }

    var count: Int { entries.count }

    mutating func value(_ key: Key) -> Value? {
        guard let index = entries.index(forKey: key) else { return nil }
        clock += 1
        entries.values[index].lastUse = clock
        return entries.values[index].value
    }

    mutating func insert(_ value: Value, for key: Key) {
        clock += 1
        entries[key] = (value, clock)
        guard entries.count > limit else { return }
        // Half at once, so that finding the oldest costs little for each insertion.
        let uses = entries.values.map(\.lastUse).sorted()
        let oldest = uses[uses.count / 2]
        entries = entries.filter { $0.value.lastUse >= oldest }
    }

    mutating func removeAll() { entries.removeAll() }
}
