// The working memory of a model: one allocation, in which every buffer has a planned place.
// Not the plan: MemoryPlan.swift for its size; the places stand in generated code.

import Glibc

/// Memory that a model uses during one call and keeps for the next.
public final class Arena: @unchecked Sendable {
    /// The first byte, aligned to a page.
    public let start: UnsafeMutableRawPointer
    /// How many bytes there are.
    public let byteCount: Int

    /// Takes memory that is zeros at first and comes from the system as it is written.
    ///
    /// - Parameter purpose: What it is for, as an error says.
    /// - Throws: `MemoryRefused`.
    public init(byteCount: Int, purpose: String = "the arena") throws(MemoryRefused) {
        precondition(byteCount >= 0, "an arena of \(byteCount) bytes")
        let mapped = max(byteCount, 1)
        let address = mmap(nil, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let address, address != MAP_FAILED else {
            throw MemoryRefused(purpose: purpose, byteCount: byteCount)
        }
        madvise(address, mapped, MADV_HUGEPAGE)
        start = address
        self.byteCount = byteCount
    }

    deinit { munmap(start, max(byteCount, 1)) }
}

extension UnsafeMutableRawPointer {
    /// The numbers that begin `offset` bytes further on.
    public func floats(at offset: Int) -> UnsafeMutablePointer<Float> {
        (self + offset).assumingMemoryBound(to: Float.self)
    }
}
