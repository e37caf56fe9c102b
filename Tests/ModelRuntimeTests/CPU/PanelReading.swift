// Reads packed matrices element by element, by the layouts of kernels/cpu/README.md.
// Not through the kernels: what they pack is compared with this.

import TensorTypes

@testable import ModelRuntime

extension PackedMatrix {
    /// Input `input` of row `row`, counting rows as they lie in the panels.
    func value(row: Int, input: Int) -> Float {
        let place = PanelPlace(self, row: row, input: input)
        switch format {
        case .f32: return place.unit.load(fromByteOffset: 4 * place.element, as: Float.self)
        case .bf16: return Float(bf16: place.unit.load(fromByteOffset: 2 * place.element, as: UInt16.self))
        case .f16: return Float(place.unit.load(fromByteOffset: 2 * place.element, as: Float16.self))
        default: return Float(place.stored - place.zero) * place.scale
        }
    }
}

/// Where one weight lies, and what belongs to it.
struct PanelPlace {
    private let matrix: PackedMatrix
    private let row: Int
    private let input: Int

    init(_ matrix: PackedMatrix, row: Int, input: Int) {
        (self.matrix, self.row, self.input) = (matrix, row, input)
    }

    private var format: WeightFormat { matrix.format }
    private var lane: Int { row % WeightFormat.panelOutputs }
    private var inputInUnit: Int { input % format.unitInputs }
    private var weightBytes: Int { format.unitInputs * WeightFormat.panelOutputs * format.weightBits / 8 }
    private var panel: UnsafeRawPointer {
        matrix.panels + row / WeightFormat.panelOutputs * format.panelBytes(inputs: matrix.inputs)
    }

    var unit: UnsafeRawPointer { panel + input / format.unitInputs * format.unitBytes }

    /// The weight's number in its unit.
    var element: Int {
        let group = format.groupInputs
        return (inputInUnit / group * WeightFormat.panelOutputs + lane) * group + inputInUnit % group
    }

    /// What an integer format holds for the weight.
    var stored: Int {
        if format.weightBits == 8 { return Int(unit.load(fromByteOffset: element, as: UInt8.self)) }
        // Four bytes hold eight inputs: the low nibbles the first four, the high ones the others.
        let word = (inputInUnit / 8 * WeightFormat.panelOutputs + lane) * 4
        let byte = unit.load(fromByteOffset: word + inputInUnit % 4, as: UInt8.self)
        return Int(inputInUnit % 8 < 4 ? byte & 15 : byte >> 4)
    }

    /// What an integer format holds for a weight of zero.
    var zero: Int {
        guard format.hasZeroPoints else { return 1 << (format.weightBits - 1) }
        return Int(unit.load(fromByteOffset: weightBytes + 32 + lane, as: UInt8.self))
    }

    /// The scale of an integer format.
    var scale: Float {
        guard case .perInputs(let count) = format.scales else {
            let tail = panel + format.panelBytes(inputs: matrix.inputs) - format.tailBytes
            return tail.load(fromByteOffset: 4 * lane, as: Float.self)
        }
        return Float(unit.load(fromByteOffset: weightBytes + 32 * (inputInUnit / count) + 2 * lane, as: Float16.self))
    }
}
