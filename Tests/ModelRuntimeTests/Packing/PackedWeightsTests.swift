// Packed weights hold the numbers of the checkpoint, and are used again as long as they are whole and of it.

import Glibc
import Synchronization
import TensorTypes
import Testing

@testable import ModelRuntime

@Suite struct PackedWeightsTests {
    private let folder: TemporaryFolder
    private let pool = ThreadPool(threads: 2)

    init() throws { folder = try TemporaryFolder() }

    private func write(_ tensors: [TestTensor]) throws {
        try folder.write(safetensors(tensors), to: Checkpoint.fileName)
    }

    private func match(_ format: WeightFormat = .bf16) throws -> MatchedWeights {
        try MatchedWeights(SmallModel.manifest(format), in: Checkpoint(path: folder.path))
    }

    /// Opens the weights and tells what happened.
    private func open(
        _ format: WeightFormat = .bf16,
        cache: String? = nil
    ) throws -> (weights: PackedWeights, events: [PackingEvent]) {
        var events: [PackingEvent] = []
        let callbacks = PackingCallbacks(onEvent: { events.append($0) })
        let weights = try PackedWeights.open(match(format), cacheFolder: cache, pool: pool, callbacks: callbacks)
        return (weights, events)
    }

    private func phases(_ events: [PackingEvent]) -> Set<PackingEvent.Phase> {
        Set(events.compactMap { if case .progress(let phase, _, _) = $0 { phase } else { nil } })
    }

    private func notices(_ events: [PackingEvent]) -> [PackingNotice] {
        events.compactMap { if case .notice(let notice) = $0 { notice } else { nil } }
    }

