// One safetensors file: mapped, its header checked, its tensors as views into the mapping.
// Not a checkpoint of several files: Checkpoint.swift.

import JSONText
import TensorTypes

/// A safetensors file whose header can be trusted: every tensor lies within the file and has the size it says.
public final class SafetensorsFile: Sendable {
    /// The file in memory.
    public let file: MappedFile
    /// The tensors in the order of their bytes.
    public let tensors: [TensorEntry]
    /// The texts under `__metadata__`.
    public let metadata: [String: String]

    /// Maps the file and checks its header. The bytes of tensors of a file that is copied must be loaded to be there.
    public init(path: String, access: MappedFile.AccessPattern = .random) throws(SafetensorsError) {
        do {
            file = try MappedFile(path: path, access: access)
        } catch {
            throw SafetensorsError(path: path, reason: .file(error))
        }
        let header: SafetensorsHeader
        do {
            header = try Self.readHeader(file)
        } catch {
            throw SafetensorsError(path: path, reason: error)
        }
        tensors = header.tensors
        metadata = header.metadata
    }

    /// The bytes of a tensor of this file, valid as long as this object.
    public func bytes(of tensor: TensorEntry) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: file.bytes[tensor.byteRange])
    }

    private static func readHeader(
        _ file: MappedFile
    ) throws(SafetensorsError.Reason) -> SafetensorsHeader {
        let bytes = file.bytes
        guard bytes.count >= 8 else { throw .tooShort(byteCount: bytes.count) }
        try load(0..<8, of: file)
        let declared = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        let allowed = min(bytes.count - 8, SafetensorsHeader.maximumBytes)
        guard let length = Int(exactly: declared), length <= allowed else {
            throw .headerTooLong(found: declared, allowed: allowed)
        }
        try load(8..<8 + length, of: file)
        do {
            let header = UnsafeRawBufferPointer(rebasing: bytes[8..<(8 + length)])
            return try SafetensorsHeader(header, dataOffset: 8 + length, dataByteCount: bytes.count - 8 - length)
        } catch {
            switch error {
            case .text(let error): throw .headerText(error)
            case .content(let problems): throw .headerContent(problems)
            }
        }
    }

    private static func load(_ range: Range<Int>, of file: MappedFile) throws(SafetensorsError.Reason) {
        do {
            try file.load(range)
        } catch {
            throw .file(error)
        }
    }
}

/// A safetensors file that cannot be used.
public struct SafetensorsError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong with the file.
    public enum Reason: Error, Sendable, Hashable {
        /// It cannot be mapped.
        case file(FileError)
        /// It is too short to hold even the length of a header.
        case tooShort(byteCount: Int)
        /// The header would be longer than the file, or than any header may be.
        case headerTooLong(found: UInt64, allowed: Int)
        /// The header is not JSON of the right form.
        case headerText(JSONError)
        /// The header declares tensors that cannot be.
        case headerContent(ProblemList<Problem>)
    }

    /// Something a header declares that cannot be.
    public enum Problem: Sendable, Hashable {
        /// A tensor lacks members.
        case missingMembers(tensor: String, members: [String])
        /// A tensor has elements of a type that is not supported.
        case unsupportedType(tensor: String, found: String)
        /// A shape has a negative or too many axes, or more elements than can be counted.
        case impossibleShape(tensor: String, shape: [Int])
        /// Offsets are not two ascending numbers from 0 on.
        case impossibleOffsets(tensor: String, offsets: [Int])
        /// Shape and type need another number of bytes than the offsets give.
        case sizeMismatch(tensor: String, shapeBytes: Int, offsetBytes: Int)
        /// A tensor ends beyond the data: the file is truncated.
        case beyondData(tensor: String, end: Int, dataBytes: Int)
        /// Two tensors share bytes.
        case overlap(tensor: String, with: String)
        /// Bytes of the data belong to no tensor.
        case unusedBytes(Range<Int>)
    }

    /// The file.
    public let path: String
    /// What is wrong with it.
    public let reason: Reason

    /// A line for each problem, beginning with the path.
    public var description: String {
        switch reason {
        case .file(let error): error.description
        case .tooShort(let count):
            "\(path): the file has \(count) bytes; a safetensors file begins with 8 that tell the length of its header"
        case .headerTooLong(let found, let allowed):
            "\(path): the header claims \(found) bytes; at most \(allowed) are possible. "
                + "Is the file truncated, or not safetensors?"
        case .headerText(let error): "\(path): header \(error)"
        case .headerContent(let problems): problems.lines.map { "\(path): \($0)" }.joined(separator: "\n")
        }
    }
}

extension SafetensorsError.Problem: CustomStringConvertible {
    /// One sentence, without the path.
    public var description: String {
        switch self {
        case .missingMembers(let tensor, let members): "\(tensor) has no \(members.joined(separator: ", no "))"
        case .unsupportedType(let tensor, let found):
            "\(tensor) has elements of type \(found); supported: "
                + ElementType.allCases.map(\.safetensorsName).joined(separator: " ")
        case .impossibleShape(let tensor, let shape): "\(tensor) has the shape \(shape), which no tensor can have"
        case .impossibleOffsets(let tensor, let offsets):
            "\(tensor) has the data_offsets \(offsets); two ascending numbers from 0 on are right"
        case .sizeMismatch(let tensor, let shapeBytes, let offsetBytes):
            "\(tensor) has \(offsetBytes) bytes by its data_offsets, but \(shapeBytes) by its shape and dtype"
        case .beyondData(let tensor, let end, let dataBytes):
            "\(tensor) ends at byte \(end) of the data, which has \(dataBytes); is the file truncated?"
        case .overlap(let tensor, let other): "\(tensor) shares bytes with \(other)"
        case .unusedBytes(let range):
            "bytes \(range.lowerBound) to \(range.upperBound - 1) of the data belong to no tensor"
        }
    }
}
