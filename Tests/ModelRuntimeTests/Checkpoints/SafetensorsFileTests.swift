// Safetensors files: what right ones give, and every way in which one can be wrong.

import JSONText
import TensorTypes
import Testing

import enum TestRandomness.FuzzRounds

@testable import ModelRuntime

@Suite struct SafetensorsFileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func open(_ bytes: [UInt8]) throws -> SafetensorsFile {
        try SafetensorsFile(path: try folder.write(bytes, to: "a.safetensors"))
    }

    /// Why a file with this header is refused.
    private func reason(
        header: String,
        data: Int = 0,
        declaredLength: UInt64? = nil
    ) throws -> SafetensorsError.Reason {
        let bytes = safetensors(
            header: header,
            data: [UInt8](repeating: 0, count: data),
            declaredLength: declaredLength
        )
        let error = try #require(throws: SafetensorsError.self) { try open(bytes) }
        #expect(error.description.contains(folder["a.safetensors"]))
        return error.reason
    }

    private func problems(header: String, data: Int = 0) throws -> [SafetensorsError.Problem] {
        guard case .headerContent(let list) = try reason(header: header, data: data) else {
            Issue.record("the header should be refused for its content")
            return []
        }
        return list.shown
    }

    private func jsonProblem(header: String, data: Int = 0) throws -> JSONError.Problem? {
        guard case .headerText(let error) = try reason(header: header, data: data) else { return nil }
        return error.what
    }

    @Test func givesTensorsOfEveryType() throws {
        let tensors = ElementType.allCases.sorted { $0.byteCount > $1.byteCount }
            .map { TestTensor("t.\($0.rawValue)", $0, [2, 3], [0, 1, 0, 1, 1, 0]) }
        let file = try open(safetensors(tensors))
        #expect(file.tensors.map(\.name) == tensors.map(\.name))
        for (entry, tensor) in zip(file.tensors, tensors) {
            #expect(entry.element == tensor.element && entry.shape == [2, 3] && entry.elementCount == 6)
            #expect(Array(file.bytes(of: entry)) == tensor.bytes)
        }
    }

    @Test func orderInTheHeaderDoesNotMatter() throws {
        let header = """
            {"__metadata__":{"format":"pt"},"b":{"data_offsets":[4,8],"dtype":"F32","shape":[]},\
            "c":{"shape":[0,7],"dtype":"BF16","data_offsets":[8,8]},\
            "a":{"dtype":"U8","extra":[{"x":null}],"shape":[2,2],"data_offsets":[0,4]}}
            """
        let file = try open(safetensors(header: header, data: [1, 2, 3, 4, 5, 6, 7, 8]))
        #expect(file.tensors.map(\.name) == ["a", "b", "c"])
        #expect(file.metadata == ["format": "pt"])
        #expect(Array(file.bytes(of: file.tensors[1])) == [5, 6, 7, 8])
    }

    @Test func anEmptyFileOfNoTensorsIsRight() throws {
        #expect(try open(safetensors(header: "{}")).tensors.isEmpty)
    }

    // MARK: The file as a whole

    @Test(arguments: [0, 1, 7]) func tooShortForALength(count: Int) throws {
        let error = try #require(throws: SafetensorsError.self) { try open([UInt8](repeating: 0, count: count)) }
        #expect(error.reason == .tooShort(byteCount: count))
    }

    @Test(arguments: [3, 4096, 1 << 40, UInt64(Int64.max), UInt64.max, UInt64.max - 7])
    func lyingHeaderLength(length: UInt64) throws {
        #expect(try reason(header: "{}", declaredLength: length) == .headerTooLong(found: length, allowed: 2))
    }

    @Test func missingFile() throws {
        let error = try #require(throws: SafetensorsError.self) { try SafetensorsFile(path: folder["none"]) }
        guard case .file(let fileError) = error.reason else { return #expect(Bool(false)) }
        #expect(fileError.isMissing)
    }

    /// Every possible truncation of a right file is refused.
    @Test func truncation() throws {
        let bytes = safetensors([TestTensor("a", .f32, [3], [1, 2, 3]), TestTensor("b", .bf16, [2], [1, 2])])
        for count in bytes.indices {
            #expect(throws: SafetensorsError.self) { try open(Array(bytes[..<count])) }
        }
        #expect(throws: Never.self) { try open(bytes) }
    }

    @Test func trailingBytes() throws {
        let bytes = safetensors([TestTensor("a", .u8, [2], [1, 2])]) + [0]
        let error = try #require(throws: SafetensorsError.self) { try open(bytes) }
        #expect(error.description.hasSuffix("bytes 2 to 2 of the data belong to no tensor"))
    }

    // MARK: The header's text

    @Test func headerThatIsNotJSON() throws {
        #expect(try jsonProblem(header: "") == .unexpectedEnd(expected: "a value"))
        #expect(try jsonProblem(header: "[1]") == .wrongKind(expected: "an object", found: "an array"))
        #expect(try jsonProblem(header: "{}x") == .trailingContent(UInt8(ascii: "x")))
        #expect(try jsonProblem(header: #"{"a":1}"#) == .wrongKind(expected: "an object", found: "a number"))
        let deep = #"{"a":{"x":\#(String(repeating: "[", count: 100_000))"#
        #expect(try jsonProblem(header: deep) == .tooDeep(limit: 128))
    }

    @Test func invalidUTF8() throws {
        let error = try #require(throws: SafetensorsError.self) {
            try open(littleEndian(UInt64(4)) + [0x7B, 0xFF, 0x22, 0x7D])
        }
        guard case .headerText(let json) = error.reason else { return #expect(Bool(false)) }
        #expect(json.what == .invalidUTF8)
    }

    @Test func duplicateKeys() throws {
        let tensor = #"{"dtype":"U8","shape":[0],"data_offsets":[0,0]}"#
        #expect(try jsonProblem(header: #"{"a":\#(tensor),"a":\#(tensor)}"#) == .duplicateKey("a"))
        #expect(try jsonProblem(header: #"{"\u0061":\#(tensor),"a":\#(tensor)}"#) == .duplicateKey("a"))
        #expect(try jsonProblem(header: #"{"__metadata__":{},"__metadata__":{}}"#) == .duplicateKey("__metadata__"))
        #expect(try jsonProblem(header: #"{"__metadata__":{"k":"1","k":"2"}}"#) == .duplicateKey("k"))
        #expect(try jsonProblem(header: #"{"a":{"dtype":"U8","dtype":"U8"}}"#) == .duplicateKey("dtype"))
    }

    @Test func metadataThatIsNotText() throws {
        #expect(
            try jsonProblem(header: #"{"__metadata__":{"k":1}}"#) == .wrongKind(expected: "a string", found: "a number")
        )
        #expect(
            try jsonProblem(header: #"{"__metadata__":[]}"#) == .wrongKind(expected: "an object", found: "an array")
        )
    }

    @Test(arguments: ["1.0", "1e3", "99999999999999999999", "\"1\"", "null"])
    func sizesThatAreNoIntegers(size: String) throws {
        let header = #"{"a":{"dtype":"U8","shape":[\#(size)],"data_offsets":[0,1]}}"#
        #expect(try jsonProblem(header: header, data: 1) != nil)
    }

    // MARK: What the header declares

    @Test func everyProblemIsReported() throws {
        let header = """
            {"a":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]},\
            "b":{"dtype":"F32","shape":[2],"data_offsets":[0,4]},\
            "c":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]},\
            "d":{"dtype":"F32","shape":[1],"data_offsets":[4,0]},\
            "e":{"dtype":"F32","shape":[1]},\
            "f":{"shape":[1]},\
            "g":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]},\
            "h":{"dtype":"F64","shape":[1152921504606846976],"data_offsets":[0,4]},\
            "i":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]},\
            "j":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]},\
            "k":{"dtype":"U8","shape":[\(String(repeating: "1,", count: 200))1],"data_offsets":[0,1]}}
            """
        let expected: [SafetensorsError.Problem] = [
            .unsupportedType(tensor: "a", found: "F8_E4M3"),
            .sizeMismatch(tensor: "b", shapeBytes: 8, offsetBytes: 4),
            .impossibleShape(tensor: "c", shape: [-1]),
            .impossibleOffsets(tensor: "d", offsets: [4, 0]),
            .missingMembers(tensor: "e", members: ["data_offsets"]),
            .missingMembers(tensor: "f", members: ["dtype", "data_offsets"]),
            .impossibleShape(tensor: "g", shape: [4_611_686_018_427_387_904, 4]),
            .impossibleShape(tensor: "h", shape: [1_152_921_504_606_846_976]),
            .impossibleOffsets(tensor: "i", offsets: [0, 4, 8]),
            .impossibleOffsets(tensor: "j", offsets: [-4, 0]),
            .impossibleShape(tensor: "k", shape: [Int](repeating: 1, count: 64)),
        ]
        #expect(try problems(header: header, data: 4) == expected)
    }

    @Test func offsetsAtTheEndOfTheNumbers() throws {
        let end = Int.max
        let header = #"{"a":{"dtype":"U8","shape":[\#(end)],"data_offsets":[0,\#(end)]}}"#
        #expect(try problems(header: header) == [.impossibleOffsets(tensor: "a", offsets: [0, end])])
    }

    @Test func overlap() throws {
        let header = """
            {"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}
            """
        #expect(try problems(header: header, data: 6) == [.overlap(tensor: "b", with: "a")])
        let inside = """
            {"a":{"dtype":"U8","shape":[6],"data_offsets":[0,6]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]},\
            "c":{"dtype":"U8","shape":[1],"data_offsets":[4,5]}}
            """
        #expect(
            try problems(header: inside, data: 6) == [
                .overlap(tensor: "b", with: "a"), .overlap(tensor: "c", with: "a"),
            ]
        )
    }

    @Test func holes() throws {
        let header = """
            {"a":{"dtype":"U8","shape":[2],"data_offsets":[1,3]},"b":{"dtype":"U8","shape":[1],"data_offsets":[5,6]}}
            """
        #expect(
            try problems(header: header, data: 9) == [.unusedBytes(0..<1), .unusedBytes(3..<5), .unusedBytes(6..<9)]
        )
    }

    @Test func beyondTheData() throws {
        let header = #"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}"#
        #expect(try problems(header: header, data: 3) == [.beyondData(tensor: "a", end: 4, dataBytes: 3)])
    }

    @Test func manyProblemsAreBounded() throws {
        let tensors = (0..<3000).map { #""t\#($0)":{"dtype":"X","shape":[],"data_offsets":[0,0]}"# }
        guard case .headerContent(let list) = try reason(header: "{\(tensors.joined(separator: ","))}") else {
            return #expect(Bool(false))
        }
        #expect(list.count == 3000 && list.shown.count == 1000)
        #expect(list.lines.last == "and 2000 more")
    }

    // MARK: Fuzz

    /// Files with damaged headers open or are refused; what opens lies within the file.
    @Test func damagedHeadersNeverDoHarm() throws {
        let rounds = 4000 * FuzzRounds.factor
        let seeds = [
            safetensors([TestTensor("a", .f32, [2, 2], [1, 2, 3, 4]), TestTensor("model.b", .bf16, [3], [1, 2, 3])]),
            safetensors(
                header: #"{"__metadata__":{"format":"pt"},"x":{"dtype":"I64","shape":[],"data_offsets":[0,8]}}"#,
                data: [UInt8](repeating: 9, count: 8)
            ),
        ]
        let pieces = [
            "{", "}", "[", "]", ",", ":", "\"", "\\u0000", "-1", "0", "1e9", "18446744073709551616",
            "9223372036854775807", "F8_E5M2", "BF16", "shape", "data_offsets", "dtype", "null", "true", "\u{0}", "é",
        ].map { Array($0.utf8) }
        var generator = SeededGenerator(seed: 2024)
        var opened = 0
        for _ in 0..<rounds {
            var bytes = seeds.randomElement(using: &generator) ?? []
            for _ in 0..<Int.random(in: 1...4, using: &generator) where !bytes.isEmpty {
                let place = Int.random(in: bytes.indices, using: &generator)
                switch generator.next() % 6 {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &generator)
                case 2: bytes.removeSubrange(place..<min(place + 9, bytes.count))
                case 3: bytes.insert(contentsOf: pieces.randomElement(using: &generator) ?? [], at: place)
                case 4: bytes.insert(contentsOf: bytes[place..<min(place + 20, bytes.count)], at: place)
                default: bytes.removeLast(bytes.count - place)
                }
            }
            if bytes.count >= 8, Bool.random(using: &generator) {
                let length = UInt64(bytes.count - 8 - min(bytes.count - 8, Int.random(in: 0...40, using: &generator)))
                bytes.replaceSubrange(0..<8, with: littleEndian(length))
            }
            do {
                let file = try open(bytes)
                opened += 1
                #expect(file.tensors.allSatisfy { $0.byteRange.upperBound <= bytes.count })
                #expect(file.tensors.allSatisfy { $0.byteRange.count == $0.elementCount * $0.element.byteCount })
            } catch is SafetensorsError {
                continue
            }
        }
        #expect(opened > 0 && opened < rounds, "damage should matter often, and not always")
    }
}
