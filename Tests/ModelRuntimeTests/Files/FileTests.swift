// Mapped files, files that appear whole or not at all, identities and locks.

import Glibc
import Testing

@testable import ModelRuntime

@Suite struct MappedFileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test(arguments: [MappedFile.AccessPattern.random, .sequential, .resident])
    func mapsTheContents(access: MappedFile.AccessPattern) throws {
        let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 * 7) }
        let file = try MappedFile(path: try folder.write(bytes, to: "a"), access: access)
        #expect(Array(file.bytes) == bytes)
        #expect(file.identity.byteCount == 10_000)
        file.releaseMemory(of: 0..<10_000)
        #expect(Array(file.bytes) == bytes)
    }

    @Test func copiesWhatIsLoaded() throws {
        let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 * 7) }
        let path = try folder.write(bytes, to: "a")
        let file = try MappedFile(path: path, access: .copied)
        try file.load(0..<5000)
        #expect(truncate(path, 6000) == 0)
        #expect(Array(file.bytes[..<5000]) == Array(bytes[..<5000]))
        try file.load(5000..<6000)
        #expect(Array(file.bytes[..<6000]) == Array(bytes[..<6000]))
        let error = try #require(throws: FileError.self) { try file.load(5990..<7000) }
        #expect(error.description == "cannot read '\(path)': No data available")
        #expect(unlink(path) == 0)
        try file.load(0..<6000)
        #expect(Array(file.bytes[..<6000]) == Array(bytes[..<6000]))
        #expect(try MappedFile(path: try folder.write([], to: "a"), access: .copied).bytes.isEmpty)
    }

    @Test func anEmptyFileHasNoBytes() throws {
        #expect(try contents(of: try folder.write([], to: "a")).isEmpty)
    }

    @Test func refusesWhatIsNoFile() throws {
        let missing = try #require(throws: FileError.self) { try MappedFile(path: folder["none"]) }
        #expect(missing.isMissing)
        #expect(missing.description == "cannot open '\(folder["none"])': No such file or directory")
        let directory = try #require(throws: FileError.self) { try MappedFile(path: folder.path) }
        #expect(directory.code == EISDIR)
        #expect(mkfifo(folder["pipe"], 0o600) == 0)
        let pipe = try #require(throws: FileError.self) { try MappedFile(path: folder["pipe"]) }
        #expect(pipe.code == EINVAL, "a pipe without a writer must not be waited for")
    }
}

@Suite struct FileIdentityTests {
    @Test func changesWithTheFile() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write([1, 2, 3], to: "a")
        let first = try FileIdentity(path: path)
        #expect(try FileIdentity(path: path) == first)
        try folder.write([1, 2, 3], to: "a")
        #expect(try FileIdentity(path: path) != first, "a replaced file has another number")
    }
}

@Suite struct AtomicWritingTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func replacesTheContents() throws {
        try folder.write([1, 2, 3], to: "a")
        try folder.write([4], to: "a")
        #expect(try contents(of: folder["a"]) == [4])
        #expect(folder.names() == ["a"])
    }

    @Test func leavesNothingBehindWithoutCommit() throws {
        try folder.write([9], to: "a")
        do {
            let file = try PartialFile(replacing: folder["a"])
            try file.reserve(byteCount: 100)
            try [1, 2, 3].withUnsafeBytes { try file.write($0, at: 10) }
            #expect(folder.names().count == 2)
        }
        #expect(folder.names() == ["a"])
        #expect(try contents(of: folder["a"]) == [9])
    }

    @Test func preparingChangesNothing() throws {
        let half = 3 << 20
        let bytes = (0..<2 * half).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 11) }
        let file = try PartialFile(replacing: folder["a"])
        file.prepare(0..<10)
        try file.reserve(byteCount: bytes.count)
        file.prepare(0..<half)
        try bytes[..<half].withUnsafeBytes { try file.write($0, at: 0) }
        file.prepare(half - 100..<2 * half + 5_000_000)
        file.prepare(9 << 20..<10 << 20)
        try bytes[half...].withUnsafeBytes { try file.write($0, at: half) }
        file.prepare(0..<bytes.count)
        try file.commit()
        #expect(try contents(of: folder["a"]) == bytes)
    }

    @Test func writesAtOffsets() throws {
        let file = try PartialFile(replacing: folder["a"], partialPath: folder["a.partial"])
        try file.reserve(byteCount: 8)
        try ([5, 6] as [UInt8]).withUnsafeBytes { try file.write($0, at: 6) }
        try ([1] as [UInt8]).withUnsafeBytes { try file.write($0, at: 0) }
        try file.commit()
        file.discard()
        #expect(folder.names() == ["a"])
        #expect(try contents(of: folder["a"]) == [1, 0, 0, 0, 0, 0, 5, 6])
    }

    @Test func aFolderThatDoesNotExistIsAnError() throws {
        let error = try #require(throws: FileError.self) { try writeAtomically([1], to: folder["no/file"]) }
        #expect(error.operation == .create && error.isMissing)
    }

    /// A limit on the size of files stands in for a full disk: the same call fails in the same way.
    @Test func aFullDiskLeavesTheOldContents() async {
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            try folder.write([7], to: "a")
            limitFileSize(to: 1000)
            let error = try #require(throws: FileError.self) {
                try writeAtomically([UInt8](repeating: 1, count: 5000), to: folder["a"])
            }
            #expect(error.operation == .write && error.isSpaceExhausted)
            #expect(folder.names() == ["a"])
            #expect(try contents(of: folder["a"]) == [7])
        }
    }
}

@Suite struct FileLockTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func oneAtATime() throws {
        let path = folder["lock"]
        var first: FileLock? = try FileLock(path: path, onWait: { Issue.record("it is free") }, isCancelled: { false })
        var waits = 0
        var questions = 0
        let error = try #require(throws: FileError.self) {
            try FileLock(
                path: path,
                onWait: { waits += 1 },
                isCancelled: {
                    questions += 1; return questions == 3
                }
            )
        }
        #expect(error.code == ECANCELED && waits == 1 && questions == 3)
        #expect(first != nil)
        first = nil
        _ = try FileLock(path: path, onWait: { Issue.record("it is free") }, isCancelled: { false })
    }

    @Test func waitsUntilItIsFree() throws {
        let path = folder["lock"]
        var first: FileLock? = try FileLock(path: path, onWait: {}, isCancelled: { false })
        #expect(first != nil)
        _ = try FileLock(
            path: path,
            onWait: {},
            isCancelled: {
                first = nil; return false
            }
        )
        #expect(first == nil)
    }
}

@Suite struct FolderTests {
    @Test func makesAllThatAreMissing() throws {
        let folder = try TemporaryFolder()
        try makeFolders(folder["a/b/c"])
        try makeFolders(folder["a/b/c"])
        try folder.write([], to: "a/b/c/file")
        #expect(folder.names(in: "a/b/c") == ["file"])
        try folder.write([], to: "plain")
        #expect(throws: FileError.self) { try makeFolders(folder["plain/x"]) }
    }
}

/// Lets files of this process grow to `byteCount` bytes only, as if the disk were full then.
func limitFileSize(to byteCount: UInt) {
    signal(SIGXFSZ, SIG_IGN)
    var limit = rlimit(rlim_cur: byteCount, rlim_max: byteCount)
    setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
}
