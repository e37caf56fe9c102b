// Checkpoints that are not what the model was compiled for: each is refused with its reason, and nothing stays behind.
// Headers and packed files by themselves are tested in ModelRuntimeTests; here is the whole way that a user takes.

import Foundation
import Generation
import InputProcessing
import ModelRuntime
import Testing

@Suite struct LoadingTests {
    private static let weights = "model.safetensors"

    /// The reason why a changed copy of the checkpoint is refused. No packed file may stay.
    private func refusal(_ change: (_ folder: String) throws -> Void) throws -> String {
        try Files.withCopy(of: "tiny-smollm2-b") { folder in
            try change(folder)
            let cache = folder + "/cache"
            var message = ""
            do {
                _ = try load(TinySmollm2B.self, from: folder) { $0.cacheFolder = cache }
                Issue.record("the checkpoint was taken")
            } catch {
                message = "\(error)"
            }
            let left = (try? FileManager.default.contentsOfDirectory(atPath: cache)) ?? []
            #expect(left.filter { !$0.hasSuffix(".lock") } == [], "nothing half-written may stay")
            return message
        }
    }

    private func edit(_ path: String, _ change: (inout Data) throws -> Void) throws {
        var data = try Data(contentsOf: URL(fileURLWithPath: path))
        try change(&data)
        try data.write(to: URL(fileURLWithPath: path))
    }

    /// Changes the header of a safetensors file as text of the same meaning elsewhere, and keeps its length right.
    private func editHeader(_ path: String, _ change: (String) -> String) throws {
        try edit(path) { data in
            let length = data.prefix(8).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
            let header = String(decoding: data[8..<8 + length], as: UTF8.self)
            let changed = Data(change(header).utf8)
            precondition(changed != Data(header.utf8), "the change changes nothing")
            var prefix = Data()
            for shift in 0..<8 { prefix.append(UInt8(truncatingIfNeeded: changed.count >> (8 * shift))) }
            data = prefix + changed + data[(8 + length)...]
        }
    }

    @Test func aFolderThatIsNotThere() throws {
        let error = #expect(throws: (any Error).self) { try load(TinySmollm2B.self, from: "/nowhere/at-all") }
        #expect(error.map { "\($0)" }?.contains("/nowhere/at-all") == true)
    }

    @Test func aMissingFile() throws {
        let message = try refusal { try FileManager.default.removeItem(atPath: "\($0)/\(Self.weights)") }
        #expect(message.contains("safetensors"))
    }

    @Test func aTruncatedFile() throws {
        let message = try refusal { folder in
            try edit("\(folder)/\(Self.weights)") { $0.removeLast($0.count / 3) }
        }
        #expect(message.contains(Self.weights))
    }

    @Test func aHeaderThatIsLongerThanTheFile() throws {
        let message = try refusal { folder in
            try edit("\(folder)/\(Self.weights)") { $0[5] = 0x7f }
        }
        #expect(message.contains(Self.weights))
    }

    @Test func aMissingTensor() throws {
        let message = try refusal { folder in
            try editHeader("\(folder)/\(Self.weights)") {
                $0.replacingOccurrences(of: "model.norm.weight", with: "model.nrom.weight")
            }
        }
        #expect(message.contains("model.norm.weight"))
        #expect(message.contains("model.nrom.weight"))
    }

    @Test func anUnsupportedType() throws {
        let message = try refusal { folder in
            try editHeader("\(folder)/\(Self.weights)") { $0.replacingOccurrences(of: "\"F32\"", with: "\"I32\"") }
        }
        #expect(message.contains("I32"))
    }

    @Test func aCheckpointOfAnotherModel() throws {
        let message = try refusal { folder in
            let other = Files.checkpoint("tiny-smollm2-c")
            try FileManager.default.removeItem(atPath: "\(folder)/\(Self.weights)")
            try FileManager.default.copyItem(atPath: "\(other)/\(Self.weights)", toPath: "\(folder)/\(Self.weights)")
        }
        #expect(message.contains("model.layers."))
    }

    @Test func aMissingTokenizer() throws {
        let message = try refusal { try FileManager.default.removeItem(atPath: "\($0)/tokenizer.json") }
        #expect(message.contains("tokenizer.json"))
    }

    @Test func aTokenizerOfAnotherKind() throws {
        let message = try refusal { folder in
            let text = #"{"model": {"type": "Unigram", "vocab": []}}"#
            try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/tokenizer.json"))
        }
        #expect(message.contains("tokenizer.json"))
        #expect(message.contains("Unigram"))
    }

    /// NaN weights are told and taken: the user may want to look at them.
    @Test func weightsThatAreNoNumbersAreTold() throws {
        try Files.withCopy(of: "tiny-smollm2-b") { folder in
            try edit("\(folder)/\(Self.weights)") { data in
                data.replaceSubrange((data.count - 4)..., with: [0, 0, 0xc0, 0x7f])
            }
            var notices: [String] = []
            let callbacks = PackingCallbacks { event in
                if case .notice(let notice) = event { notices.append("\(notice)") }
            }
            _ = try load(TinySmollm2B.self, from: folder, change: { $0.cacheFolder = nil }, callbacks: callbacks)
            #expect(notices.contains { $0.contains("1 elements that are NaN or infinite") })
        }
    }

    /// Packed weights are mapped the second time; a damaged file and an older one are packed again; answers stay.
    @Test func packedWeightsAreUsedRebuiltAndNeverTrusted() throws {
        try Files.withCopy(of: "tiny-smollm2-b") { folder in
            var packings = 0
            var notices: [String] = []
            func answer() throws -> [Int32] {
                packings = 0
                notices = []
                let callbacks = PackingCallbacks { event in
                    switch event {
                    case .progress(.packing, _, _): packings += 1
                    case .progress: break
                    case .notice(let notice): notices.append("\(notice)")
                    }
                }
                let loaded = try load(
                    TinySmollm2B.self,
                    from: folder,
                    change: { $0.cacheFolder = nil },
                    callbacks: callbacks
                )
                let prompt = try loaded.prompt("The total is")
                return try GenerationSession(loaded).generate(prompt, greedy(16)).tokens
            }
            let first = try answer()
            #expect(packings > 0)
            #expect(try answer() == first)
            #expect(packings == 0, "the second start maps what the first has packed")

            let packed = try #require(
                FileManager.default.contentsOfDirectory(atPath: "\(folder)/.vlmc").first { $0.hasSuffix(".packed") }
            )
            let path = "\(folder)/.vlmc/\(packed)"
            try edit(path) { $0[$0.count / 2] ^= 0xff }
            #expect(try answer() == first)
            #expect(packings > 0)
            #expect(notices.contains { $0.contains("is packed again") })

            try edit(path) { $0.removeLast($0.count / 2) }
            #expect(try answer() == first)
            #expect(packings > 0)

            try edit("\(folder)/\(Self.weights)") { $0[$0.count - 1] ^= 0x80 }
            _ = try answer()
            #expect(packings > 0, "the checkpoint has changed")
            #expect(notices.contains { $0.contains("the checkpoint has changed") })
            try edit("\(folder)/\(Self.weights)") { $0[$0.count - 1] ^= 0x80 }
            #expect(try answer() == first)
        }
    }
}
