// Packing that cannot succeed, or not there, or not alone: full disks, forbidden folders, cancellation, two at once.

import Glibc
import Synchronization
import TensorTypes
import Testing

@testable import ModelRuntime

@Suite struct PackingFailureTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.write(safetensors(SmallModel.tensors()), to: Checkpoint.fileName)
    }

    private func match() throws -> MatchedWeights {
        try MatchedWeights(SmallModel.manifest(), in: Checkpoint(path: folder.path))
    }

    /// A limit on the size of files stands in for a full disk: the same call fails in the same way.
    @Test func aFullDiskIsFoundBeforePacking() async {
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            try folder.write(safetensors(SmallModel.tensors()), to: Checkpoint.fileName)
            let matched = try MatchedWeights(SmallModel.manifest(), in: Checkpoint(path: folder.path))
            limitFileSize(to: 4096)
            var events = 0
            let callbacks = PackingCallbacks(onEvent: { _ in events += 1 })
            let error = try #require(throws: PackingError.self) {
                try PackedWeights.open(matched, pool: ThreadPool(threads: 2), callbacks: callbacks)
            }
            guard case .spaceExhausted(let file, let needed, _) = error else {
                Issue.record("another error: \(error)")
                return
            }
            #expect(file.operation == .reserveSpace && needed > 4096 && events == 0)
            #expect(error.description.contains("--cache names another folder"))
            #expect(folder.names(in: ".vlmc").allSatisfy { $0.hasSuffix(".lock") })
        }
    }

    /// An output that accepts a number of writes, as a disk does that fills up in spite of the reservation.
    private final class FillingOutput: WholeFileOutput {
        let accepted: Atomic<Int>
        let isDiscarded = Atomic<Bool>(false)

        init(accepting count: Int) { accepted = Atomic(count) }

        func reserve(byteCount: Int) {}

        func prepare(_ range: Range<Int>) {}

        func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(FileError) {
            guard accepted.wrappingSubtract(1, ordering: .relaxed).newValue >= 0 else {
                throw FileError(.write, "packed", code: ENOSPC)
            }
        }

        func commit() { Issue.record("an incomplete file must not be committed") }

        func discard() { isDiscarded.store(true, ordering: .relaxed) }
    }

    @Test(arguments: [0, 1, 5, 10]) func aDiskThatFillsUpWhilePacking(writes: Int) throws {
        let matched = try match()
        let layout = PackedLayout(matched, indexCount: PackedIndex(matched).numbers.count)
        let packer = WeightPacker(
            weights: matched,
            layout: layout,
            pool: ThreadPool(threads: 2),
            kernels: .best,
            callbacks: PackingCallbacks()
        )
        let error = try #require(throws: PackingError.self) { try packer.pack(into: FillingOutput(accepting: writes)) }
        guard case .spaceExhausted(let file, _, _) = error else { return #expect(Bool(false)) }
        #expect(file.code == ENOSPC)
    }

    @Test func cancellationLeavesNothingBehind() throws {
        for allowed in [0, 1, 3, 9] {
            var questions = 0
            let callbacks = PackingCallbacks(isCancelled: {
                questions += 1
                return questions > allowed
            })
            #expect(throws: PackingError.cancelled) {
                try PackedWeights.open(match(), pool: ThreadPool(threads: 2), callbacks: callbacks)
            }
            #expect(folder.names(in: ".vlmc").allSatisfy { $0.hasSuffix(".lock") })
        }
    }

    @Test func aLeftoverOfAKilledProcessIsNoObstacle() throws {
        let pool = ThreadPool(threads: 1)
        let path = try PackedWeights.open(match(), pool: pool).path
        let intact = try contents(of: path)
        unlink(path)
        let leftover = [UInt8](repeating: 7, count: intact.count * 2)
        try folder.write(leftover, to: ".vlmc/\(fileName(path)).partial")
        #expect(try contents(of: PackedWeights.open(match(), pool: pool).path) == intact)
        #expect(!folder.names(in: ".vlmc").contains { $0.hasSuffix(".partial") })
    }

    @Test func aCacheFolderIsUsedAndMade() throws {
        let cache = folder["some/cache"]
        let weights = try PackedWeights.open(match(), cacheFolder: cache, pool: ThreadPool(threads: 1))
        #expect(weights.path.hasPrefix(cache))
        #expect(!folder.names().contains(".vlmc"))
    }

    @Test func aCacheFolderThatIsAFileIsAnError() throws {
        try folder.write([], to: "file")
        let error = try #require(throws: PackingError.self) {
            try PackedWeights.open(match(), cacheFolder: folder["file"], pool: ThreadPool(threads: 1))
        }
        guard case .noWritableFolder(let refusals) = error else { return #expect(Bool(false)) }
        #expect(refusals.map(\.code) == [ENOTDIR])
    }

    /// The superuser may write everywhere, so a process of its own gives up its privileges first.
    @Test func aReadOnlyCheckpointGoesToTheUsersCache() async {
        await #expect(processExitsWith: .success) {
            if geteuid() == 0 { try #require(setgid(65_534) == 0 && setuid(65_534) == 0) }
            let folder = try TemporaryFolder()
            try makeFolders(folder["model"])
            try folder.write(safetensors(SmallModel.tensors()), to: "model/\(Checkpoint.fileName)")
            chmod(folder["model"], 0o555)
            let matched = try MatchedWeights(SmallModel.manifest(), in: Checkpoint(path: folder["model"]))
            let pool = ThreadPool(threads: 1)
            var notices: [PackingNotice] = []
            let callbacks = PackingCallbacks(onEvent: { if case .notice(let notice) = $0 { notices.append(notice) } })

            setenv("XDG_CACHE_HOME", folder["cache"], 1)
            let weights = try PackedWeights.open(matched, pool: pool, callbacks: callbacks)
            #expect(weights.path.hasPrefix(folder["cache/vlmc/"]))
            let refused = FileError(.create, folder["model/.vlmc"], code: EACCES)
            #expect(notices == [.otherFolder(refused: refused, used: folder["cache/vlmc"])])
            notices = []
            #expect(try PackedWeights.open(matched, pool: pool, callbacks: callbacks).path == weights.path)
            #expect(notices.isEmpty)

            // Read-only packed weights are as good as others.
            chmod(folder["cache/vlmc"], 0o555)
            #expect(try PackedWeights.open(matched, pool: pool, callbacks: callbacks).path == weights.path)
            #expect(notices.isEmpty)

            setenv("XDG_CACHE_HOME", folder["model/cache"], 1)
            let error = try #require(throws: PackingError.self) { try PackedWeights.open(matched, pool: pool) }
            guard case .noWritableFolder(let refusals) = error else {
                Issue.record("another error: \(error)")
                return
            }
            #expect(refusals.map(\.path) == [folder["model/.vlmc"], folder["model/cache"]])
        }
    }

    @Test func severalAtOncePackOnce() async throws {
        let path = folder.path
        let outcomes = try await withThrowingTaskGroup { group in
            for _ in 0..<4 {
                group.addTask {
                    var isPacking = false
                    let callbacks = PackingCallbacks(onEvent: { event in
                        if case .progress(.packing, _, _) = event { isPacking = true }
                    })
                    let matched = try MatchedWeights(SmallModel.manifest(), in: Checkpoint(path: path))
                    let weights = try PackedWeights.open(matched, pool: ThreadPool(threads: 1), callbacks: callbacks)
                    return (path: weights.path, isPacking: isPacking, last: weights.vector("finalNorm")[39])
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.count { $0.isPacking } == 1)
        #expect(Set(outcomes.map(\.path)).count == 1 && Set(outcomes.map(\.last)).count == 1)
    }
}
