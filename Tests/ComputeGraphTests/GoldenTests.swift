// The helper that goldens rest on: that it can fail.

import Foundation
import TestSupport
import Testing

@Suite struct GoldenTests {
    private func withFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("golden-\(UUID().uuidString)", isDirectory: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder)
    }

    @Test func recordingFailsAndComparingThenSucceeds() throws {
        try withFolder { folder in
            #expect(throws: GoldenMismatch.self) {
                try Golden.check("a\nb\n", "text.txt", in: folder, recording: true)
            }
            try Golden.check("a\nb\n", "text.txt", in: folder, recording: false)
        }
    }

    @Test func differencesAreShown() throws {
        try withFolder { folder in
            #expect(throws: GoldenMismatch(name: "text.txt", problem: "does not exist")) {
                try Golden.check("a", "text.txt", in: folder, recording: false)
            }
            _ = try? Golden.check("a\nb\n", "text.txt", in: folder, recording: true)
            let problem = "differs in line 2:\n  recorded: b\n  found:    c"
            #expect(throws: GoldenMismatch(name: "text.txt", problem: problem)) {
                try Golden.check("a\nc\n", "text.txt", in: folder, recording: false)
            }
            #expect(throws: GoldenMismatch.self) {
                try Golden.check("a\nb\n\n", "text.txt", in: folder, recording: false)
            }
        }
    }
}
