// Rounding with feedback against plain loops: the same integers, whatever the kernel set.
// What the feedback is: Quantization/CalibrationTests.swift.

import CPUKernels
import TensorTypes
import Testing

@testable import ModelRuntime

@Suite("packing with feedback")
struct FeedbackKernelTests {
    private static let size = InputMoments.blockInputs

    /// Any order and any numbers will do: inputs that do not exist have none to give.
    private static func feedback(inputs: Int, _ random: inout KernelRandom) -> (order: [UInt8], losses: [Float]) {
        var order: [UInt8] = []
        var losses: [Float] = []
        for first in stride(from: 0, to: inputs, by: size) {
            let permutation = random.permutation(size)
            order += permutation.map { UInt8($0) }
            for row in 0..<size {
                losses += (0..<size).map { column in
                    let exist = first + permutation[row] < inputs && first + permutation[column] < inputs
                    return column > row && exist ? random.floats(1, magnitude: 0.3)[0] : 0
                }
            }
        }
        return (order, losses)
    }

    private static func pack(
        _ values: [Float],
        inputs: Int,
        _ format: WeightFormat,
        _ kernelSet: String,
        order: [UInt8],
        losses: [Float],
        into memory: UnsafeMutableRawPointer
    ) throws {
        let kernels = try #require(CPUKernelSet.named(kernelSet)).table.pointee
        let types = [UInt32](repeating: VLMC_SOURCE_F32.rawValue, count: 16)
        values.withUnsafeBufferPointer { values in
            let rows = (0..<16).map { values.baseAddress.map { UnsafeRawPointer($0) }?.advanced(by: 4 * inputs * $0) }
            rows.withUnsafeBufferPointer { rows in
                types.withUnsafeBufferPointer { types in
                    order.withUnsafeBufferPointer { order in
                        losses.withUnsafeBufferPointer { losses in
                            var call = vlmc_pack_panels(
                                rows: rows.baseAddress.unsafelyUnwrapped,
                                source_types: types.baseAddress.unsafelyUnwrapped,
                                destination: memory,
                                inputs: Int32(inputs),
                                panels: 1,
                                format: format.kernelTag,
                                importance: nil,
                                feedback: losses.baseAddress,
                                order: order.baseAddress,
                                squared_error: 0,
                                squared_values: 0
                            )
                            _ = kernels.pack_panels(&call)
                        }
                    }
                }
            }
        }
    }

    /// The integers of one output by its scales and zero points, and how far each was from the middle between two.
    private static func rounded(
        _ row: [Float],
        _ matrix: PackedMatrix,
        output: Int,
        order: [UInt8],
        losses: [Float]
    ) -> [(integer: Int, certainty: Double)] {
        var result = [(integer: Int, certainty: Double)](repeating: (0, 0), count: row.count)
        let format = matrix.format
        for first in stride(from: 0, to: row.count, by: size) {
            let places = order[first..<first + size].map { first + Int($0) }
            var wanted = places.map { $0 < row.count ? Double(row[$0]) : 0 }
            for (index, input) in places.enumerated() where input < row.count {
                let place = PanelPlace(matrix, row: output, input: input)
                let (zero, scale) = (place.zero, Double(place.scale))
                let lowest = format.weightBits == 8 ? -127 : -zero
                let highest = format.weightBits == 8 ? 127 : 15 - zero
                let exact = scale > 0 ? wanted[index] / scale : 0
                let integer = min(max(Int(exact.rounded(.toNearestOrEven)), lowest), highest)
                let clipped = exact < Double(lowest) || exact > Double(highest)
                let certainty = clipped ? 0.5 : 0.5 - abs(exact - exact.rounded())
                result[input] = (integer + zero, certainty)
                let lost = wanted[index] - Double(integer) * scale
                for later in index + 1..<max(size, index + 1) {
                    wanted[later] += lost * Double(losses[(first + index) * size + later])
                }
            }
        }
        return result
    }

    @Test(arguments: runnableKernelSets, WeightFormat.all.filter(\.isInteger))
    func matchesPlainLoops(kernelSet: String, format: WeightFormat) throws {
        for inputs in [40, 128, 200, 300] {
            var random = KernelRandom(UInt64(inputs))
            let values = random.floats(16 * inputs)
            let (order, losses) = Self.feedback(inputs: inputs, &random)
            let memory = UnsafeMutableRawPointer.allocate(
                byteCount: format.panelBytes(inputs: inputs),
                alignment: WeightFormat.panelAlignment
            )
            defer { memory.deallocate() }
            try Self.pack(values, inputs: inputs, format, kernelSet, order: order, losses: losses, into: memory)
            let matrix = PackedMatrix(panels: memory, outputs: 16, inputs: inputs, format: format)
            var uncertain = 0
            for output in 0..<16 {
                let row = Array(values[output * inputs..<(output + 1) * inputs])
                // A value at the middle between two integers may go either way, and the rest of its block with it.
                var isCertain = true
                let expected = Self.rounded(row, matrix, output: output, order: order, losses: losses)
                for first in stride(from: 0, to: inputs, by: Self.size) {
                    let places = order[first..<first + Self.size].map { first + Int($0) }.filter { $0 < inputs }
                    isCertain = true
                    for input in places {
                        isCertain = isCertain && expected[input].certainty > 1e-4
                        if !isCertain { uncertain += 1 }
                        let stored = PanelPlace(matrix, row: output, input: input).stored
                        if isCertain, stored != expected[input].integer {
                            Issue.record(
                                "\(format.name): \(stored), not \(expected[input].integer), at \(output), \(input)"
                            )
                            return
                        }
                    }
                }
            }
            #expect(uncertain < 16 * inputs / 4, "too little was compared")
        }
    }
}
