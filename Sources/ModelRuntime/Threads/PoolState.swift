// The memory that the threads of a pool share, and the protocol by which chunks are claimed, finished and waited for.
// Not the threads: ThreadPool.swift. It is raw memory because threads sleep on its words and must outlive no object.

import CPUKernels
import Glibc
import Synchronization

/// What the current call runs.
struct PoolTask {
    let function: ThreadPool.ChunkFunction
    let context: UnsafeMutableRawPointer
    /// Added to the number of every chunk.
    let firstChunk: Int32
}

/// One word says everything about claims: which call it is, how many chunks it has, and which comes next. A thread
/// claims a chunk by exchanging that word, and only then reads the task, which stays until all chunks are completed.
struct PoolState: @unchecked Sendable {
    /// Chunks that one call may have.
    static let mostChunks = 1 << 20 - 1
    /// Pauses of a spin loop before a thread sleeps: longer than the gap between two calls, shorter than a time slice.
    private static let spins = 2000
    private static let stopped: UInt64 = 0xff_ffff

    /// Words that different threads write lie this far apart, two cache lines that are fetched together.
    private static let spacing = 128
    private let memory: UnsafeMutableRawPointer

    init() {
        memory = .allocate(byteCount: 5 * Self.spacing, alignment: Self.spacing)
        claims.initialize(to: Atomic(0))
        completed.initialize(to: Atomic(0))
        bell.initialize(to: Atomic(0))
        sleepers.initialize(to: Atomic(0))
        joinSleeps.initialize(to: Atomic(0))
        joins.initialize(to: Atomic(0))
        wantsRoom.initialize(to: Atomic(0))
    }

    func deallocate() { memory.deallocate() }

    /// Call number (24 bits), chunks (20 bits), next chunk (20 bits).
    private var claims: UnsafeMutablePointer<Atomic<UInt64>> { word(0) }
    /// Chunks completed; the caller sleeps on it.
    private var completed: UnsafeMutablePointer<Atomic<UInt32>> { word(1) }
    /// Changes when sleeping workers are to look again; they sleep on it.
    private var bell: UnsafeMutablePointer<Atomic<UInt32>> { word(2) }
    /// Workers that sleep or are about to.
    private var sleepers: UnsafeMutablePointer<Atomic<UInt32>> { word(3) }
    /// 1 while the caller sleeps or is about to.
    private var joinSleeps: UnsafeMutablePointer<Atomic<UInt32>> {
        (memory + 3 * Self.spacing + 64).assumingMemoryBound(to: Atomic<UInt32>.self)
    }
    /// Calls that several threads were offered, since the start; the caller alone writes it.
    var joins: UnsafeMutablePointer<Atomic<Int>> {
        (memory + 4 * Self.spacing + 64).assumingMemoryBound(to: Atomic<Int>.self)
    }
    /// 1 while the caller wants a worker to leave its core.
    private var wantsRoom: UnsafeMutablePointer<Atomic<UInt32>> {
        (memory + 2 * Self.spacing + 64).assumingMemoryBound(to: Atomic<UInt32>.self)
    }
    private var task: UnsafeMutablePointer<PoolTask> {
        (memory + 4 * Self.spacing).assumingMemoryBound(to: PoolTask.self)
    }

    private func word<Value>(_ index: Int) -> UnsafeMutablePointer<Atomic<Value>> {
        (memory + index * Self.spacing).assumingMemoryBound(to: Atomic<Value>.self)
    }

    private static func call(_ claims: UInt64) -> UInt64 { claims >> 40 }
    private static func chunks(_ claims: UInt64) -> UInt64 { claims >> 20 & 0xf_ffff }
    private static func next(_ claims: UInt64) -> UInt64 { claims & 0xf_ffff }

    // MARK: The caller

    /// Offers `chunks` chunks of a task. All chunks of the previous one are completed.
    func publish(_ task: PoolTask, chunks: Int) {
        self.task.initialize(to: task)
        completed.pointee.store(0, ordering: .relaxed)
        joins.pointee.wrappingAdd(1, ordering: .relaxed)
        let call = (Self.call(claims.pointee.load(ordering: .relaxed)) + 1) % Self.stopped
        claims.pointee.store(call << 40 | UInt64(chunks) << 20, ordering: .sequentiallyConsistent)
        wakeSleepers(atMost: chunks - 1)
    }

