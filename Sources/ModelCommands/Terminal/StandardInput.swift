// Reading of standard input: all of it for a prompt, or line by line in a conversation.
// Not through the library's `readLine`, which goes on after Ctrl-C and takes what is no UTF-8 for something else.

import ArgumentParser
import Glibc

/// What was typed or piped in, as far as it was read.
struct StandardInput {
    private var buffer: [UInt8] = []
    private var hasEnded = false

    /// Everything up to the end, without the last line break.
    ///
    /// - Throws: `ValidationError` if there is nothing, `StandardInputError`, `ExitCode` after Ctrl-C.
    static func readAll() throws -> String {
        let nothing = ValidationError("Nothing to answer: state --prompt, or send the prompt through standard input.")
        if StandardStreams.inputIsTerminal { throw nothing }
        var input = StandardInput()
        while try input.readMore() {}
        guard !input.buffer.isEmpty else { throw nothing }
        return try Self.text(input.buffer)
    }

    /// The next line without its line break, or nil at the end.
    ///
    /// - Throws: `StandardInputError`, after which the next line can be read; `ExitCode` after Ctrl-C.
    mutating func readLine() throws -> String? {
        var searched = 0
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                let line = Array(buffer[...end])
                buffer.removeSubrange(...end)
                return try Self.text(line)
            }
            searched = buffer.count
            guard try readMore() else { break }
        }
        defer { buffer = [] }
        return buffer.isEmpty ? nil : try Self.text(buffer)
    }

    /// Waits for further bytes; false at the end.
    private mutating func readMore() throws -> Bool {
        if hasEnded { return false }
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(STDIN_FILENO, &chunk, chunk.count)
            if Interruption.isRequested { throw ExitCode(Interruption.exitCode) }
            if count > 0 {
                buffer += chunk[..<count]
                return true
            }
            if count == 0 {
                hasEnded = true
                return false
            }
            if errno != EINTR { throw StandardInputError.unreadable(reason: String(cString: strerror(errno))) }
        }
    }

    private static func text(_ bytes: [UInt8]) throws(StandardInputError) -> String {
        var bytes = bytes[...]
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .notUTF8 }
        return text
    }
}

/// Standard input that cannot be used.
enum StandardInputError: Error, CustomStringConvertible {
    /// The system refuses to read it.
    case unreadable(reason: String)
    /// It is not text.
    case notUTF8

    /// One sentence.
    var description: String {
        switch self {
        case .unreadable(let reason): "cannot read standard input: \(reason)"
        case .notUTF8: "standard input is not UTF-8"
        }
    }
}
