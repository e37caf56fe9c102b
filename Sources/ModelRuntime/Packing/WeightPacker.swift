// Packs all weights of a model into one file, in parallel and in constant memory.
// Not when that is needed, nor where: PackedWeights+Opening.swift.

import Glibc
import Synchronization

/// Writes packed weights. Besides the mapped checkpoint it uses one staging buffer, whatever the size of the model.
struct WeightPacker {
    let weights: MatchedWeights
    let layout: PackedLayout
    let pool: ThreadPool
    let kernels: CPUKernelSet
    let callbacks: PackingCallbacks

    /// Packs everything into `output`, which is then complete but not yet committed.
    func pack(into output: some WholeFileOutput) throws(PackingError) -> PackedIndex {
        var index = PackedIndex(weights)
        try attempt { () throws(FileError) in try output.reserve(byteCount: layout.totalBytes) }
        let staging = Staging(largestChunk: layout.items.map(\.chunkBytes).max() ?? 0, threads: pool.threadCount)
        defer { staging.memory.deallocate() }

        var progress = Progress(totalBytes: layout.items.reduce(0) { $0 + $1.byteCount })
        var isHashed = [Bool](repeating: false, count: weights.tensors.count)
        for (place, entry) in weights.entries.enumerated() {
            let tensors = Set(entry.sources.flatMap(\.tensors)).sorted()
            // Reading a tensor for its hash brings it into memory, from where it is packed.
            for tensor in tensors where !isHashed[tensor] {
                index.tensorHashes[tensor] = try contentHash(of: weights.tensors[tensor])
                isHashed[tensor] = true
            }
            let packed = try pack(entry, layout.items[place], staging, &progress, into: output)
            index.checksums[place] = packed.checksum
            index.squaredErrors[place] = packed.outcome.squaredError.bitPattern
            index.squaredValues[place] = packed.outcome.squaredValues.bitPattern
            for tensor in tensors where packed.outcome.nonFinite > 0 {
                index.nonFiniteCounts[tensor] = UInt64(nonFiniteCount(weights.tensors[tensor]))
            }
        }
        index.tiedDifferences = weights.tiedCopies.map { $0.differs ? 1 : 0 }
        try writeHeader(index, to: output)
        return index
    }

    /// Memory in which chunks are packed side by side before they are written.
    private struct Staging {
        let memory: UnsafeMutableRawBufferPointer
        let slotBytes: Int
        let slots: Int

        /// Bytes of all slots, unless single chunks are larger.
        static let usualBytes = 16 << 20

        init(largestChunk: Int, threads: Int) {
            slotBytes = roundedUp(max(largestChunk, 1), to: PackedLayout.matrixAlignment)
            slots = max(Self.usualBytes / slotBytes, threads)
            memory = .allocate(byteCount: slots * slotBytes, alignment: PackedLayout.matrixAlignment)
        }

        func slot(_ index: Int, byteCount: Int) -> UnsafeMutableRawBufferPointer {
            UnsafeMutableRawBufferPointer(rebasing: memory[index * slotBytes..<index * slotBytes + byteCount])
        }
    }

    private struct Progress {
        let totalBytes: Int
        var doneBytes = 0
    }

    /// Packs, hashes and writes one entry, as many chunks at a time as there are slots.
    private func pack(
        _ entry: MatchedWeights.Entry,
        _ item: PackedLayout.Item,
        _ staging: Staging,
        _ progress: inout Progress,
        into output: some WholeFileOutput
    ) throws(PackingError) -> (checksum: UInt64, outcome: PackingOutcome) {
        let packer = EntryPacker(entry, item, weights, kernels: kernels)
        var hashes: [UInt64] = []
        var total = PackingOutcome()
        for first in stride(from: 0, to: item.chunkCount, by: staging.slots) {
            let count = min(staging.slots, item.chunkCount - first)
            let bytes = item.chunk(first).lowerBound..<item.chunk(first + count - 1).upperBound
            output.prepare(item.offset + bytes.lowerBound..<item.offset + bytes.upperBound)
            let outcomes = try inParallel(count) { slot throws(FileError) in
                let range = item.chunk(first + slot)
                let memory = staging.slot(slot, byteCount: range.count)
                let outcome = packer.pack(chunk: first + slot, into: memory)
                let bytes = UnsafeRawBufferPointer(memory)
                try output.write(bytes, at: item.offset + range.lowerBound)
                return (hash: xxHash64(bytes), outcome: outcome, byteCount: range.count)
            }
            for tensor in entry.sources.flatMap(\.tensors) { weights.tensors[tensor].releaseMemory() }
            hashes += outcomes.map(\.hash)
            for piece in outcomes { total += piece.outcome }
            progress.doneBytes += outcomes.reduce(0) { $0 + $1.byteCount }
            callbacks.onEvent(
                .progress(.packing, doneBytes: progress.doneBytes, totalBytes: progress.totalBytes)
            )
        }
        return (combinedHash(hashes), total)
    }

