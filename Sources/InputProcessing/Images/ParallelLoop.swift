// The seam through which the runtime's thread pool reaches image processing. Not a thread pool.

/// A way to run the iterations of a loop, serially or on many threads.
public struct ParallelLoop: Sendable {
    private let run: @Sendable (_ count: Int, _ body: @Sendable (Int) -> Void) -> Void

    /// A loop that calls `run`, which calls its body once with each number below `count`, in any order and on any
    /// threads, and returns when all calls have returned.
    public init(_ run: @escaping @Sendable (_ count: Int, _ body: @Sendable (Int) -> Void) -> Void) {
        self.run = run
    }

    /// A loop on the calling thread alone.
    public static let serial = ParallelLoop { count, body in
        for index in 0..<count { body(index) }
    }

    func callAsFunction(_ count: Int, _ body: @Sendable (Int) -> Void) { run(count, body) }
}
