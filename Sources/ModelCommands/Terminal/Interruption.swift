// Signals. Ctrl-C: the first one ends the work at the next step, cleanly; a second one ends the process at once.

import Glibc
import Synchronization

/// Whether the user wants the work to stop.
enum Interruption {
    private static let count = Atomic<Int32>(0)
    /// The exit code of a process that was interrupted, as shells expect it.
    static let exitCode: Int32 = 130

    /// Whether Ctrl-C was pressed since the last `reset`.
    static var isRequested: Bool { count.load(ordering: .relaxed) > 0 }

    /// Forgets earlier interruptions.
    static func reset() { count.store(0, ordering: .relaxed) }

    /// Takes over SIGINT and SIGTERM, and has a limit on file sizes fail the write, which can be told, not the process.
    static func install() {
        signal(SIGXFSZ, SIG_IGN)
        for number in [SIGINT, SIGTERM] {
            var action = sigaction()
            action.__sigaction_handler.sa_handler = { _ in
                // Only what is allowed in a signal handler: an atomic, and _exit.
                if Interruption.count.add(1, ordering: .relaxed).oldValue > 0 { _exit(Interruption.exitCode) }
            }
            sigaction(number, &action, nil)
        }
    }
}
