// Spans that wait to be sent: so many and no more, so that a collector that is slow or gone costs nothing but its spans.

import Synchronization

/// A queue that never blocks whoever adds to it.
final class SpanQueue: Sendable {
    private struct State {
        var spans: [SpanRecord] = []
        var dropped = 0
    }

    private let state = Mutex(State())
    private let capacity: Int

    /// A queue of at most `capacity` spans; those that come when it is full are dropped.
    init(capacity: Int = 4096) { self.capacity = capacity }

    func add(_ span: SpanRecord) {
        state.withLock { state in
            if state.spans.count < capacity { state.spans.append(span) } else { state.dropped += 1 }
        }
    }

    var count: Int { state.withLock { $0.spans.count } }

    /// The first spans, at most `count`, which leave the queue.
    func take(_ count: Int) -> [SpanRecord] {
        state.withLock { state in
            let taken = Array(state.spans.prefix(count))
            state.spans.removeFirst(taken.count)
            return taken
        }
    }

    /// Spans that were taken and not sent, as far as there is room.
    func putBack(_ spans: [SpanRecord]) {
        state.withLock { state in
            let kept = spans.prefix(capacity - state.spans.count)
            state.spans.insert(contentsOf: kept, at: 0)
            state.dropped += spans.count - kept.count
        }
    }

    /// How many spans were dropped since this was asked last.
    func takeDroppedCount() -> Int {
        state.withLock { state in
            defer { state.dropped = 0 }
            return state.dropped
        }
    }
}
