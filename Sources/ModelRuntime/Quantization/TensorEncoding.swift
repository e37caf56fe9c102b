// How the integers of a format are written into a checkpoint, so that other libraries read them, and this one.
// Not the reading (Checkpoints/QuantizedTensor.swift); not which tensors, nor the files (CheckpointQuantizer.swift).

import TensorTypes

/// The tensors that stand in a checkpoint for one quantised matrix.
struct TensorEncoding: Sendable {
    /// One of these tensors.
    struct Part: Sendable, Equatable {
        let name: String
        let element: ElementType
        let shape: [Int]

        var byteCount: Int { shape.reduce(element.byteCount, *) }
    }

    /// The two ways that readers know.
    enum Layout: Sendable {
        /// AWQ, version gemm: with zero points.
        case awq
        /// compressed-tensors, `pack-quantized`: symmetric, scales by group or by output.
        case packed
    }

    let format: WeightFormat
    let layout: Layout

    /// The encoding of an integer format, or nil for one that has no integers.
    init?(_ format: WeightFormat) {
        guard format.isInteger else { return nil }
        self.format = format
        layout = format.hasZeroPoints ? .awq : .packed
    }

    private var perWord: Int { 32 / format.weightBits }

    private func groupInputs(_ inputs: Int) -> Int { format.scaleInputs ?? inputs }

    /// Why a matrix `[outputs, inputs]` cannot be written, or nil if it can.
    func obstacle(outputs: Int, inputs: Int) -> String? {
        let group = groupInputs(inputs)
        if !inputs.isMultiple(of: group) { return "\(inputs) inputs are not whole groups of \(group)" }
        switch layout {
        case .awq: return outputs.isMultiple(of: 8) ? nil : "\(outputs) outputs are not whole words of 8"
        case .packed: return inputs.isMultiple(of: perWord) ? nil : "\(inputs) inputs are not whole words of \(perWord)"
        }
    }

    /// The tensors for the matrix that was called `name`, a name that ends in `.weight`.
    func parts(of name: String, outputs: Int, inputs: Int) -> [Part] {
        let stem = String(name.dropLast("weight".count))
        let groups = inputs / groupInputs(inputs)
        let scale = format.scaleElement
        switch layout {
        case .awq:
            return [
                Part(name: stem + "qweight", element: .i32, shape: [inputs, outputs / 8]),
                Part(name: stem + "qzeros", element: .i32, shape: [groups, outputs / 8]),
                Part(name: stem + "scales", element: scale, shape: [groups, outputs]),
            ]
        case .packed:
            return [
                Part(name: stem + "weight_packed", element: .i32, shape: [outputs, inputs / perWord]),
                Part(name: stem + "weight_scale", element: scale, shape: [outputs, groups]),
                Part(name: stem + "weight_shape", element: .i64, shape: [2]),
            ]
        }
    }

    /// Writes what does not depend on the weights.
    func writeShape(outputs: Int, inputs: Int, into parts: [UnsafeMutableRawBufferPointer]) {
        guard layout == .packed else { return }
        parts[2].storeBytes(of: Int64(outputs).littleEndian, toByteOffset: 0, as: Int64.self)
        parts[2].storeBytes(of: Int64(inputs).littleEndian, toByteOffset: 8, as: Int64.self)
    }

    /// Writes rows from `first` on into the memory of `parts`, which was zero. `first` is a multiple of 8.
    func write(
        _ rows: QuantizedRows,
        first: Int,
        count: Int,
        outputs: Int,
        into parts: [UnsafeMutableRawBufferPointer]
    ) {
        let inputs = rows.inputs
        for row in 0..<count {
            let output = first + row
            for input in 0..<inputs {
                let value = UInt32(rows.values[row * inputs + input])
                switch layout {
                case .awq: insert(value, .awq(row: input, output: output, of: outputs), into: parts[0])
                case .packed:
                    let shift = format.weightBits * (input % perWord)
                    insert(value, .word(output * (inputs / perWord) + input / perWord, shift: shift), into: parts[0])
                }
            }
            for group in 0..<rows.groupCount {
                let scale = rows.scales[row * rows.groupCount + group]
                switch layout {
                case .awq:
                    let zero = UInt32(rows.zeroPoints[row * rows.groupCount + group])
                    insert(zero, .awq(row: group, output: output, of: outputs), into: parts[1])
                    store(scale, at: group * outputs + output, into: parts[2])
                case .packed: store(scale, at: output * rows.groupCount + group, into: parts[1])
                }
            }
        }
    }

    /// A place in a tensor of words.
    private struct Place {
        let word: Int
        let shift: Int

        static func word(_ word: Int, shift: Int) -> Place { Place(word: word, shift: shift) }

        static func awq(row: Int, output: Int, of outputs: Int) -> Place {
            Place(word: row * (outputs / 8) + output / 8, shift: 4 * QuantizedTensor.awqPlaces[output % 8])
        }
    }

    private func insert(_ value: UInt32, _ place: Place, into memory: UnsafeMutableRawBufferPointer) {
        let old = UInt32(littleEndian: memory.load(fromByteOffset: 4 * place.word, as: UInt32.self))
        memory.storeBytes(
            of: (old | value << UInt32(place.shift)).littleEndian,
            toByteOffset: 4 * place.word,
            as: UInt32.self
        )
    }

    private func store(_ scale: Float, at index: Int, into memory: UnsafeMutableRawBufferPointer) {
        if format.scaleElement == .f16 {
            memory.storeBytes(of: Float16(scale).bitPattern.littleEndian, toByteOffset: 2 * index, as: UInt16.self)
        } else {
            memory.storeBytes(of: scale.bitPattern.littleEndian, toByteOffset: 4 * index, as: UInt32.self)
        }
    }
}
