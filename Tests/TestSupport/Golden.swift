// Text goldens: files in the folder `Goldens` of a test target that compare byte for byte.
// Recorded by running the tests with VLMC_RECORD_GOLDENS=1, which fails them: nobody records without noticing.

import Foundation

/// Compares texts with committed files.
public enum Golden {
    /// The environment variable that turns comparing into recording when it is `1`.
    public static let recordingVariable = "VLMC_RECORD_GOLDENS"

    /// Compares `text` with the file `Goldens/<name>` of the test target that `testFile` belongs to, or records it.
    ///
    /// - Throws: `GoldenMismatch` if the file differs, does not exist, or was recorded just then.
    public static func check(_ text: String, _ name: String, testFile: String = #filePath) throws {
        var target = URL(fileURLWithPath: testFile).deletingLastPathComponent()
        while target.deletingLastPathComponent().lastPathComponent != "Tests" {
            guard target.pathComponents.count > 1 else {
                throw GoldenMismatch(name: name, problem: "belongs to \(testFile), which is in no folder of Tests")
            }
            target.deleteLastPathComponent()
        }
        let recording = ProcessInfo.processInfo.environment[recordingVariable] == "1"
        try check(text, name, in: target.appendingPathComponent("Goldens"), recording: recording)
    }

    /// Compares `text` with the file `name` in `folder`, or writes it there.
    public static func check(_ text: String, _ name: String, in folder: URL, recording: Bool) throws {
        let file = folder.appendingPathComponent(name)
        if recording {
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(text.utf8).write(to: file, options: .atomic)
            throw GoldenMismatch(name: name, problem: "was recorded; look at the difference, then run again without it")
        }
        guard let data = try? Data(contentsOf: file) else {
            throw GoldenMismatch(name: name, problem: "does not exist")
        }
        let recorded = String(decoding: data, as: UTF8.self)
        if recorded != text {
            throw GoldenMismatch(name: name, problem: firstDifference(found: text, recorded: recorded))
        }
    }

    private static func firstDifference(found: String, recorded: String) -> String {
        let found = found.split(separator: "\n", omittingEmptySubsequences: false)
        let recorded = recorded.split(separator: "\n", omittingEmptySubsequences: false)
        let line = zip(found, recorded).prefix { $0 == $1 }.count
        func text(_ lines: [Substring]) -> Substring { line < lines.count ? lines[line] : "the end" }
        return "differs in line \(line + 1):\n  recorded: \(text(recorded))\n  found:    \(text(found))"
    }
}

/// A text that is not the recorded one.
public struct GoldenMismatch: Error, Equatable, CustomStringConvertible {
    /// The name of the file.
    public let name: String
    /// What is wrong.
    public let problem: String

    /// A mismatch.
    public init(name: String, problem: String) {
        self.name = name
        self.problem = problem
    }

    /// The name, what is wrong, and how to record.
    public var description: String { "\(name) \(problem) (\(Golden.recordingVariable)=1 records)" }
}
