// What the user sees of opening, packing and quantising weights, the same in every verb, and how Ctrl-C ends it.
// Not the line on the terminal (ProgressLine.swift), and not what there is to tell (PackingEvent in ModelRuntime).

import ArgumentParser
import ModelRuntime

enum PackingProgress {
    /// Calls `body` with callbacks that show progress on a terminal, report notices, and end the work on Ctrl-C.
    ///
    /// - Parameters:
    ///   - isQuiet: Whether neither progress nor notices are shown.
    ///   - isCancelled: Whether the work is to end.
    ///   - report: Takes lines for standard error.
    /// - Throws: `ExitCode` if the work was cancelled; otherwise what `body` throws.
    static func showing<Result>(
        isQuiet: Bool,
        isCancelled: @escaping () -> Bool = { Interruption.isRequested },
        report: @escaping (String) -> Void = StandardStreams.report,
        _ body: (PackingCallbacks) throws -> Result
    ) throws -> Result {
        var line = ProgressLine(isQuiet: isQuiet)
        defer { line.clear() }
        let callbacks = PackingCallbacks(
            onEvent: { event in
                switch event {
                case .progress(let phase, let done, let total):
                    line.show("\(phase.rawValue) weights", done, of: total)
                case .notice(let notice):
                    line.clear()
                    if !isQuiet { report("note: \(notice)") }
                }
            },
            isCancelled: isCancelled
        )
        do {
            return try body(callbacks)
        } catch PackingError.cancelled, QuantizationError.cancelled {
            line.clear()
            report("interrupted; nothing was left behind")
            throw ExitCode(Interruption.exitCode)
        }
    }
}
