// The JSON header of a safetensors file, read and checked before anything else trusts it.
// Not the file around it: SafetensorsFile.swift. The format: github.com/huggingface/safetensors, README.

import JSONText
import TensorTypes

/// A tensor as a safetensors header declares it.
public struct TensorEntry: Sendable, Hashable {
    /// Its name in the file.
    public let name: String
    /// The type of its elements.
    public let element: ElementType
    /// Its axes, outermost first; a single number has none.
    public let shape: [Int]
    /// Its bytes in the file, row-major and little-endian.
    public let byteRange: Range<Int>

    /// The number of its elements.
    public var elementCount: Int { shape.reduce(1, *) }
}

/// What a header declares, checked: tensors of known types that fill the data without overlap or hole.
struct SafetensorsHeader {
    /// The tensors in the order of their bytes.
    private(set) var tensors: [TensorEntry] = []
    /// The texts under `__metadata__`.
    private(set) var metadata: [String: String] = [:]

    /// The most bytes that a header may have, as in the format's own library.
    static let maximumBytes = 100_000_000
    /// The most axes that a tensor may have.
    static let maximumAxes = 64

    private var problems = ProblemList<SafetensorsError.Problem>()

    /// Reads the header, after which data of `dataByteCount` bytes follows from `dataOffset` on.
    init(
        _ bytes: UnsafeRawBufferPointer,
        dataOffset: Int,
        dataByteCount: Int
    ) throws(SafetensorsHeaderFailure) {
        do throws(JSONError) {
            try read(bytes, dataOffset: dataOffset)
        } catch {
            throw .text(error)
        }
        checkCoverage(dataOffset..<(dataOffset + dataByteCount))
        guard problems.isEmpty else { throw .content(problems) }
    }

    private mutating func read(_ bytes: UnsafeRawBufferPointer, dataOffset: Int) throws(JSONError) {
        var reader = try JSONReader(bytes)
        var names: Set<String> = []
        try reader.enterObject()
        while let key = try reader.nextKey() {
            let name = key.string
            guard names.insert(name).inserted else {
                throw reader.failure(.duplicateKey(name), at: key.offset - 1)
            }
            if name == "__metadata__" {
                metadata = try Self.readMetadata(&reader)
            } else {
                try readTensor(name, &reader, dataOffset: dataOffset)
            }
        }
        try reader.finish()
    }

    private static func readMetadata(_ reader: inout JSONReader) throws(JSONError) -> [String: String] {
        var metadata: [String: String] = [:]
        try reader.enterObject()
        while let key = try reader.nextKey() {
            let name = key.string
            let text = try reader.readString().string
            guard metadata.updateValue(text, forKey: name) == nil else {
                throw reader.failure(.duplicateKey(name), at: key.offset - 1)
            }
        }
        return metadata
    }

    /// Reads one tensor. Members beyond the format's three are ignored, as its own library does.
    private mutating func readTensor(
        _ name: String,
        _ reader: inout JSONReader,
        dataOffset: Int
    ) throws(JSONError) {
        var typeName: String?
        var shape: [Int]?
        var offsets: [Int]?
        try reader.enterObject()
        while let key = try reader.nextKey() {
            let isRepeated: Bool
            if key == "dtype" {
                isRepeated = typeName != nil
                typeName = try reader.readString().string
            } else if key == "shape" {
                isRepeated = shape != nil
                shape = try Self.readIntegers(&reader)
            } else if key == "data_offsets" {
                isRepeated = offsets != nil
                offsets = try Self.readIntegers(&reader)
            } else {
                isRepeated = false
                try reader.skipValue()
            }
            if isRepeated { throw reader.failure(.duplicateKey(key.string), at: key.offset - 1) }
        }
        guard let typeName, let shape, let offsets else {
            let missing = [("dtype", typeName == nil), ("shape", shape == nil), ("data_offsets", offsets == nil)]
            problems.append(.missingMembers(tensor: name, members: missing.filter(\.1).map(\.0)))
            return
        }
        append(name, typeName: typeName, shape: shape, offsets: offsets, dataOffset: dataOffset)
    }

    /// Reads integers; of more than a tensor can have axes the rest is read past and counted as one.
    private static func readIntegers(_ reader: inout JSONReader) throws(JSONError) -> [Int] {
        var integers: [Int] = []
        try reader.enterArray()
        while try reader.hasNextElement() {
            if integers.count <= maximumAxes {
                integers.append(try reader.readInteger())
            } else {
                try reader.skipValue()
            }
        }
        return integers
    }

    private mutating func append(
        _ name: String,
        typeName: String,
        shape: [Int],
        offsets: [Int],
        dataOffset: Int
    ) {
        guard let element = ElementType(safetensorsName: typeName) else {
            problems.append(.unsupportedType(tensor: name, found: typeName))
            return
        }
        var count = 1
        var overflows = shape.count > Self.maximumAxes
        for size in shape where !overflows { (count, overflows) = count.multipliedReportingOverflow(by: size) }
        let (bytes, bytesOverflow) = count.multipliedReportingOverflow(by: element.byteCount)
        guard !overflows, !bytesOverflow, shape.allSatisfy({ $0 >= 0 }) else {
            problems.append(.impossibleShape(tensor: name, shape: Array(shape.prefix(Self.maximumAxes))))
            return
        }
        guard offsets.count == 2, offsets[0] >= 0, offsets[1] >= offsets[0],
            !dataOffset.addingReportingOverflow(offsets[1]).overflow
        else {
            problems.append(.impossibleOffsets(tensor: name, offsets: Array(offsets.prefix(3))))
            return
        }
        guard offsets[1] - offsets[0] == bytes else {
            problems.append(
                .sizeMismatch(tensor: name, shapeBytes: bytes, offsetBytes: offsets[1] - offsets[0])
            )
            return
        }
        let range = (dataOffset + offsets[0])..<(dataOffset + offsets[1])
        tensors.append(TensorEntry(name: name, element: element, shape: shape, byteRange: range))
    }

    /// Checks that the tensors, one after the other, are the data: nothing twice, nothing left out, nothing beyond.
    private mutating func checkCoverage(_ data: Range<Int>) {
        tensors.sort { left, right in
            let (leftRange, rightRange) = (left.byteRange, right.byteRange)
            return (leftRange.lowerBound, leftRange.upperBound, left.name)
                < (rightRange.lowerBound, rightRange.upperBound, right.name)
        }
        // A hole next to a tensor that was refused for another reason is no news.
        let isComplete = problems.isEmpty
        var end = data.lowerBound
        var previous = ""
        for tensor in tensors {
            let range = tensor.byteRange
            if range.upperBound > data.upperBound {
                problems.append(
                    .beyondData(
                        tensor: tensor.name,
                        end: range.upperBound - data.lowerBound,
                        dataBytes: data.count
                    )
                )
            } else if range.lowerBound < end {
                problems.append(.overlap(tensor: tensor.name, with: previous))
            } else if range.lowerBound > end, isComplete {
                problems.append(.unusedBytes((end - data.lowerBound)..<(range.lowerBound - data.lowerBound)))
            }
            if range.upperBound > end { (end, previous) = (range.upperBound, tensor.name) }
        }
        if end < data.upperBound, isComplete {
            problems.append(.unusedBytes((end - data.lowerBound)..<data.count))
        }
    }
}

/// Why a header cannot be used.
enum SafetensorsHeaderFailure: Error {
    /// It is not JSON of the right form.
    case text(JSONError)
    /// It declares what cannot be.
    case content(ProblemList<SafetensorsError.Problem>)
}
