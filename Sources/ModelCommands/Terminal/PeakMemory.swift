// The most memory that this process has had, as the kernel counts it.
// `getrusage` would do, did it not count what the process that started this one had before.

import Glibc

enum PeakMemory {
    /// Bytes that were in memory at once at most, mapped files included; nil where the kernel does not tell.
    ///
    /// - Source: `Documentation/filesystems/proc.rst` of Linux 6, `VmHWM` of `/proc/self/status`.
    static func bytes() -> Int? {
        guard let file = fopen("/proc/self/status", "re") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, Int32(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            if let bytes = bytes(ofLine: text) { return bytes }
        }
        return nil
    }

    /// Forgets the peak so far, where the kernel allows it; false where it does not.
    ///
    /// - Source: `Documentation/filesystems/proc.rst` of Linux 6, `/proc/PID/clear_refs`: 5 resets the peak.
    @discardableResult static func reset() -> Bool {
        guard let file = fopen("/proc/self/clear_refs", "we") else { return false }
        let written = fputs("5", file)
        return fclose(file) == 0 && written >= 0
    }

    /// What the line `VmHWM:   12345 kB` says, or nil for another line.
    static func bytes(ofLine line: String) -> Int? {
        let fields = line.split(whereSeparator: \.isWhitespace)
        guard fields.count == 3, fields[0] == "VmHWM:", fields[2] == "kB" else { return nil }
        return Int(fields[1]).map { $0 * 1024 }
    }
}
