// Threads of our own that run the chunks of one call at a time, together with the thread that calls.
// Not a scheduler: calls are short, chunks are claimed in order, nothing is queued. How many threads: AvailableCores.swift.

import CPUKernels
import Glibc

/// A fixed set of threads for work of microseconds to milliseconds.
///
/// `run` publishes a number of chunks; whoever is free claims the next one, the calling thread included, until all are
/// done. Idle threads spin for a short while and then sleep, so that a pool costs nothing between calls. A thread that
/// has to share its core with another process stays away for a while (CrowdedCore.swift). Calls from
/// several threads run one after the other. A chunk must not call `run` itself.
public final class ThreadPool: @unchecked Sendable {
    /// What a chunk runs: a context, the number of the chunk, and the worker, 0 ..< `threadCount`, that runs it.
    public typealias ChunkFunction = @convention(c) (UnsafeMutableRawPointer, Int32, Int32) -> Void

    /// Threads that work on a call, the calling one included.
    public let threadCount: Int

    /// Calls so far whose chunks were offered to several threads, each of which costs a fork and a join.
    public var joins: Int { state.joins.pointee.load(ordering: .relaxed) }

    private let state: PoolState
    private let workers: [pthread_t]
    private let turn = TurnLock()
    /// The core of whoever calls; used in turn.
    private var core: CrowdedCore

    /// A pool of `threads` threads in all, or of fewer if the system refuses to start as many.
    public init(threads: Int = AvailableCores.count()) {
        precondition(threads > 0, "a pool of \(threads) threads")
        let state = PoolState()
        var workers: [pthread_t] = []
        while workers.count + 1 < threads, let worker = startWorker(workers.count + 1, of: threads, state) {
            workers.append(worker)
        }
        core = CrowdedCore(threads: workers.count + 1)
        self.state = state
        self.workers = workers
        threadCount = workers.count + 1
    }

    /// Ends the threads and waits for them.
    deinit {
        state.stop()
        for worker in workers { pthread_join(worker, nil) }
        state.deallocate()
    }

    /// Runs `function` for the chunks 0 ..< `chunks` and returns when all are done. Allocates nothing.
    public func run(chunks: Int, context: UnsafeMutableRawPointer, _ function: ChunkFunction) {
        precondition(vlmc_inside_chunk() == 0, "a chunk of a thread pool's call starts another call")
        guard chunks > 0 else { return }
        turn.inTurn {
            vlmc_set_inside_chunk(1)
            defer { vlmc_set_inside_chunk(0) }
            if chunks == 1 || workers.isEmpty {
                for chunk in 0..<Int32(chunks) { function(context, chunk, 0) }
                return
            }
            if core.isCrowded(time: CrowdedCore.now(), waited: CrowdedCore.waitedNanoseconds) { state.askForRoom() }
            var first = 0
            while first < chunks {
                let count = min(chunks - first, PoolState.mostChunks)
                state.publish(PoolTask(function: function, context: context, firstChunk: Int32(first)), chunks: count)
                state.work(as: 0)
                state.join(chunks: count)
                first += count
            }
        }
    }

    /// Calls `body` for 0 ..< `count`, on all threads at once; allocates a few bytes.
    ///
    /// What `body` touches for different arguments must be disjoint or synchronised.
    public func forEach(_ count: Int, _ body: (Int) -> Void) {
        withoutActuallyEscaping(body) { body in
            var body = body
            withUnsafeMutablePointer(to: &body) { pointer in
                run(chunks: count, context: UnsafeMutableRawPointer(pointer)) { context, chunk, _ in
                    context.assumingMemoryBound(to: ((Int) -> Void).self).pointee(Int(chunk))
                }
            }
        }
    }
}

/// Starts worker `index`, or returns nil if the system refuses. It receives no signals: those are for other threads.
private func startWorker(_ index: Int, of threads: Int, _ state: PoolState) -> pthread_t? {
    let start = UnsafeMutablePointer<WorkerStart>.allocate(capacity: 1)
    start.initialize(to: WorkerStart(index: Int32(index), threads: threads, state: state))
    var all = sigset_t()
    var before = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_SETMASK, &all, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    var thread = pthread_t()
    let refusal = pthread_create(
        &thread,
        nil,
        { argument in
            guard let start = argument?.assumingMemoryBound(to: WorkerStart.self) else { return nil }
            let (index, threads, state) = (start.pointee.index, start.pointee.threads, start.pointee.state)
            start.deinitialize(count: 1)
            start.deallocate()
            vlmc_set_inside_chunk(1)
            state.serve(as: index, of: threads)
            return nil
        },
        start
    )
    guard refusal == 0 else {
        start.deinitialize(count: 1)
        start.deallocate()
        return nil
    }
    return thread
}

private struct WorkerStart {
    let index: Int32
    let threads: Int
    let state: PoolState
}
