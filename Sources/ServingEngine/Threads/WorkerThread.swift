// A thread that runs one function until that returns. Not for calls of microseconds: ModelRuntime's ThreadPool.

import Glibc

/// Starts a thread that runs `body`. It receives no signals: those are for other threads.
///
/// - Parameter name: What it is for, should the system not start it.
/// - Throws: `ThreadRefused` if the system does not start it.
func startThread(_ name: String, _ body: @escaping @Sendable () -> Void) throws(ThreadRefused) {
    let start = Unmanaged.passRetained(ThreadStart(body))
    var all = sigset_t()
    var before = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_SETMASK, &all, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    // The default may be less under a limit; the steps of a model are not deep, but images are decoded here.
    pthread_attr_setstacksize(&attributes, 8 << 20)
    defer { pthread_attr_destroy(&attributes) }
    var thread = pthread_t()
    let refusal = pthread_create(
        &thread,
        &attributes,
        { argument in
            guard let argument else { return nil }
            let start = Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
            start()
            return nil
        },
        start.toOpaque()
    )
    guard refusal == 0 else {
        start.release()
        throw ThreadRefused(name: name, code: refusal)
    }
}

private final class ThreadStart {
    private let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }

    func callAsFunction() { body() }
}

/// A thread that the system does not start.
public struct ThreadRefused: Error, Sendable, Hashable, CustomStringConvertible {
    /// What the thread is for.
    public let name: String
    /// The system's error.
    public let code: Int32

    /// One sentence.
    public var description: String { "the thread \(name) cannot be started: \(String(cString: strerror(code)))" }
}