    /// Waits until all chunks are completed.
    func join(chunks: Int) {
        for _ in 0..<Self.spins {
            if completed.pointee.load(ordering: .acquiring) == UInt32(chunks) { return }
            vlmc_pause()
        }
        joinSleeps.pointee.store(1, ordering: .sequentiallyConsistent)
        while true {
            let seen = completed.pointee.load(ordering: .sequentiallyConsistent)
            if seen == UInt32(chunks) { break }
            vlmc_wait(completed, seen)
        }
        joinSleeps.pointee.store(0, ordering: .relaxed)
    }

    /// Asks a worker to leave its core to the caller for a while.
    func askForRoom() { wantsRoom.pointee.store(1, ordering: .relaxed) }

    /// Makes all workers return.
    func stop() {
        claims.pointee.store(Self.stopped << 40, ordering: .sequentiallyConsistent)
        wakeSleepers(atMost: Int(Int32.max))
    }

    private func wakeSleepers(atMost count: Int) {
        guard sleepers.pointee.load(ordering: .sequentiallyConsistent) > 0 else { return }
        bell.pointee.wrappingAdd(1, ordering: .sequentiallyConsistent)
        vlmc_wake(bell, Int32(count))
    }

    // MARK: Everybody

    /// Claims and runs chunks until none is left, and returns the number of the call they belonged to.
    @discardableResult
    func work(as worker: Int32) -> UInt64 {
        while true {
            let seen = claims.pointee.load(ordering: .acquiring)
            guard Self.next(seen) < Self.chunks(seen) else { return Self.call(seen) }
            guard
                claims.pointee.compareExchange(
                    expected: seen,
                    desired: seen + 1,
                    ordering: .acquiringAndReleasing
                ).exchanged
            else { continue }
            let task = task.pointee
            task.function(task.context, task.firstChunk + Int32(Self.next(seen)), worker)
            let done = completed.pointee.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue
            let isLast = UInt64(done) == Self.chunks(seen)
            if isLast, joinSleeps.pointee.load(ordering: .sequentiallyConsistent) == 1 { vlmc_wake(completed, 1) }
        }
    }

    // MARK: Workers

    /// Works on every call until the pool stops, but stays away for a while when its core is crowded, or the caller's.
    func serve(as worker: Int32, of threads: Int) {
        var call: UInt64 = 0
        var core = CrowdedCore(threads: threads)
        while true {
            awaitCall(after: call)
            call = work(as: worker)
            if call == Self.stopped { return }
            let isCrowded = core.isCrowded(time: CrowdedCore.now(), waited: CrowdedCore.waitedNanoseconds)
            if isCrowded || (wantsRoom.pointee.load(ordering: .relaxed) == 1 && makesRoom()) {
                rest()
                core.reset()
            }
        }
    }

    /// Whether this worker is the one that makes room for the caller.
    private func makesRoom() -> Bool { wantsRoom.pointee.exchange(0, ordering: .relaxed) == 1 }

    /// Leaves the work to the others for a while.
    private func rest() {
        let slice: UInt32 = 10_000
        for _ in 0..<CrowdedCore.restNanoseconds / UInt64(slice) / 1000 {
            if Self.call(claims.pointee.load(ordering: .relaxed)) == Self.stopped { return }
            usleep(slice)
        }
    }

    /// Waits for another call than `call`: spins for a while, then sleeps.
    private func awaitCall(after call: UInt64) {
        for _ in 0..<Self.spins {
            if Self.call(claims.pointee.load(ordering: .acquiring)) != call { return }
            vlmc_pause()
        }
        while true {
            let rung = bell.pointee.load(ordering: .sequentiallyConsistent)
            sleepers.pointee.wrappingAdd(1, ordering: .sequentiallyConsistent)
            let isNew = Self.call(claims.pointee.load(ordering: .sequentiallyConsistent)) != call
            if !isNew { vlmc_wait(bell, rung) }
            sleepers.pointee.wrappingSubtract(1, ordering: .sequentiallyConsistent)
            if isNew || Self.call(claims.pointee.load(ordering: .acquiring)) != call { return }
        }
    }
}
