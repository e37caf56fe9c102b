// Holds the steps of a model back until a test lets them go on.

import Glibc

/// Lets so many steps through as a test says.
final class Gate: @unchecked Sendable {
    private let permits = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() {
        permits.initialize(to: sem_t())
        sem_init(permits, 0, 0)
    }

    deinit {
        sem_destroy(permits)
        permits.deallocate()
    }

    /// Waits until it may pass.
    func pass() {
        while sem_wait(permits) != 0 {}
    }

    /// Lets so many steps through.
    func open(_ count: Int = 1) {
        for _ in 0..<count { sem_post(permits) }
    }
}
