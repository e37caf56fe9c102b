// Kernels without products: norms, embeddings, moved rows, elementwise functions and rotary tables.

import Glibc
import TensorTypes
import Testing

@testable import ModelRuntime

@Suite("row kernels")
struct RowKernelTests {
    @Test("normalises rows, in place or not", arguments: runnableKernelSets, NormCase.Kind.allCases)
    func norms(kernelSet: String, kind: NormCase.Kind) throws {
        let device = try poisonedDevice(kernelSet, threads: 3)
        for (rowCount, width) in [(0, 5), (1, 1), (3, 16), (2, 63), (5, 64), (7, 65), (40, 700), (2, 2048)] {
            var random = KernelRandom(UInt64(width))
            let norm = NormCase(kind, width: width, random: &random)
            let shifted = random.floats(rowCount * width).map { $0 + 3 }
            let input = GuardedFloats(shifted)
            let output = GuardedFloats(count: rowCount * width)
            device.normalize(input.start, rows: rowCount, width: width, norm: norm.norm, into: output.start)
            device.normalize(input.start, rows: rowCount, width: width, norm: norm.norm, into: input.start)
            let expected = rows(shifted, width: width).flatMap { row in
                // Taking away the mean, about 3, leaves its rounding behind.
                norm.reference(row).map { Estimate(value: $0, error: 3e-6 * (abs($0) + 4)) }
            }
            expectClose(output.values, width == 1 ? expected.map(loose) : expected, "\(kind), \(width), \(kernelSet)")
            #expect(output.guardsHold && input.guardsHold)
            #expect(input.values.map(\.bitPattern) == output.values.map(\.bitPattern))
        }
    }

    /// The variance of one number is 0, so that epsilon divides what rounding left.
    private func loose(_ estimate: Estimate) -> Estimate { Estimate(value: estimate.value, error: 1e-3) }

    @Test("reads rows of a packed table", arguments: runnableKernelSets, WeightFormat.all)
    func embeddings(kernelSet: String, format: WeightFormat) throws {
        let device = try poisonedDevice(kernelSet, threads: 2)
        for (vocabulary, width) in [(1, 1), (50, 17), (33, 64), (100, 255)] {
            var random = KernelRandom(UInt64(width))
            let values = random.bf16Floats(vocabulary * width)
            let matrix = OwnedMatrix(values, outputs: vocabulary, inputs: width, format: format)
            let table = matrix.values()
            let tokens = (0..<70).map { _ in Int32(random.integer(in: 0...(vocabulary - 1))) } + [Int32(vocabulary - 1)]
            let output = GuardedFloats(count: tokens.count * width)
            device.embed(tokens: tokens, table: matrix.matrix, into: output.start)
            #expect(output.values == tokens.flatMap { table[(Int($0) * width)..<((Int($0) + 1) * width)] })
            #expect(output.guardsHold)
        }
        let untouched = GuardedFloats(count: 1)
        let matrix = OwnedMatrix([1], outputs: 1, inputs: 1, format: format)
        device.embed(tokens: [], table: matrix.matrix, into: untouched.start)
        #expect(untouched.values[0].isNaN)
    }

    @Test("moves rows", arguments: runnableKernelSets)
    func movedRows(kernelSet: String) throws {
        let device = try poisonedDevice(kernelSet, threads: 2)
        for width in [1, 15, 32, 700] {
            var random = KernelRandom(UInt64(width))
            let count = 37
            let input = GuardedFloats(random.floats(count * width))
            let order = random.permutation(count).map(Int32.init)
            let gathered = GuardedFloats(count: count * width)
            device.gatherRows(of: input.start, width: width, indices: order, into: gathered.start)
            #expect(gathered.values == order.flatMap { input.values[(Int($0) * width)..<((Int($0) + 1) * width)] })
            let scattered = GuardedFloats(count: count * width)
            device.scatterRows(of: gathered.start, width: width, indices: order, into: scattered.start)
            #expect(scattered.values == input.values)
            let columns = (width / 3)..<(width - width / 4)
            let cut = GuardedFloats(count: count * columns.count)
            device.copyColumns(of: input.start, rows: count, width: width, columns: columns, into: cut.start)
            #expect(cut.values == (0..<count).flatMap { row in columns.map { input.values[row * width + $0] } })
            #expect(gathered.guardsHold && scattered.guardsHold && cut.guardsHold)
        }
    }

