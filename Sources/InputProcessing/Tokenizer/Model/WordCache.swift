// Remembers how recent words were encoded; bounded, and forgetful rather than large.
// Not needed for right answers: a text encoded without it gives the same ids. Next: ../Tokenizer.swift.

import Synchronization

/// A cache of encoded words that many threads may hold. A text that finds it in use goes without.
final class WordCache: Sendable {
    private let storage = Mutex(Storage())

    /// Lends the storage to one text; a text that comes while another has it gets one that remembers nothing.
    func withStorage(_ body: (inout Storage) -> Void) {
        let wasFree: Void? = storage.withLockIfAvailable { body(&$0) }
        if wasFree != nil { return }
        var forgetful = Storage(isForgetful: true)
        body(&forgetful)
    }

    /// A direct-mapped table of words and their ids.
    struct Storage: Sendable {
        private struct Slot {
            var hash: UInt64 = 0
            var wordStart: UInt32 = 0
            var idStart: UInt32 = 0
            var wordCount: UInt16 = 0
            var idCount: UInt16 = 0
        }

        /// Longer words are rare and not kept.
        private static let wordLimit = 64
        private static let slotCount = 1 << 15
        /// Words are kept until this many bytes of them, or ids, have come together; then all are forgotten.
        private static let byteLimit = 1 << 20
        private static let idLimit = 1 << 18

        private var slots: [Slot] = []
        private var words: [UInt8] = []
        private var ids: [Int32] = []

        private let isForgetful: Bool

        init(isForgetful: Bool = false) {
            self.isForgetful = isForgetful
        }

        /// Appends the ids of `word` if they are known; false if not.
        @inline(__always)
        func append(_ word: UnsafeBufferPointer<UInt8>, hash: UInt64, to output: inout [Int32]) -> Bool {
            guard !slots.isEmpty else { return false }
            let slot = slots[Int(truncatingIfNeeded: hash) & (Self.slotCount - 1)]
            guard slot.hash == hash, Int(slot.wordCount) == word.count else { return false }
            let start = Int(slot.wordStart)
            for index in 0..<word.count where words[start + index] != word[index] { return false }
            let idStart = Int(slot.idStart)
            for index in idStart..<(idStart + Int(slot.idCount)) { output.append(ids[index]) }
            return true
        }

        /// Remembers a word and the ids it became.
        mutating func insert(_ word: UnsafeBufferPointer<UInt8>, hash: UInt64, ids newIDs: ArraySlice<Int32>) {
            guard !isForgetful, (1...Self.wordLimit).contains(word.count), newIDs.count <= Int(UInt16.max) else {
                return
            }
            if slots.isEmpty || words.count + word.count > Self.byteLimit || ids.count + newIDs.count > Self.idLimit {
                slots = Array(repeating: Slot(), count: Self.slotCount)
                words.removeAll(keepingCapacity: true)
                ids.removeAll(keepingCapacity: true)
            }
            slots[Int(truncatingIfNeeded: hash) & (Self.slotCount - 1)] = Slot(
                hash: hash,
                wordStart: UInt32(words.count),
                idStart: UInt32(ids.count),
                wordCount: UInt16(word.count),
                idCount: UInt16(newIDs.count)
            )
            words.append(contentsOf: word)
            ids.append(contentsOf: newIDs)
        }
    }
}
