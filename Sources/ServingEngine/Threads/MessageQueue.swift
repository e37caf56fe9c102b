// Messages from any thread to one thread that takes them when it has time.

import Glibc

/// A queue of messages that one thread empties.
final class MessageQueue<Message>: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let arrived = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var messages: [Message] = []
    private var isClosed = false

    init() {
        mutex.initialize(to: pthread_mutex_t())
        arrived.initialize(to: pthread_cond_t())
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(arrived, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        pthread_cond_destroy(arrived)
        mutex.deallocate()
        arrived.deallocate()
    }

    /// Adds a message and wakes the thread if it sleeps; false if nobody takes messages any more.
    @discardableResult
    func post(_ message: Message) -> Bool {
        pthread_mutex_lock(mutex)
        let isTaken = !isClosed
        if isTaken { messages.append(message) }
        pthread_mutex_unlock(mutex)
        pthread_cond_signal(arrived)
        return isTaken
    }

    /// Takes the last messages.
    func close() -> [Message] {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        isClosed = true
        defer { messages = [] }
        return messages
    }

    /// Takes all messages; sleeps until there is one if `waits`.
    func takeAll(waits: Bool) -> [Message] {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while waits, messages.isEmpty { pthread_cond_wait(arrived, mutex) }
        defer { messages = [] }
        return messages
    }
}
