// A packed file takes the place of those that older versions made of the same weights, and of no others.

import Glibc
import TensorTypes
import Testing

@testable import ModelRuntime

@Suite struct SupersededFilesTests {
    private let folder: TemporaryFolder
    private let pool = ThreadPool(threads: 1)

    init() throws {
        folder = try TemporaryFolder()
        try folder.write(safetensors(SmallModel.tensors()), to: Checkpoint.fileName)
    }

    /// Opens the weights, and gives their file and the files that were removed for it.
    private func open(
        _ format: WeightFormat = .bf16,
        cache: String? = nil
    ) throws -> (file: PackedFile, removed: [String]) {
        var removed: [String] = []
        let callbacks = PackingCallbacks { event in
            if case .notice(.superseded(let path)) = event { removed.append(path) }
        }
        let matched = try MatchedWeights(SmallModel.manifest(format), in: Checkpoint(path: folder.path))
        let weights = try PackedWeights.open(matched, cacheFolder: cache, pool: pool, callbacks: callbacks)
        return (PackedFile(path: weights.path), removed)
    }

    /// Makes the packed file that the next version would find of a version `distance` away: under another key.
    private func age(_ file: PackedFile, by distance: Int, key: String = "0123456789abcdef") throws -> PackedFile {
        var bytes = try contents(of: file.path)
        var fields = (0..<7).map { field in
            bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 8 * field, as: UInt64.self) }
        }
        fields[1] = UInt64(Int(fields[1]) - distance)
        bytes.replaceSubrange(0..<64, with: (fields + [combinedHash(fields)]).flatMap { littleEndian($0) })
        let name = fileName(file.path)
        let aged = PackedFile(path: joinedPath(parentFolder(of: file.path), key + name.dropFirst(16)))
        unlink(file.path)
        for (path, contents) in [(aged.path, bytes), (aged.stampPath, [1]), (aged.partialPath, [2])] {
            try folder.write(contents, to: String(path.dropFirst(folder.path.count + 1)))
        }
        return aged
    }

    private func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    @Test func filesOfOlderVersionsGo() throws {
        let old = try age(open().file, by: 1)
        let (file, removed) = try open()
        #expect(removed == [old.path])
        #expect(exists(file.path) && exists(file.stampPath))
        #expect(!exists(old.path) && !exists(old.stampPath) && !exists(old.partialPath))
    }

    @Test func whoHasAnOlderFileMappedKeepsIt() throws {
        let old = try age(open().file, by: 1)
        let expected = try contents(of: old.path)
        let mapped = try MappedFile(path: old.path)
        #expect(try open().removed == [old.path])
        #expect(withExtendedLifetime(mapped) { Array(mapped.bytes) } == expected)
    }

    @Test func otherFormatsAndNewerVersionsStay() throws {
        let single = try age(open(.f32).file, by: 1, key: "f32f32f32f32f32f")
        let newer = try age(open().file, by: -1, key: "000000000000newe")
        let damaged = try age(open().file, by: 1, key: "0000000000damage")
        try folder.write([7] + contents(of: damaged.path).dropFirst(), to: ".vlmc/\(fileName(damaged.path))")
        #expect(try open().removed.isEmpty)
        for file in [single, newer, damaged] {
            #expect(exists(file.path) && exists(file.stampPath) && exists(file.partialPath))
        }
    }

    @Test func otherCheckpointsOfASharedFolderStay() throws {
        let cache = folder["cache"]
        let own = try age(open(cache: cache).file, by: 1)
        let suffix = String(fileName(own.path).dropFirst(16))
        #expect(suffix.count == "-0123456789abcdef.packed".count)
        let other = PackedFile(path: joinedPath(cache, "0123456789abcdef-0123456789abcdef.packed"))
        try folder.write(contents(of: own.path), to: "cache/\(fileName(other.path))")
        #expect(try open(cache: cache).removed == [own.path])
        #expect(exists(other.path))
    }

    @Test func aFileThatIsBeingMadeStays() throws {
        let old = try age(open().file, by: 1)
        let lock = try FileLock(path: old.lockPath, onWait: {}, isCancelled: { true })
        #expect(try open().removed.isEmpty)
        withExtendedLifetime(lock) {}
        #expect(exists(old.path) && exists(old.partialPath))
    }

    /// What is used as it is supersedes nothing: whoever only reads a folder changes nothing in it.
    @Test func nothingGoesWhereNothingIsPacked() throws {
        let (file, _) = try open()
        let intact = try contents(of: file.path)
        let old = try age(file, by: 1)
        try folder.write(intact, to: ".vlmc/\(fileName(file.path))")
        #expect(try open().removed.isEmpty)
        #expect(exists(old.path))
    }
}
