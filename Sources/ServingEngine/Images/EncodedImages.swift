// The encodings of images that requests need, and those kept in case the same image comes again.
// Not who makes them: ImageEncoder.swift.

import ModelRuntime

/// Encodings by their images and adapters, within a bound of tokens. What no request needs goes first when room is
/// needed, the least recently used first.
struct EncodedImages {
    private struct Entry {
        let tokens: Int
        /// Nil while it is being made.
        var features: ImageFeatures?
        var users: Int
        var lastUse: UInt64
    }

    /// What became of a wish for encodings.
    enum Wish {
        /// They are reserved for the request: those that are there, and those that have to be made, by the images' indices.
        case granted(ready: [Int: ImageFeatures], toEncode: [Int], pending: Set<EncodingKey>)
        /// There is no room as long as other requests need theirs.
        case noRoom
    }

    /// Image tokens that are kept at most.
    let capacity: Int
    private var entries: [EncodingKey: Entry] = [:]
    private var time: UInt64 = 0
    /// Image tokens of all entries.
    private(set) var tokenCount = 0

    init(capacity: Int) { self.capacity = capacity }

    /// Reserves the encodings of some images of a prompt, all or none.
    mutating func reserve(_ images: [(index: Int, key: EncodingKey, tokens: Int)]) -> Wish {
        var fresh: [EncodingKey: Int] = [:]
        for image in images where entries[image.key] == nil { fresh[image.key] = image.tokens }
        let wanted = Set(images.map(\.key))
        guard makeRoom(for: fresh.values.reduce(0, +), keeping: wanted) else { return .noRoom }
        var ready: [Int: ImageFeatures] = [:]
        var toEncode: [Int] = []
        var pending = Set<EncodingKey>()
        time += 1
        for image in images {
            if entries[image.key] == nil {
                entries[image.key] = Entry(tokens: image.tokens, users: 0, lastUse: time)
                tokenCount += image.tokens
                toEncode.append(image.index)
            }
            entries[image.key]?.users += 1
            entries[image.key]?.lastUse = time
            if let features = entries[image.key]?.features {
                ready[image.index] = features
            } else {
                pending.insert(image.key)
            }
        }
        return .granted(ready: ready, toEncode: toEncode, pending: pending)
    }

    /// Keeps an encoding that was made.
    mutating func complete(_ key: EncodingKey, _ features: ImageFeatures) { entries[key]?.features = features }

    /// Forgets an image that cannot be encoded.
    mutating func fail(_ key: EncodingKey) { remove(key) }

    /// Takes note that a request does not need an encoding any more.
    mutating func release(_ key: EncodingKey) {
        entries[key]?.users -= 1
    }

    private mutating func makeRoom(for tokens: Int, keeping kept: Set<EncodingKey>) -> Bool {
        let idle = entries.filter { $0.value.users == 0 && $0.value.features != nil && !kept.contains($0.key) }
        guard tokenCount - idle.values.reduce(0, { $0 + $1.tokens }) + tokens <= capacity else { return false }
        for (key, _) in idle.sorted(by: { $0.value.lastUse < $1.value.lastUse }) where tokenCount + tokens > capacity {
            remove(key)
        }
        return true
    }

    private mutating func remove(_ key: EncodingKey) {
        guard let entry = entries.removeValue(forKey: key) else { return }
        tokenCount -= entry.tokens
    }
}