    @Test("replaces rows by image features", arguments: runnableKernelSets)
    func replacedRows(kernelSet: String) throws {
        let device = try poisonedDevice(kernelSet)
        let width = 20
        let features = ImageFeatures(count: 6, width: width)
        for index in features.values.indices { features.values[index] = Float(index) }
        let target = GuardedFloats([Float](repeating: -1, count: 10 * width))
        let runs = [
            RaggedBatch.FeatureRun(rows: 1..<3, features: features, firstFeature: 4),
            RaggedBatch.FeatureRun(rows: 3..<3, features: features, firstFeature: 6),
            RaggedBatch.FeatureRun(rows: 9..<10, features: features, firstFeature: 0),
        ]
        device.replaceRows(of: target.start, width: width, with: runs)
        let sources = [nil, 4, 5, nil, nil, nil, nil, nil, nil, 0]
        let expected = sources.flatMap { feature in
            (0..<width).map { column in feature.map { Float($0 * width + column) } ?? -1 }
        }
        #expect(target.values == expected)
        #expect(target.guardsHold)
    }

    @Test("adds, multiplies and applies functions", arguments: runnableKernelSets)
    func elementwise(kernelSet: String) throws {
        let device = try poisonedDevice(kernelSet, threads: 3)
        for (rowCount, width) in [(0, 3), (1, 1), (3, 17), (100, 401)] {
            var random = KernelRandom(UInt64(width))
            let (a, b) = (random.floats(rowCount * width, magnitude: 9), random.floats(rowCount * width))
            let (left, right) = (GuardedFloats(a), GuardedFloats(b))
            let output = GuardedFloats(count: a.count)
            device.add(left.start, right.start, rows: rowCount, width: width, into: output.start)
            #expect(output.values == zip(a, b).map(+))
            device.multiply(left.start, right.start, rows: rowCount, width: width, into: left.start)
            #expect(left.values == zip(a, b).map(*))
            device.activate(right.start, rows: rowCount, width: width, activation: .silu, into: right.start)
            expectClose(
                right.values,
                b.map { Activation.silu.reference(Estimate(value: Double($0), error: 0)) },
                kernelSet
            )
            #expect(output.guardsHold && left.guardsHold && right.guardsHold)
        }
    }

    @Test("tabulates cosines and sines, of large angles too", arguments: runnableKernelSets)
    func rotaryTables(kernelSet: String) throws {
        let device = try poisonedDevice(kernelSet, threads: 2)
        for (rowCount, count) in [(0, 4), (1, 1), (70, 20), (3, 64)] {
            var random = KernelRandom(UInt64(rowCount))
            let axes = (0..<count).map { _ in Int32(random.integer(in: 0...2)) }
            let frequencies = RotaryFrequencies(
                axes: axes,
                inverseFrequencies: (0..<count).map { pow(1e6, -Float($0) / Float(count)) },
                magnitude: 1.25
            )
            let positions = (0..<(3 * rowCount)).map { _ in Int32(random.integer(in: 0...200_000)) }
            let table = GuardedFloats(count: rowCount * 2 * count)
            device.fillRotaryTable(table.start, positions: positions, rows: rowCount, frequencies: frequencies)
            var expected: [Estimate] = []
            for row in 0..<rowCount {
                for function in [cos, sin] as [(Double) -> Double] {
                    for index in 0..<count {
                        let position = Float(positions[Int(axes[index]) * rowCount + row])
                        let angle = Double(position * frequencies.inverseFrequencies[index])
                        expected.append(Estimate(value: 1.25 * function(angle), error: 2e-7))
                    }
                }
            }
            expectClose(table.values, expected, kernelSet)
            #expect(table.guardsHold)
        }
    }
}
