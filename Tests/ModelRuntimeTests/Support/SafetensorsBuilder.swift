// Safetensors files for tests: right ones from tensors, wrong ones from any header.

import TensorTypes

@testable import ModelRuntime

/// A tensor to be written.
struct TestTensor {
    var name: String
    var element: ElementType
    var shape: [Int]
    var bytes: [UInt8]

    /// A tensor of these numbers, rounded to `element`.
    init(_ name: String, _ element: ElementType = .f32, _ shape: [Int], _ values: some Sequence<Double>) {
        self.name = name
        self.element = element
        self.shape = shape
        bytes = values.flatMap { Self.bytes(of: $0, as: element) }
    }

    private static func bytes(of value: Double, as element: ElementType) -> [UInt8] {
        switch element {
        case .f64: littleEndian(value.bitPattern)
        case .f32: littleEndian(Float(value).bitPattern)
        case .f16: littleEndian(Float16(value).bitPattern)
        case .bf16: littleEndian(roundedToBF16(Float(value)))
        default: littleEndian(UInt64(bitPattern: Int64(value))).prefix(element.byteCount).map(\.self)
        }
    }
}

/// The upper half of `value`, rounded to nearest, ties to even.
func roundedToBF16(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    if value.isNaN { return UInt16(bits >> 16) | 0x40 }
    return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
}

func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value.littleEndian, Array.init) }

/// A file with this header, whatever it says, and this data.
func safetensors(header: String, data: [UInt8] = [], declaredLength: UInt64? = nil) -> [UInt8] {
    littleEndian(declaredLength ?? UInt64(header.utf8.count)) + Array(header.utf8) + data
}

/// A file with these tensors, one after the other.
func safetensors(_ tensors: [TestTensor]) -> [UInt8] {
    var entries: [String] = []
    var data: [UInt8] = []
    for tensor in tensors {
        let offsets = "[\(data.count),\(data.count + tensor.bytes.count)]"
        entries.append(
            #""\#(tensor.name)":{"dtype":"\#(tensor.element.safetensorsName)","shape":\#(tensor.shape),"#
                + #""data_offsets":\#(offsets)}"#
        )
        data += tensor.bytes
    }
    let header = "{\(entries.joined(separator: ","))}"
    let padding = String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
    return safetensors(header: header + padding, data: data)
}

/// An index that puts tensors into files.
func checkpointIndex(_ files: [String: [TestTensor]]) -> [UInt8] {
    let entries = files.flatMap { file, tensors in tensors.map { #""\#($0.name)":"\#(file)""# } }.sorted()
    return Array(#"{"metadata":{"total_size":0},"weight_map":{\#(entries.joined(separator: ","))}}"#.utf8)
}
