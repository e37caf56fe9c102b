// Closes connections whose clients take too long to send a request or to take an answer, so that they hold nothing.

import NIOCore
import Synchronization

/// The connections that are waited for.
final class SlowClients: Sendable {
    private struct Wait: Sendable {
        let channel: any Channel
        let deadline: NIODeadline
    }

    private let waits = Mutex<(next: UInt64, open: [UInt64: Wait])>((0, [:]))
    private let patience: TimeAmount

    /// Waits for a client for `seconds` at most.
    init(seconds: Int) { patience = .seconds(Int64(seconds)) }

    /// Begins to wait for the client of a connection.
    func begin(_ channel: any Channel) -> UInt64 {
        let wait = Wait(channel: channel, deadline: .now() + patience)
        return waits.withLock { waits in
            waits.next += 1
            waits.open[waits.next] = wait
            return waits.next
        }
    }

    /// The client has done what was waited for.
    func end(_ number: UInt64) { waits.withLock { _ = $0.open.removeValue(forKey: number) } }

    /// Closes the connections of those who took too long, again and again until it is cancelled.
    func run() async throws {
        while true {
            try await Task.sleep(for: .seconds(1))
            let now = NIODeadline.now()
            let late = waits.withLock { waits in waits.open.values.filter { $0.deadline < now } }
            for wait in late { wait.channel.close(promise: nil) }
        }
    }
}
