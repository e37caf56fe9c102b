// Whether a thread of a pool shares its core with somebody else's, so that the others wait for what it has claimed.
// Not how many cores there are: AvailableCores.swift.

import Glibc

/// Watches how much of its time a thread waits for a core, window by window.
///
/// While one of n threads that meet after every call waits, all do. If it waits for more than an nth of the time, the
/// others are faster without it.
struct CrowdedCore {
    /// Nanoseconds of a window.
    static let window: UInt64 = 20_000_000
    /// How long a thread then stays away.
    static let restNanoseconds: UInt64 = 100_000_000
    /// The part of 1/n at which a thread stays away: those that remain also have less to wait for.
    private static let share = 0.8

    private let threshold: Double
    private var start: (time: UInt64, waited: UInt64, thread: pthread_t)?

    /// A watch for one of `threads` threads.
    init(threads: Int) { threshold = Self.share / Double(max(threads, 1)) }

    /// Whether the thread has waited for too great a part of a window that ends now; false within a window.
    ///
    /// - Parameters:
    ///   - time: Nanoseconds of a clock that does not stop.
    ///   - waited: Nanoseconds that the thread has waited in all; asked for at the ends of windows only.
    mutating func isCrowded(time: UInt64, waited: () -> UInt64?) -> Bool {
        if let start, time < start.time + Self.window { return false }
        guard let waited = waited() else { return false }
        defer { start = (time, waited, pthread_self()) }
        guard let start, start.thread == pthread_self(), waited >= start.waited else { return false }
        return Double(waited - start.waited) > threshold * Double(time - start.time)
    }

    /// Begins a new window.
    mutating func reset() { start = nil }

    /// Nanoseconds of a clock that does not stop.
    static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// Nanoseconds that this thread was ready to run and did not, since it exists; nil where the system does not tell.
    ///
    /// - Source: `Documentation/scheduler/sched-stats.rst` of Linux 6, `/proc/PID/schedstat`, the second number.
    static func waitedNanoseconds() -> UInt64? {
        let file = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        let text = withUnsafeTemporaryAllocation(byteCount: 96, alignment: 1) { buffer in
            let count = read(file, buffer.baseAddress, buffer.count)
            return String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self)
        }
        return waitedNanoseconds(in: text)
    }

    /// The second of the three numbers of such a file.
    static func waitedNanoseconds(in text: String) -> UInt64? {
        let fields = text.split(whereSeparator: \.isWhitespace)
        return fields.count >= 2 ? UInt64(fields[1]) : nil
    }
}
