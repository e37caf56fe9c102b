// What a verb tells of opening weights, and what it ends with when the user has had enough.

import ArgumentParser
import ModelRuntime
import Testing

@testable import ModelCommands

@Suite struct PackingProgressTests {
    private static let notice = PackingNotice.nonFinite(tensor: "a.weight", count: 3)

    /// The lines reported while `body` runs, and what it threw.
    private func reported(
        isQuiet: Bool = false,
        isCancelled: @escaping () -> Bool = { false },
        _ body: (PackingCallbacks) throws -> Void
    ) -> (lines: [String], error: (any Error)?) {
        var lines: [String] = []
        do {
            try PackingProgress.showing(isQuiet: isQuiet, isCancelled: isCancelled, report: { lines.append($0) }, body)
            return (lines, nil)
        } catch {
            return (lines, error)
        }
    }

    @Test func noticesAreReportedUnlessTheUserWantsQuiet() {
        let events: (PackingCallbacks) -> Void = { callbacks in
            callbacks.onEvent(.progress(.packing, doneBytes: 1, totalBytes: 2))
            callbacks.onEvent(.notice(Self.notice))
        }
        #expect(reported(events).lines == ["note: \(Self.notice)"])
        #expect(reported(isQuiet: true, events).lines.isEmpty)
    }

    @Test(arguments: [PackingError.cancelled as any Error, QuantizationError.cancelled])
    func cancelledWorkEndsWithTheExitCodeOfAnInterruption(_ cancellation: any Error) {
        for isQuiet in [false, true] {
            let (lines, error) = reported(isQuiet: isQuiet) { _ in throw cancellation }
            #expect(lines == ["interrupted; nothing was left behind"])
            #expect(error as? ExitCode == ExitCode(130))
        }
    }

    @Test func otherErrorsAreHandedOn() {
        let refused = PackingError.noWritableFolder([])
        let (lines, error) = reported { _ in throw refused }
        #expect(lines.isEmpty)
        #expect(error as? PackingError == refused)
    }

    @Test func theWorkIsAskedToEndWhenTheUserWantsIt() {
        var wantsEnd = false
        _ = reported(isCancelled: { wantsEnd }) { callbacks in
            #expect(!callbacks.isCancelled())
            wantsEnd = true
            #expect(callbacks.isCancelled())
        }
    }
}
