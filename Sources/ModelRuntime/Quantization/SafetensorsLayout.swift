// The header of a safetensors file that is about to be written, and where its tensors go.
// Not the reading of such files: Checkpoints/SafetensorsFile.swift.

import JSONText
import TensorTypes

/// A safetensors file: its first bytes and the places of its tensors.
struct SafetensorsLayout {
    /// The length of the header and the header, a multiple of 8 bytes.
    let header: [UInt8]
    /// Where each tensor begins in the file.
    let offsets: [Int]
    let byteCounts: [Int]
    let dataBytes: Int

    /// The layout of these tensors in this order.
    init(_ contents: [(name: String, content: QuantizationPlan.Content)]) {
        var ends: [Int] = []
        var end = 0
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("__metadata__")
            writer.object { writer in
                writer.key("format")
                writer.string("pt")
            }
            for (name, content) in contents {
                let (element, shape) = content.type
                let byteCount = shape.reduce(element.byteCount, *)
                writer.key(name)
                writer.object { writer in
                    writer.key("dtype")
                    writer.string(element.safetensorsName)
                    writer.key("shape")
                    writer.array { writer in for size in shape { writer.integer(size) } }
                    writer.key("data_offsets")
                    writer.array { writer in
                        writer.integer(end)
                        writer.integer(end + byteCount)
                    }
                }
                end += byteCount
                ends.append(end)
            }
        }
        var text = writer.utf8
        text += [UInt8](repeating: UInt8(ascii: " "), count: roundedUp(text.count, to: 8) - text.count)
        let start = 8 + text.count
        header = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) } + text
        offsets = zip([0] + ends.dropLast(), ends).map { start + $0.0 }
        byteCounts = zip([0] + ends.dropLast(), ends).map { $0.1 - $0.0 }
        dataBytes = end
    }
}

extension QuantizationPlan.Content {
    /// The type of the tensor's elements, and its shape.
    fileprivate var type: (element: ElementType, shape: [Int]) {
        switch self {
        case .copy(let tensor): (tensor.entry.element, tensor.entry.shape)
        case .part(let part, _, _): (part.element, part.shape)
        }
    }
}
