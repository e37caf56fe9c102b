// A reader of safetensors that is just good enough for committed fixtures: whole files in memory, three element types.
// Not the runtime's reader, which maps files and trusts nothing: ModelRuntime/Checkpoints.

import Foundation
import JSONText
import TensorTypes

@testable import ReferenceInterpreter

struct SafetensorsFile {
    private struct Entry {
        let element: ElementType
        let shape: [Int]
        let bytes: Range<Int>
    }

    private let entries: [String: Entry]
    private let bytes: [UInt8]
    let path: String

    /// Reads the file, whose header is eight bytes of length and a JSON object.
    init(_ url: URL) throws {
        path = url.path
        bytes = [UInt8](try Data(contentsOf: url))
        let length = bytes.prefix(8).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
        let header = try JSONDocument(Array(bytes[8..<8 + length]))
        var entries: [String: Entry] = [:]
        for member in header.root.object ?? [] where member.key != "__metadata__" {
            guard let name = member.value["dtype"]?.string, let element = ElementType(safetensorsName: name),
                let shape = member.value["shape"]?.array?.compactMap(\.integer),
                let offsets = member.value["data_offsets"]?.array?.compactMap(\.integer), offsets.count == 2
            else { throw FixtureError("\(url.lastPathComponent): \(member.key) is not described") }
            let start = 8 + length
            entries[member.key] = Entry(
                element: element,
                shape: shape,
                bytes: start + offsets[0]..<start + offsets[1]
            )
        }
        self.entries = entries
    }

    var names: [String] { entries.keys.sorted() }

    /// The tensor of this name, or nil if there is none; bf16 is widened.
    func tensor(_ name: String) throws -> Tensor<Double>? {
        guard let entry = entries[name] else { return nil }
        let elements: [Double]
        switch entry.element {
        case .f32:
            elements = stride(from: entry.bytes.lowerBound, to: entry.bytes.upperBound, by: 4).map {
                Double(Float(bitPattern: word($0)))
            }
        case .bf16:
            elements = stride(from: entry.bytes.lowerBound, to: entry.bytes.upperBound, by: 2).map {
                Double(Float(bitPattern: (UInt32(bytes[$0]) | UInt32(bytes[$0 + 1]) << 8) << 16))
            }
        case .i32:
            elements = stride(from: entry.bytes.lowerBound, to: entry.bytes.upperBound, by: 4).map {
                Double(Int32(bitPattern: word($0)))
            }
        default: throw FixtureError("\(path): \(name) is of type \(entry.element)")
        }
        return try Tensor(shape: entry.shape, elements: elements)
    }

    private func word(_ start: Int) -> UInt32 {
        UInt32(bytes[start]) | UInt32(bytes[start + 1]) << 8 | UInt32(bytes[start + 2]) << 16
            | UInt32(bytes[start + 3]) << 24
    }
}

/// A fixture that is not what its README says.
struct FixtureError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
