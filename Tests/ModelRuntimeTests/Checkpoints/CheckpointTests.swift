// Checkpoints of one file and of several: what is found, and every way in which files can disagree.

import JSONText
import TensorTypes
import Testing

@testable import ModelRuntime

@Suite struct CheckpointTests {
    private let folder: TemporaryFolder
    private let first = [TestTensor("a", .f32, [2], [1, 2]), TestTensor("b", .f32, [1], [3])]
    private let second = [TestTensor("c", .bf16, [2, 1], [4, 5])]

    init() throws { folder = try TemporaryFolder() }

    private func writeShards() throws {
        try folder.write(safetensors(first), to: "model-1.safetensors")
        try folder.write(safetensors(second), to: "model-2.safetensors")
        try writeIndex(["model-1.safetensors": first, "model-2.safetensors": second])
    }

    private func writeIndex(_ files: [String: [TestTensor]]) throws {
        try folder.write(checkpointIndex(files), to: Checkpoint.indexName)
    }

    private func problems() throws -> [CheckpointError.Problem] {
        let error = try #require(throws: CheckpointError.self) { try Checkpoint(path: folder.path) }
        #expect(!error.description.isEmpty)
        return error.problems.shown
    }

    @Test func oneFile() throws {
        try folder.write(safetensors(first), to: Checkpoint.fileName)
        for path in [folder.path, folder[Checkpoint.fileName]] {
            let checkpoint = try Checkpoint(path: path)
            #expect(checkpoint.tensors.keys.sorted() == ["a", "b"])
            #expect(checkpoint.folder == folder.path)
            #expect(checkpoint.tensors["a"].map { Array($0.bytes) } == first[0].bytes)
        }
    }

    @Test func severalFiles() throws {
        try writeShards()
        let checkpoint = try Checkpoint(path: folder.path)
        #expect(checkpoint.tensors.keys.sorted() == ["a", "b", "c"])
        #expect(checkpoint.files.count == 2)
        #expect(checkpoint.tensors["c"].map { Array($0.bytes) } == second[0].bytes)
    }

    @Test func oneFileWinsOverAnIndex() throws {
        try writeShards()
        try folder.write(safetensors(first), to: Checkpoint.fileName)
        #expect(try Checkpoint(path: folder.path).tensors.count == 2)
    }

    @Test func nothingThere() throws {
        try folder.write([], to: "pytorch_model.bin")
        try folder.write([], to: "README.md")
        #expect(try problems() == [.nothingFound(folder: folder.path, others: ["pytorch_model.bin"])])
        let error = try #require(throws: CheckpointError.self) { try Checkpoint(path: folder["no-folder"]) }
        #expect(error.problems.shown == [.nothingFound(folder: folder["no-folder"], others: [])])
        let single = try #require(throws: CheckpointError.self) { try Checkpoint(path: folder["x.safetensors"]) }
        #expect(single.problems.shown == [.missingFile(folder["x.safetensors"])])
    }

    @Test func everyMissingAndDamagedFileIsReported() throws {
        try writeIndex([
            "model-1.safetensors": first, "model-2.safetensors": second, "model-3.safetensors": [],
            "model-4.safetensors": [TestTensor("d", .u8, [0], [])],
        ])
        try folder.write([1, 2, 3], to: "model-2.safetensors")
        let found = try problems()
        #expect(found.count == 3)
        #expect(found.contains(.missingFile(folder["model-1.safetensors"])))
        #expect(found.contains(.missingFile(folder["model-4.safetensors"])))
        let damaged = SafetensorsError(path: folder["model-2.safetensors"], reason: .tooShort(byteCount: 3))
        #expect(found.contains(.safetensors(damaged)))
    }

    @Test func aTensorInTwoFiles() throws {
        try writeShards()
        try folder.write(safetensors(second + [first[0]]), to: "model-2.safetensors")
        let files = ["model-1.safetensors", "model-2.safetensors"].map { folder[$0] }
        #expect(try problems() == [.tensorTwice(tensor: "a", files: files)])
    }

    @Test func filesAndIndexDisagree() throws {
        try writeShards()
        let missing = TestTensor("z", .u8, [1], [0])
        try writeIndex(["model-1.safetensors": [first[0], second[0], missing], "model-2.safetensors": [first[1]]])
        #expect(
            try problems() == [
                .tensorNotInFile(tensor: "b", file: folder["model-2.safetensors"]),
                .tensorNotInFile(tensor: "c", file: folder["model-1.safetensors"]),
                .tensorNotInFile(tensor: "z", file: folder["model-1.safetensors"]),
            ]
        )
        try writeIndex(["model-1.safetensors": [first[0]], "model-2.safetensors": second])
        #expect(try problems() == [.tensorNotInIndex(tensor: "b", file: folder["model-1.safetensors"])])
    }

    @Test(arguments: ["../x.safetensors", "a/b.safetensors", "..", "", "x\\u0000y"])
    func indexThatLeavesTheFolder(name: String) throws {
        try folder.write(Array(#"{"weight_map":{"a":"\#(name)"}}"#.utf8), to: Checkpoint.indexName)
        guard case .indexFileName = try #require(try problems().first) else { return #expect(Bool(false)) }
    }

    @Test(arguments: [
        "", "{", "[]", #"{"weight_map":{"a":1}}"#, #"{"weight_map":{"a":"x","a":"y"}}"#, "{}",
        #"{"weight_map":{},"weight_map":{}}"#, #"{"weight_map":{}} x"#,
    ])
    func indexThatIsNone(text: String) throws {
        try folder.write(Array(text.utf8), to: Checkpoint.indexName)
        guard case .indexText(let path, _) = try #require(try problems().first) else { return #expect(Bool(false)) }
        #expect(path == folder[Checkpoint.indexName])
    }
}
