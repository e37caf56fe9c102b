// The size of the pages in which the system keeps a file that is being written.

import Glibc

/// Advice about huge pages. Nothing depends on it: what the system does not know it leaves as it is.
enum HugePages {
    private static let byteCount = 2 << 20
    /// MADV_POPULATE_READ of Linux 5.14, which older C libraries do not name.
    private static let populateRead: CInt = 22

    /// Brings a range of a file, as zeros where nothing has been written yet, into the system's memory in huge pages.
    ///
    /// What is there before small writes come stays as large as it is, and whoever maps the file later reads it faster.
    ///
    /// - Parameter size: Bytes of the file, for which space is reserved already.
    static func prepare(_ range: Range<Int>, of descriptor: borrowing FileDescriptor, size: Int) {
        let first = range.lowerBound / byteCount * byteCount
        let length = min(roundedUp(range.upperBound, to: byteCount), size) - first
        guard length > 0 else { return }
        let mapped = mmap(nil, length, PROT_READ, MAP_SHARED, descriptor.number, off_t(first))
        guard let mapped, mapped != MAP_FAILED else { return }
        if madvise(mapped, length, MADV_HUGEPAGE) == 0 { madvise(mapped, length, populateRead) }
        munmap(mapped, length)
    }
}
