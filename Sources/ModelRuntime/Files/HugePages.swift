// The size of the pages in which the system keeps a file that is being written.

import Glibc

/// Makes the system keep a growing file in huge pages, where it can: what is in memory in huge pages before small writes
/// come stays so, and whoever maps the file later reads it faster. Only advice: nothing fails without them.
final class HugePages: @unchecked Sendable {
    private let address: UnsafeMutableRawPointer
    private let byteCount: Int
    private static let pageBytes = 2 << 20
    /// MADV_POPULATE_READ of Linux 5.14, which older C libraries do not name.
    private static let populateRead: CInt = 22

    /// The pages of a file whose space is reserved already, or nil where there are none such.
    init?(of descriptor: borrowing FileDescriptor, byteCount: Int) {
        let mapped = mmap(nil, byteCount, PROT_READ, MAP_SHARED, descriptor.number, 0)
        guard let mapped, mapped != MAP_FAILED else { return nil }
        guard madvise(mapped, byteCount, MADV_HUGEPAGE) == 0 else {
            munmap(mapped, byteCount)
            return nil
        }
        address = mapped
        self.byteCount = byteCount
    }

    deinit { munmap(address, byteCount) }

    /// Brings the pages that `range` touches into the system's memory, not into that of the process.
    func populate(_ range: Range<Int>) {
        let first = range.lowerBound / Self.pageBytes * Self.pageBytes
        let end = min(roundedUp(range.upperBound, to: Self.pageBytes), byteCount)
        guard first < end else { return }
        madvise(address + first, end - first, Self.populateRead)
        madvise(address + first, end - first, MADV_DONTNEED)
    }
}
