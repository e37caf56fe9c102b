// Threads for work of milliseconds that must not hold up what is asynchronous: reading bodies, images, templates.
// Not for the steps of a model: those have the engine's thread.

import Synchronization

/// A few threads that take pieces of work in turn.
public final class WorkerThreads: Sendable {
    private let queues: [MessageQueue<Work>]
    private let next = Mutex(0)

    private enum Work: Sendable {
        case run(@Sendable () -> Void)
        case stop
    }

    /// Starts `count` threads.
    public init(_ name: String, count: Int) throws(ThreadRefused) {
        precondition(count > 0, "\(count) threads")
        var queues: [MessageQueue<Work>] = []
        for _ in 0..<count {
            let queue = MessageQueue<Work>()
            try startThread(name) {
                while true {
                    for work in queue.takeAll(waits: true) {
                        switch work {
                        case .run(let body): body()
                        case .stop: return
                        }
                    }
                }
            }
            queues.append(queue)
        }
        self.queues = queues
    }

    deinit {
        for queue in queues { queue.post(.stop) }
    }

    /// Runs `body` on one of the threads.
    public func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        let turn = next.withLock { next in
            next = (next + 1) % queues.count
            return next
        }
        return try await withCheckedThrowingContinuation { continuation in
            queues[turn].post(.run { continuation.resume(with: Swift.Result { try body() }) })
        }
    }
}
