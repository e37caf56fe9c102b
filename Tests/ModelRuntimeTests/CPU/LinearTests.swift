// The linear kernels against plain loops, over random shapes, formats, norms, activations and residuals.

import TensorTypes
import Testing

@testable import ModelRuntime

@Suite("linear kernels")
struct LinearTests {
    private static let rowCounts = [1, 2, 3, 4, 5, 6, 7, 13, 14, 15, 16, 27, 28, 29, 40, 57]
    private static let inputCounts = [1, 2, 3, 15, 16, 17, 31, 64, 100, 255, 256, 257, 511, 512, 513, 700, 1030]
    private static let outputCounts = [1, 5, 15, 16, 17, 31, 32, 33, 48, 80, 129]

    /// One call, drawn at random.
    private struct Case: CustomStringConvertible {
        let rows, inputs, outputs: Int
        let isGated: Bool
        let activation: Activation
        let norm: NormCase
        let hasBias, hasResidual, residualIsOutput: Bool
        let format: WeightFormat
        let weight: OwnedMatrix
        let input, matrix, ups, bias, residual: [Float]

        init(seed: UInt64, rows: Int? = nil, inputs: Int? = nil, outputs: Int? = nil, format: WeightFormat? = nil) {
            var random = KernelRandom(seed)
            self.rows = rows ?? random.element(of: LinearTests.rowCounts)
            self.inputs = inputs ?? random.element(of: LinearTests.inputCounts)
            self.outputs = outputs ?? random.element(of: LinearTests.outputCounts)
            isGated = random.flip()
            activation = random.element(of: Activation.allCases)
            norm = NormCase(random.element(of: NormCase.Kind.allCases), width: self.inputs, random: &random)
            hasBias = random.flip()
            hasResidual = random.flip()
            residualIsOutput = random.flip()
            self.format = format ?? random.element(of: WeightFormat.all)
            input = random.floats(self.rows * self.inputs, magnitude: 2)
            let count = self.outputs * self.inputs
            let gates = self.format == .f32 ? random.floats(count) : random.bf16Floats(count)
            let factors = self.format == .f32 ? random.floats(count) : random.bf16Floats(count)
            weight = OwnedMatrix(
                gates,
                ups: isGated ? factors : nil,
                outputs: self.outputs,
                inputs: self.inputs,
                format: self.format
            )
            matrix = weight.values(ofPair: isGated ? 0 : nil)
            ups = isGated ? weight.values(ofPair: 1) : []
            bias = random.floats(2 * self.outputs)
            residual = random.floats(self.rows * self.outputs)
        }

        var description: String {
            """
            \(rows) rows, \(inputs) inputs, \(outputs) outputs, \(format.name), \(norm.kind), \(activation), \
            gated \(isGated), bias \(hasBias), residual \(hasResidual), in place \(residualIsOutput)
            """
        }

        func expected(_ rounding: Rounding) -> [Estimate] {
            ModelRuntimeTests.rows(input, width: inputs).enumerated().flatMap { row, values in
                let normalised = norm.reference(values)
                let isExact = norm.kind == .none
                var gates = referenceProduct(normalised, matrix, outputs: outputs, rounding, isExact: isExact)
                if hasBias { gates = gates.indices.map { gates[$0] + Double(bias[$0]) } }
                var results = gates.map(activation.reference)
                if isGated {
                    var factors = referenceProduct(normalised, ups, outputs: outputs, rounding, isExact: isExact)
                    if hasBias { factors = factors.indices.map { factors[$0] + Double(bias[outputs + $0]) } }
                    results = results.indices.map { results[$0] * factors[$0] }
                }
                if hasResidual { results = results.indices.map { results[$0] + Double(residual[row * outputs + $0]) } }
                return results
            }
        }

        func actual(on device: CPUDevice) -> GuardedFloats {
            let input = GuardedFloats(input)
            let bias = GuardedFloats(Array(bias.prefix(isGated ? 2 * outputs : outputs)))
            let output =
                hasResidual && residualIsOutput ? GuardedFloats(residual) : GuardedFloats(count: rows * outputs)
            let residual = GuardedFloats(residual)
            let added = residualIsOutput ? output.start : residual.start
            if isGated {
                device.gatedLinear(
                    input.start,
                    rows: rows,
                    norm: norm.norm,
                    weight: weight.matrix,
                    bias: hasBias ? bias.start : nil,
                    activation: activation,
                    residual: hasResidual ? added : nil,
                    into: output.start
                )
            } else {
                device.linear(
                    input.start,
                    rows: rows,
                    norm: norm.norm,
                    weight: weight.matrix,
                    bias: hasBias ? bias.start : nil,
                    activation: activation,
                    residual: hasResidual ? added : nil,
                    into: output.start
                )
            }
            return output
        }
    }