    private var packedName: String {
        get throws { try #require(folder.names(in: ".vlmc").first { $0.hasSuffix(".packed") }) }
    }

    // MARK: Contents

    @Test(arguments: [WeightFormat.f32, .bf16]) func holdTheNumbersOfTheCheckpoint(format: WeightFormat) throws {
        let tensors = Dictionary(uniqueKeysWithValues: SmallModel.tensors().map { ($0.name, $0) })
        try write(Array(tensors.values))
        let (weights, _) = try open(format)
        defer { withExtendedLifetime(weights) {} }
        func rounded(_ value: Float, _ format: WeightFormat) -> Float {
            format == .bf16 ? Float(bitPattern: UInt32(roundedToBF16(value)) << 16) : value
        }
        func expect(_ matrix: PackedMatrix, row: Int, of source: String?, sourceRow: Int) throws {
            let tensor = try source.map { try #require(tensors[$0]) }
            for input in 0..<matrix.inputs {
                let expected = tensor.map { $0.values[sourceRow * matrix.inputs + input] } ?? 0
                #expect(matrix.value(row: row, input: input) == rounded(expected, matrix.format))
            }
        }
        let embedding = weights.matrix("embedding")
        #expect(embedding.outputs == 70 && embedding.inputs == SmallModel.hidden && embedding.format == format)
        for row in [0, 15, 16, 69] { try expect(embedding, row: row, of: "model.embed.weight", sourceRow: row) }
        for row in 70..<80 { try expect(embedding, row: row, of: nil, sourceRow: 0) }

        let patches = weights.matrix("patches")
        #expect(patches.format == .f32 && patches.inputs == 27)
        for row in 0..<24 { try expect(patches, row: row, of: "visual.proj.weight", sourceRow: row) }

        for layer in 0..<2 {
            let prefix = "model.layers.\(layer)"
            let heads = weights.matrix("queryKeyValue", of: "textLayer", layer: layer)
            for row in [0, 19] { try expect(heads, row: row, of: "\(prefix).q.weight", sourceRow: row) }
            for row in [20, 33] { try expect(heads, row: row, of: "\(prefix).k.weight", sourceRow: row - 20) }
            for row in [34, 47] { try expect(heads, row: row, of: nil, sourceRow: 0) }

            let gateUp = weights.matrix("gateUp", of: "textLayer", layer: layer)
            #expect(gateUp.outputs == SmallModel.intermediate)
            for row in [0, 17, 36] {
                let packedRow = row / 16 * 32 + row % 16
                try expect(gateUp, row: packedRow, of: "\(prefix).gate.weight", sourceRow: row)
                try expect(gateUp, row: packedRow + 16, of: "\(prefix).up.weight", sourceRow: row)
            }
            try expect(gateUp, row: 64 + 5, of: nil, sourceRow: 0)

            let bias = weights.vector("queryKeyValueBias", of: "textLayer", layer: layer)
            let query = try #require(tensors["\(prefix).q.bias"]).values
            let value = try #require(tensors["\(prefix).v.bias"]).values
            let expected = query + [Float](repeating: 0, count: 14) + value
            #expect((0..<48).map { bias[$0] } == expected)
        }
        let norm = try #require(tensors["model.norm.weight"])
        let found = weights.vector("finalNorm")
        #expect((0..<48).map { found[$0] } == norm.values + [Float](repeating: 0, count: 8))
    }

    /// Matrices of several chunks and panels of more than a chunk.
    @Test(arguments: [(400, 3000), (20, 20_000)]) func largeMatrices(outputs: Int, inputs: Int) throws {
        let values = (0..<outputs * inputs).map { Double($0 % 1021) / 64 }
        try write([TestTensor("w", .f32, [outputs, inputs], values)])
        let manifest = WeightManifest(
            [.matrix("w", outputs: outputs, inputs: inputs, .mlp, from: [.tensor("w", [outputs, inputs])])],
            formats: WeightFormats(.f32)
        )
        let matched = try MatchedWeights(manifest, in: Checkpoint(path: folder.path))
        for _ in 0..<2 {
            let weights = try PackedWeights.open(matched, pool: pool)
            let matrix = weights.matrix("w")
            defer { withExtendedLifetime(weights) {} }
            for row in [0, 1, outputs / 2, outputs - 1] {
                for input in [0, 1, inputs / 2, inputs - 1] {
                    #expect(matrix.value(row: row, input: input) == Float(values[row * inputs + input]))
                }
            }
            #expect(UInt(bitPattern: matrix.panels) % 4096 == 0)
        }
    }

    @Test func dataAtOddOffsets() throws {
        let tensor = TestTensor("w", .bf16, [3, 5], (0..<15).map(Double.init))
        let header =
            #"{"p":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"#
            + #""w":{"dtype":"BF16","shape":[3,5],"data_offsets":[1,31]}}"#
        try folder.write(safetensors(header: header, data: [0] + tensor.bytes), to: Checkpoint.fileName)
        let manifest = WeightManifest(
            [
                .matrix("w", outputs: 3, inputs: 5, .mlp, from: [.tensor("w", [3, 5])]),
                .vector("v", count: 15, from: [.tensor("w", [3, 5])]),
            ],
            formats: WeightFormats(.bf16),
            naming: TensorNaming(unused: ["p"])
        )
        let weights = try PackedWeights.open(
            MatchedWeights(manifest, in: Checkpoint(path: folder.path)),
            pool: pool
        )
        #expect(weights.matrix("w").value(row: 2, input: 4) == 14)
        #expect((0..<15).map { weights.vector("v")[$0] } == tensor.values)
        withExtendedLifetime(weights) {}
    }

    // MARK: Using packed weights again

    @Test func areUsedAgainWithoutReading() throws {
        try write(SmallModel.tensors())
        let first = try open()
        #expect(phases(first.events) == [.packing] && notices(first.events).isEmpty)
        guard case .progress(_, let done, let total)? = first.events.last else { return #expect(Bool(false)) }
        #expect(done == total)
        let names = folder.names(in: ".vlmc")
        #expect(names.count == 3 && !names.contains { $0.hasSuffix(".partial") })
        let second = try open()
        #expect(second.events.isEmpty)
        #expect(second.weights.path == first.weights.path)
        #expect(second.weights.byteCount == first.weights.byteCount)
    }

    @Test func oneFileForEachFormat() throws {
        try write(SmallModel.tensors())
        #expect(phases(try open(.bf16).events) == [.packing])
        #expect(phases(try open(.f32).events) == [.packing])
        #expect(try open(.bf16).events.isEmpty && open(.f32).events.isEmpty)
        #expect(folder.names(in: ".vlmc").count { $0.hasSuffix(".packed") } == 2)
    }

    @Test func aTouchedCheckpointIsComparedOnce() throws {
        try write(SmallModel.tensors())
        _ = try open()
        try write(SmallModel.tensors())
        #expect(phases(try open().events) == [.comparing])
        #expect(try open().events.isEmpty)
    }

    @Test func aChangedCheckpointIsPackedAgain() throws {
        try write(SmallModel.tensors())
        let first = try open().weights
        let before = withExtendedLifetime(first) { first.vector("finalNorm")[3] }
        var tensors = SmallModel.tensors()
        tensors[tensors.count - 1] = TestTensor(
            "model.norm.weight",
            .f32,
            [SmallModel.hidden],
            (0..<SmallModel.hidden).map { Double($0) + 100 }
        )
        try write(tensors)
        let (weights, events) = try open()
        #expect(phases(events) == [.comparing, .packing])
        #expect(notices(events) == [.checkpointChanged(path: weights.path)])
        #expect(before != 103 && weights.vector("finalNorm")[3] == 103)
        #expect(try open().events.isEmpty)
    }

    /// The bytes are the same, but they mean other numbers.
    @Test func aChangedTypeIsPackedAgain() throws {
        let manifest = WeightManifest([.vector("v", count: 4, from: [.tensor("v", [4])])], formats: WeightFormats(.f32))
        var tensor = TestTensor("v", .bf16, [4], [1, 2, 3, 4])
        try write([tensor])
        _ = try PackedWeights.open(MatchedWeights(manifest, in: Checkpoint(path: folder.path)), pool: pool)
        tensor.element = .f16
        try write([tensor])
        let weights = try PackedWeights.open(
            MatchedWeights(manifest, in: Checkpoint(path: folder.path)),
            pool: pool
        )
        #expect((0..<4).map { weights.vector("v")[$0] } == tensor.values)
    }

    @Test func movedWeightsAreChecked() throws {
        try write(SmallModel.tensors())
        _ = try open()
        let path = folder[".vlmc/\(try packedName)"]
        let bytes = try contents(of: path)
        unlink(path)
        try folder.write(bytes, to: ".vlmc/\(fileName(path))")
        #expect(phases(try open().events) == [.verifying, .comparing])
        #expect(try open().events.isEmpty)
        unlink(path + ".stamp")
        #expect(phases(try open().events) == [.verifying, .comparing])
        try folder.write(Array(#"{"packed":{"bytes":"x"}}"#.utf8), to: ".vlmc/\(fileName(path)).stamp")
        #expect(phases(try open().events) == [.verifying, .comparing])
        #expect(try open().events.isEmpty)
    }

    /// Packed weights of another checkpoint, put in the place of this one's with a stamp that once was right.
    @Test func weightsOfAnotherCheckpointAreNotUsed() throws {
        try write(SmallModel.tensors())
        _ = try open()
        let name = try packedName
        let other = try contents(of: folder[".vlmc/\(name)"])
        try write(SmallModel.tensors([.f32]))
        _ = try open()
        unlink(folder[".vlmc/\(name)"])
        try folder.write(other, to: ".vlmc/\(name)")
        #expect(notices(try open().events) == [.checkpointChanged(path: folder[".vlmc/\(name)"])])
    }

    // MARK: Damage

    @Test(arguments: ["header", "magic", "index", "payload", "truncated", "longer", "empty", "version"])
    func damagedFilesArePackedAgain(kind: String) throws {
        try write(SmallModel.tensors())
        let whole = try open().weights.path
        let name = fileName(whole)
        var bytes = try contents(of: whole)
        let intact = bytes
        var expected: PackedFileDamage
        switch kind {
        case "header": (bytes[20], expected) = (bytes[20] ^ 1, .header)
        case "magic": (bytes[0], expected) = (0, .header)
        case "index": (bytes[70], expected) = (bytes[70] ^ 1, .index)
        case "payload":
            (bytes[bytes.count - 900], expected) = (
                bytes[bytes.count - 900] ^ 1, .payload(entry: "textLayer[1].gateUp")
            )
        case "truncated":
            (bytes, expected) = (bytes.dropLast(5), .length(found: bytes.count - 5, expected: bytes.count))
        case "longer": (bytes, expected) = (bytes + [0], .length(found: bytes.count + 1, expected: bytes.count))
        case "version":
            let fields = (0..<8).map { index in
                bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self) }
            }
            let changed = [fields[0], fields[1] + 1] + fields[2..<7]
            let words = changed + [combinedHash(Array(changed))]
            bytes.replaceSubrange(0..<64, with: words.flatMap { littleEndian($0) })
            expected = .otherModel
        default: (bytes, expected) = ([], .length(found: 0, expected: bytes.count))
        }
        unlink(whole)
        try folder.write(bytes, to: ".vlmc/\(name)")
        let (weights, events) = try open()
        #expect(notices(events) == [.damaged(path: whole, expected)])
        #expect(phases(events).contains(.packing))
        #expect(try contents(of: weights.path) == intact, "packing is deterministic")
        #expect(try open().events.isEmpty)
    }

    /// Damage at any place is found: nothing in the file is trusted unchecked.
    @Test func everyByteIsChecked() throws {
        try write([
            TestTensor("v", .f32, [5], [1, 2, 3, 4, 5]), TestTensor("w", .f32, [2, 3], (0..<6).map(Double.init)),
        ])
        let manifest = WeightManifest(
            [
                .vector("v", count: 5, from: [.tensor("v", [5])]),
                .matrix("w", outputs: 2, inputs: 3, .mlp, from: [.tensor("w", [2, 3])]),
            ],
            formats: WeightFormats(.f32)
        )
        let matched = try MatchedWeights(manifest, in: Checkpoint(path: folder.path))
        let path = try PackedWeights.open(matched, pool: pool).path
        let intact = try contents(of: path)
        // Between header, index and weights there are bytes that nobody reads.
        let payload = [4096..<4160, 8192..<8384]
        let read = Array(0..<64 + 8 * PackedIndex(matched).numbers.count) + payload.flatMap(Array.init)
        #expect(intact.count == 8384)
        for place in stride(from: 0, to: read.count, by: 7) {
            var bytes = intact
            bytes[read[place]] ^= 0x10
            unlink(path)
            try folder.write(bytes, to: ".vlmc/\(fileName(path))")
            var damaged = 0
            let callbacks = PackingCallbacks(onEvent: { if case .notice(.damaged) = $0 { damaged += 1 } })
            let weights = try PackedWeights.open(matched, pool: pool, callbacks: callbacks)
            #expect(damaged == 1, "byte \(read[place])")
            #expect(weights.vector("v")[4] == 5)
        }
    }

    // MARK: Weights that are worth a warning

    @Test func nonFiniteWeightsAreToldAtEveryStart() throws {
        var tensors = SmallModel.tensors([.f32])
        func spoil(_ name: String, _ values: [Int: Float]) throws {
            let index = try #require(tensors.firstIndex { $0.name == name })
            for (place, value) in values {
                tensors[index].bytes.replaceSubrange(4 * place..<4 * place + 4, with: littleEndian(value.bitPattern))
            }
        }
        try spoil("model.layers.1.k.weight", [7: .nan, 300: .infinity, 301: -.infinity])
        try spoil("model.norm.weight", [0: .nan])
        try write(tensors)
        let expected: Set<PackingNotice> = [
            .nonFinite(tensor: "model.layers.1.k.weight", count: 3), .nonFinite(tensor: "model.norm.weight", count: 1),
        ]
        for _ in 0..<2 { #expect(Set(notices(try open().events)) == expected) }
    }

    @Test func tiedTensorsThatDifferAreTold() throws {
        let embedding = try #require(SmallModel.tensors().first { $0.name == "model.embed.weight" })
        var head = embedding
        head.name = "head.weight"
        try write(SmallModel.tensors() + [head])
        #expect(notices(try open().events).isEmpty)
        head.bytes[100] ^= 1
        try write(SmallModel.tensors() + [head])
        unlink(folder[".vlmc/\(try packedName)"])
        #expect(notices(try open().events) == [.tiedTensorDiffers(tensor: "head.weight", from: "model.embed.weight")])
    }
}
