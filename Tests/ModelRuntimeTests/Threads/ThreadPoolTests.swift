// The thread pool: every chunk once, whoever calls, however often.

import Glibc
import Synchronization
import Testing

@testable import ModelRuntime

/// Counts how often each chunk ran, and by which workers.
private final class ChunkRecord: Sendable {
    let counts: [CountedChunk]
    let badWorkers = Atomic<Int>(0)
    let workers: Int

    final class CountedChunk: Sendable { let count = Atomic<Int>(0) }

    init(chunks: Int, workers: Int) {
        counts = (0..<chunks).map { _ in CountedChunk() }
        self.workers = workers
    }

    static let function: ThreadPool.ChunkFunction = { context, chunk, worker in
        let record = Unmanaged<ChunkRecord>.fromOpaque(context).takeUnretainedValue()
        record.counts[Int(chunk)].count.wrappingAdd(1, ordering: .relaxed)
        if worker < 0 || Int(worker) >= record.workers { record.badWorkers.wrappingAdd(1, ordering: .relaxed) }
    }

    func run(on pool: ThreadPool) {
        pool.run(chunks: counts.count, context: Unmanaged.passUnretained(self).toOpaque(), Self.function)
    }

    func ran(times: Int) -> Bool {
        badWorkers.load(ordering: .relaxed) == 0
            && counts.allSatisfy { $0.count.load(ordering: .relaxed) == times }
    }
}

@Suite("thread pool")
struct ThreadPoolTests {
    @Test("counts the calls that several threads were offered")
    func joins() {
        let pool = ThreadPool(threads: 2)
        for chunks in [0, 1, 2, 5] { ChunkRecord(chunks: chunks, workers: 2).run(on: pool) }
        #expect(pool.joins == 2)
        let alone = ThreadPool(threads: 1)
        ChunkRecord(chunks: 5, workers: 1).run(on: alone)
        #expect(alone.joins == 0)
    }

    @Test("runs every chunk once", arguments: [1, 2, 3, 8])
    func everyChunkOnce(threads: Int) {
        let pool = ThreadPool(threads: threads)
        #expect(pool.threadCount == threads)
        for chunks in [0, 1, 2, 3, 7, 100, 1000] {
            let record = ChunkRecord(chunks: chunks, workers: threads)
            record.run(on: pool)
            #expect(record.ran(times: 1), "\(chunks) chunks on \(threads) threads")
        }
    }

    @Test("runs thousands of short calls")
    func manyCalls() {
        let pool = ThreadPool(threads: 4)
        let record = ChunkRecord(chunks: 5, workers: 4)
        for _ in 0..<20_000 { record.run(on: pool) }
        #expect(record.ran(times: 20_000))
    }

    @Test("wakes threads that have gone to sleep")
    func sleepingThreads() {
        let pool = ThreadPool(threads: 3)
        let record = ChunkRecord(chunks: 6, workers: 3)
        for _ in 0..<20 {
            usleep(3000)
            record.run(on: pool)
        }
        #expect(record.ran(times: 20))
    }

    @Test("sleeps until a slow chunk is done")
    func slowChunk() {
        let pool = ThreadPool(threads: 2)
        let finished = Atomic<Int>(0)
        for _ in 0..<3 {
            pool.forEach(2) { index in
                usleep(index == 0 ? 20_000 : 100)
                finished.wrappingAdd(1, ordering: .relaxed)
            }
        }
        #expect(finished.load(ordering: .relaxed) == 6)
    }

    @Test("lets what chunks wrote be read after the call")
    func resultsAreVisible() {
        let pool = ThreadPool(threads: 4)
        var squares = [Int](repeating: 0, count: 5000)
        squares.withUnsafeMutableBufferPointer { squares in
            nonisolated(unsafe) let squares = squares
            pool.forEach(squares.count) { squares[$0] = $0 * $0 }
        }
        #expect(squares == (0..<5000).map { $0 * $0 })
    }

    @Test("splits calls of more chunks than fit one claim word")
    func manyChunks() {
        let pool = ThreadPool(threads: 2)
        let count = Atomic<Int>(0)
        let sum = Atomic<Int>(0)
        let chunks = PoolState.mostChunks + 3
        pool.forEach(chunks) { chunk in
            count.wrappingAdd(1, ordering: .relaxed)
            sum.wrappingAdd(chunk, ordering: .relaxed)
        }
        #expect(count.load(ordering: .relaxed) == chunks)
        #expect(sum.load(ordering: .relaxed) == chunks * (chunks - 1) / 2)
    }

    @Test("serves calls from several threads in turn")
    func concurrentCallers() async {
        let pool = ThreadPool(threads: 3)
        let records = (0..<4).map { _ in ChunkRecord(chunks: 17, workers: 3) }
        await withTaskGroup { group in
            for record in records {
                group.addTask { for _ in 0..<500 { record.run(on: pool) } }
            }
        }
        #expect(records.allSatisfy { $0.ran(times: 500) })
    }

    @Test("ends its threads with it")
    func lifetimes() {
        for threads in [1, 2, 5] {
            for _ in 0..<20 {
                let pool = ThreadPool(threads: threads)
                let record = ChunkRecord(chunks: 3, workers: threads)
                record.run(on: pool)
                #expect(record.ran(times: 1))
            }
        }
    }

    @Test("refuses calls from within a chunk")
    func nestedCall() async {
        await #expect(processExitsWith: .failure) {
            let pool = ThreadPool(threads: 2)
            pool.forEach(2) { _ in pool.forEach(2) { _ in } }
        }
    }
}
