// The memory of all keys and values: one allocation, cut into blocks that sequences own.
// Not who owns which block (BlockAllocator.swift, BlockTable.swift), nor the order of numbers in a page
// (`struct vlmc_pages` in kernels/cpu/include/cpu_kernels.h).

import Glibc

/// A pool of cache blocks. Per layer: keys `[kvHead][block][page]`, then values the same; a page holds the numbers of
/// one head for 16 tokens. Blocks that follow one another are thus long runs of memory for attention, which reads one
/// head after the other.
///
/// The memory starts as zeros and is taken from the system as blocks are first written. Kernels write disjoint slots
/// from many threads; everything else of this object never changes.
public final class KeyValueCache: @unchecked Sendable {
    /// The sizes.
    public let geometry: CacheGeometry
    /// The number of blocks.
    public let blockCount: Int
    /// Bytes of all blocks.
    public let byteCount: Int
    private let memory: UnsafeMutableRawPointer

    /// Takes the address space for `blockCount` blocks.
    ///
    /// *Throws*: `MemoryRefused` if the size has no address space, or slots would not fit 32 bits.
    public init(_ geometry: CacheGeometry, blockCount: Int) throws(MemoryRefused) {
        let (bytes, overflows) = geometry.blockBytes.multipliedReportingOverflow(by: blockCount)
        let slotsFit = blockCount > 0 && blockCount <= Int(Int32.max) / CacheGeometry.blockTokens
        guard !overflows, slotsFit else {
            throw MemoryRefused(purpose: "the key-value cache", byteCount: overflows ? .max : bytes)
        }
        let address = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let address, address != MAP_FAILED else {
            throw MemoryRefused(purpose: "the key-value cache", byteCount: bytes)
        }
        madvise(address, bytes, MADV_HUGEPAGE)
        self.geometry = geometry
        self.blockCount = blockCount
        byteCount = bytes
        memory = address
    }

    deinit { munmap(memory, byteCount) }

    /// The keys and values of a layer.
    public func pages(ofLayer layer: Int) -> CachePages {
        precondition(layer >= 0 && layer < geometry.layers, "layer \(layer) of \(geometry.layers)")
        let keys = memory + 2 * layer * blockCount * geometry.planeBytes
        return CachePages(
            keys: keys,
            values: keys + blockCount * geometry.planeBytes,
            precision: geometry.precision,
            blockCount: blockCount
        )
    }

    /// Copies keys and values of all layers from one block to another, as when a shared block is about to be written.
    public func copyBlock(_ source: Int32, to target: Int32) {
        precondition(source >= 0 && Int(source) < blockCount && target >= 0 && Int(target) < blockCount)
        guard source != target else { return }
        let page = geometry.pageBytes
        for plane in 0..<(2 * geometry.layers * geometry.kvHeads) {
            let start = memory + plane * blockCount * page
            (start + Int(target) * page).copyMemory(from: start + Int(source) * page, byteCount: page)
        }
    }
}

/// The keys and values of one layer, for all blocks.
public struct CachePages: @unchecked Sendable {
    /// `[kvHead][block][page]`.
    public let keys: UnsafeMutableRawPointer
    /// `[kvHead][block][page]`.
    public let values: UnsafeMutableRawPointer
    /// The numbers in the pages.
    public let precision: CacheGeometry.Precision
    /// The number of blocks.
    public let blockCount: Int
}

/// Memory that the system does not give.
public struct MemoryRefused: Error, Sendable, Hashable, CustomStringConvertible {
    /// What it was for.
    public let purpose: String
    /// How much it was.
    public let byteCount: Int

    /// One sentence.
    public var description: String { "no memory for \(purpose): \(byteCount) bytes" }
}
