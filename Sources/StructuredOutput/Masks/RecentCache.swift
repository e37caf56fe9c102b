// A bounded dictionary that drops what has not been asked for the longest.
// Not safe for several threads: its owner locks. Next: MaskComputation.swift.

/// Values by key, with weights of which the sum is bounded.
struct RecentCache<Key: Hashable, Value> {
    private struct Entry {
        let value: Value
        let weight: Int
        var lastUse: Int
    }

    private var entries: [Key: Entry] = [:]
    private var clock = 0
    private var weight = 0
    private let limit: Int

    /// A cache of values whose weights add up to at most `limit`, and at least the last one.
    init(limit: Int) { self.limit = limit }

    var count: Int { entries.count }

    mutating func value(_ key: Key) -> Value? {
        guard let index = entries.index(forKey: key) else { return nil }
        clock += 1
        entries.values[index].lastUse = clock
        return entries.values[index].value
    }

    mutating func insert(_ value: Value, for key: Key, weight newWeight: Int) {
        clock += 1
        weight += newWeight - (entries[key]?.weight ?? 0)
        entries[key] = Entry(value: value, weight: newWeight, lastUse: clock)
        guard weight > limit else { return }
        // Down to half of the limit at once, so that finding the oldest costs little for each insertion.
        for (key, entry) in entries.sorted(by: { $0.value.lastUse < $1.value.lastUse }).dropLast() {
            guard weight > limit / 2 else { break }
            entries[key] = nil
            weight -= entry.weight
        }
    }

    mutating func removeAll() {
        entries.removeAll()
        weight = 0
    }
}