    private func check(_ cases: [Case], threads: Int) throws {
        let devices = try runnableKernelSets.map { ($0, try poisonedDevice($0, threads: threads)) }
        for example in cases {
            var expected: [Rounding: [Estimate]] = [:]
            for (kernelSet, device) in devices {
                let rounding = Rounding(kernelSet, example.format)
                let estimates = expected[rounding] ?? example.expected(rounding)
                expected[rounding] = estimates
                let output = example.actual(on: device)
                expectClose(output.values, estimates, "\(kernelSet), \(example)")
                #expect(output.guardsHold, "\(kernelSet), \(example)")
            }
        }
    }

    @Test("agree with plain loops over random shapes")
    func randomShapes() throws {
        try check((0..<60).map { Case(seed: $0) }, threads: 2)
    }

    @Test("agree with plain loops in every format, at the edges of its units", arguments: WeightFormat.all)
    func everyFormat(format: WeightFormat) throws {
        let shapes = [
            (1, 31, 1), (1, 1030, 130), (2, 32, 16), (7, 129, 40), (8, 256, 33), (12, 257, 17), (13, 700, 64),
        ]
        try check(
            shapes.enumerated().map { index, shape in
                Case(seed: UInt64(index) + 400, rows: shape.0, inputs: shape.1, outputs: shape.2, format: format)
            },
            threads: 2
        )
    }

    @Test("show an input that is not a number", arguments: runnableKernelSets, WeightFormat.all)
    func specialInputs(kernelSet: String, format: WeightFormat) throws {
        let device = try poisonedDevice(kernelSet)
        for special in [Float.nan, .infinity] {
            var random = KernelRandom(5)
            let (rows, inputs, outputs) = (3, 70, 20)
            let weight = OwnedMatrix(random.floats(outputs * inputs), outputs: outputs, inputs: inputs, format: format)
            var values = random.floats(rows * inputs)
            values[inputs + 40] = special
            let (input, output) = (GuardedFloats(values), GuardedFloats(count: rows * outputs))
            device.linear(input.start, rows: rows, weight: weight.matrix, into: output.start)
            for (index, value) in output.values.enumerated() {
                #expect(value.isFinite == (index / outputs != 1), "\(kernelSet), \(format.name)")
            }
        }
    }

    @Test("cover every height of a tile")
    func everyTileHeight() throws {
        try check((1...31).map { Case(seed: UInt64($0) + 100, rows: $0, inputs: 70, outputs: 50) }, threads: 1)
    }

    @Test("walk through more rows than a block holds")
    func manyRows() throws {
        let cases = [252, 253, 300, 520].map { Case(seed: UInt64($0) + 200, rows: $0, inputs: 33, outputs: 37) }
        try check(cases, threads: 3)
    }

    @Test("fetch ahead across the ends of long panels")
    func longPanels() throws {
        let cases = [(1, 1500), (2, 1024), (3, 1999), (16, 1600)].map { rows, inputs in
            Case(seed: UInt64(inputs), rows: rows, inputs: inputs, outputs: 70)
        }
        try check(cases, threads: 2)
    }

    @Test("do nothing for no rows", arguments: runnableKernelSets)
    func noRows(kernelSet: String) throws {
        let device = try poisonedDevice(kernelSet)
        let example = Case(seed: 1, rows: 0, inputs: 20, outputs: 20)
        #expect(example.actual(on: device).guardsHold)
    }

    @Test("give a row the same bits in any batch, on any number of threads", arguments: runnableKernelSets)
    func rowsAreIndependent(kernelSet: String) throws {
        for format in WeightFormat.all {
            var random = KernelRandom(7)
            let (rows, inputs, outputs) = (61, 600, 70)
            let matrix = random.bf16Floats(outputs * inputs)
            let weight = OwnedMatrix(matrix, outputs: outputs, inputs: inputs, format: format)
            let input = GuardedFloats(random.floats(rows * inputs))
            let norm = NormCase(.rms, width: inputs, random: &random)
            let together = GuardedFloats(count: rows * outputs)
            try poisonedDevice(kernelSet, threads: 3).linear(
                input.start,
                rows: rows,
                norm: norm.norm,
                weight: weight.matrix,
                activation: .silu,
                into: together.start
            )
            let device = try poisonedDevice(kernelSet, threads: 1)
            for count in [1, 2, 4, 9, 14, 20, 33] {
                let apart = GuardedFloats(count: count * outputs)
                for first in [0, rows - count] {
                    device.linear(
                        input.start + first * inputs,
                        rows: count,
                        norm: norm.norm,
                        weight: weight.matrix,
                        activation: .silu,
                        into: apart.start
                    )
                    let same = together.values[(first * outputs)..<((first + count) * outputs)]
                    #expect(apart.values == Array(same), "\(count) rows from \(first), \(format.name), \(kernelSet)")
                }
            }
        }
    }
}
