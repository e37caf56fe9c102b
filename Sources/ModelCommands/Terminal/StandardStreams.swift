// Writing to standard output and standard error without buffering surprises: text appears when it is made.
// Not progress lines: ProgressLine.swift.

import Glibc

enum StandardStreams {
    /// Whether standard error is a terminal.
    static let errorIsTerminal = isatty(STDERR_FILENO) == 1
    /// Whether standard input is a terminal.
    static let inputIsTerminal = isatty(STDIN_FILENO) == 1

    /// Writes text to standard output at once.
    static func print(_ text: String) { write(text, to: STDOUT_FILENO) }

    /// Writes a line to standard error.
    static func report(_ line: String) { write(line + "\n", to: STDERR_FILENO) }

    /// Writes all bytes. A closed pipe ends the process as other tools do, by its signal; where standard output cannot
    /// take them otherwise, a full disk for one, the process says so and ends with 1: an answer must not be lost silently.
    static func write(_ text: String, to descriptor: Int32) {
        var text = text
        text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while !rest.isEmpty {
                let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
                if written > 0 { rest = UnsafeRawBufferPointer(rebasing: rest[written...]) }
                if written >= 0 || errno == EINTR { continue }
                if errno == EAGAIN {
                    var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&ready, 1, -1)
                    continue
                }
                guard descriptor == STDOUT_FILENO else { return }
                report("error: cannot write to standard output: \(String(cString: strerror(errno)))")
                _exit(1)
            }
        }
    }
}