    /// The hash of a tensor's type and bytes.
    func contentHash(of tensor: Checkpoint.Tensor) throws(PackingError) -> UInt64 {
        let size = PackedLayout.usualChunkBytes
        let bytes = tensor.bytes
        let hashes = try inPieces((bytes.count + size - 1) / size) { piece in
            let range = (piece * size)..<min((piece + 1) * size, bytes.count)
            return xxHash64(UnsafeRawBufferPointer(rebasing: bytes[range]))
        } afterBatch: {
            tensor.releaseMemory()
        }
        let name = tensor.entry.element.safetensorsName
        return combinedHash(hashes, seed: name.utf8.reduce(0) { $0 << 8 | UInt64($1) })
    }

    /// The checksum of an entry in a packed file.
    func checksum(of item: PackedLayout.Item, in file: UnsafeRawBufferPointer) throws(PackingError) -> UInt64 {
        let hashes = try inPieces(item.chunkCount) { chunk in
            let range = item.chunk(chunk)
            let start = item.offset + range.lowerBound
            return xxHash64(UnsafeRawBufferPointer(rebasing: file[start..<(start + range.count)]))
        }
        return combinedHash(hashes)
    }

    /// Hashes pieces on the threads of the pool, so many at a time that a user who cancels need not wait.
    private func inPieces(
        _ count: Int,
        _ hash: (Int) -> UInt64,
        afterBatch: () -> Void = {}
    ) throws(PackingError) -> [UInt64] {
        let pieces = 64
        var hashes: [UInt64] = []
        for first in stride(from: 0, to: count, by: pieces) {
            hashes += try inParallel(min(pieces, count - first)) { (piece) throws(FileError) in hash(first + piece) }
            afterBatch()
        }
        return hashes
    }

    private func writeHeader(_ index: PackedIndex, to output: some WholeFileOutput) throws(PackingError) {
        let numbers = index.numbers
        let header = PackedHeader(layout, index: numbers)
        // What is left between the entries was never written: reserving made it zeros.
        let words = (header.words + numbers).map(\.littleEndian)
        try attempt { () throws(FileError) in
            let outcome = words.withUnsafeBytes { bytes in
                Result { () throws(FileError) in try output.write(bytes, at: 0) }
            }
            try outcome.get()
        }
    }

    /// Calls `body` for 0 ..< count on the threads of the pool, and returns the results in order.
    private func inParallel<Value: Sendable>(
        _ count: Int,
        _ body: (Int) throws(FileError) -> Value
    ) throws(PackingError) -> [Value] {
        if callbacks.isCancelled() { throw .cancelled }
        var results = [Value?](repeating: nil, count: count)
        let failure = Mutex<FileError?>(nil)
        results.withUnsafeMutableBufferPointer { results in
            nonisolated(unsafe) let results = results
            pool.forEach(count) { index in
                do throws(FileError) {
                    results[index] = try body(index)
                } catch {
                    failure.withLock { $0 = $0 ?? error }
                }
            }
        }
        try attempt { () throws(FileError) in
            if let error = failure.withLock(\.self) { throw error }
        }
        return results.compactMap(\.self)
    }

    /// Turns a failed file operation into an error that says what it means here.
    private func attempt(_ body: () throws(FileError) -> Void) throws(PackingError) {
        do {
            try body()
        } catch {
            throw PackingError(error, neededBytes: layout.totalBytes)
        }
    }
}

extension PackingError {
    /// What a failed file operation means for packed weights of this size.
    init(_ error: FileError, neededBytes: Int) {
        if error.isSpaceExhausted {
            let available = availableBytes(at: parentFolder(of: error.path))
            self = .spaceExhausted(error, neededBytes: neededBytes, availableBytes: available)
        } else {
            self = error.code == ECANCELED ? .cancelled : .file(error)
        }
    }
}

extension Checkpoint.Tensor {
    /// Gives back the memory of the tensor's mapped pages.
    fileprivate func releaseMemory() { file.file.releaseMemory(of: entry.byteRange) }
}

extension MatchedWeights.TiedCopy {
    /// Whether the two hold other bytes.
    fileprivate var differs: Bool {
        defer {
            copy.releaseMemory()
            original.releaseMemory()
        }
        guard copy.bytes.count == original.bytes.count, let left = copy.bytes.baseAddress,
            let right = original.bytes.baseAddress
        else { return copy.bytes.count != original.bytes.count }
        return memcmp(left, right, copy.bytes.count) != 0
    }
}
