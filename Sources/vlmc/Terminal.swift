// Output of diagnostics, and the exit code that follows from them.
// Ordinary output goes to standard output, everything about problems to standard error.

import ArgumentParser
import CompilerDriver
import Diagnostics
import Foundation

enum Terminal {
    /// Prints `diagnostics` to standard error; on a terminal with the line at fault below each.
    static func show(_ diagnostics: [Diagnostic], sources: [String: String] = [:]) {
        let excerpts = isatty(STDERR_FILENO) == 1 ? sources : [:]
        for diagnostic in diagnostics {
            write(diagnostic.rendered(sources: excerpts))
        }
    }

    /// Writes a line to standard error.
    static func write(_ line: String) {
        FileHandle.standardError.write(Data((line + "\n").utf8))
    }

    /// Writes ordinary output.
    ///
    /// - Throws: `FileWriteError` if standard output does not take it, a full disk for one.
    static func print(_ text: String) throws(FileWriteError) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw FileWriteError(path: "to standard output", code: errno) }
            rest = rest.dropFirst(count)
        }
    }

    /// Runs `body`; turns what it throws into messages and exit code 1.
    static func reporting(_ file: DescriptionFile? = nil, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as DiagnosticError {
            show(error.diagnostics, sources: file?.sources ?? [:])
            throw ExitCode(1)
        } catch let error as ExitCode {
            throw error
        } catch let error as CleanExit {
            throw error
        } catch let error as ValidationError {
            throw error
        } catch {
            write("error: \(error)")
            throw ExitCode(1)
        }
    }
}

extension DescriptionFile {
    /// The text of the file by its path, for excerpts.
    var sources: [String: String] { [path: String(decoding: bytes, as: UTF8.self)] }
}
