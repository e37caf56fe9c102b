// Products with adapters against plain loops in Double: every kind of call, format and kernel set, mixed rows.
// That adapters come from files as they should is the business of Adapters/.

import TensorTypes
import Testing

@testable import ModelRuntime

@Suite("products with adapters")
struct AdapterProductTests {
    /// One call, drawn at random.
    private struct Case: CustomStringConvertible {
        let rows: Int
        let isGated: Bool
        let matrix: AdaptedMatrix
        let norm: NormCase
        let format: WeightFormat
        let weight: OwnedMatrix
        let input, bias, residual: [Float]
        let adapters: [TestAdapter]
        /// For each row the adapter that it uses.
        let choice: [Int?]

        var outputs: Int { isGated ? matrix.outputs / 2 : matrix.outputs }

        init(seed: UInt64, rows: Int? = nil, inputs: Int? = nil, ranks: [Int] = [1, 3, 8, 16, 17, 40]) throws {
            var random = KernelRandom(seed)
            let rows = rows ?? random.element(of: [1, 2, 3, 7, 14, 15, 29, 40])
            let inputs = inputs ?? random.element(of: [1, 16, 33, 100, 256, 257, 513])
            let isGated = random.flip()
            // Stacked sources need not end where panels do.
            let outputs = random.element(of: [5, 16, 17, 44])
            let sources =
                isGated ? [outputs, outputs] : random.element(of: [[outputs], [20, outputs, 14], [48, outputs]])
            let matrix = AdaptedMatrix(
                inputs: inputs,
                sources: sources,
                order: isGated ? .alternatingPanels : .stacked
            )
            let format = random.element(of: WeightFormat.all)
            norm = NormCase(random.element(of: NormCase.Kind.allCases), width: inputs, random: &random)
            input = random.floats(rows * inputs)
            bias = random.floats(matrix.outputs)
            residual = random.floats(rows * matrix.outputs)
            let weights = random.bf16Floats(matrix.outputs * inputs)
            weight = OwnedMatrix(
                isGated ? Array(weights.prefix(outputs * inputs)) : weights,
                ups: isGated ? Array(weights.suffix(outputs * inputs)) : nil,
                outputs: isGated ? outputs : matrix.outputs,
                inputs: inputs,
                format: format
            )
            adapters = try (0..<2).map { _ in
                var chosen: [Int?] = sources.map { _ in random.flip() ? random.element(of: ranks) : nil }
                chosen[random.integer(in: 0...(sources.count - 1))] = random.element(of: ranks)
                return try TestAdapter(matrix, ranks: chosen, random: &random)
            }
            var choice = (0..<rows).map { _ in random.element(of: [nil, 0, 1, 1]) }
            choice[random.integer(in: 0...(rows - 1))] = 0
            (self.rows, self.isGated, self.matrix, self.format, self.choice) = (rows, isGated, matrix, format, choice)
        }

        var description: String {
            let ranks = adapters.map { adapter in adapter.parts.map { $0?.rank ?? 0 } }
            return
                "\(rows) rows, \(matrix.inputs) inputs, \(matrix.sources), gated \(isGated), \(format.name), \(norm.kind), "
                + "ranks \(ranks), rows' adapters \(choice.map { $0.map(String.init) ?? "-" }.joined())"
        }

        var rowAdapters: RowAdapters { RowAdapters(rows: choice.map { $0.map { adapters[$0].adapter } }) }

        func expected(_ rounding: Rounding) -> [Estimate] {
            let sources = isGated ? weight.values(ofPair: 0) + weight.values(ofPair: 1) : weight.values()
            return ModelRuntimeTests.rows(input, width: matrix.inputs).enumerated().flatMap { row, values in
                let normed = norm.reference(values)
                var sums = referenceProduct(
                    normed,
                    sources,
                    outputs: matrix.outputs,
                    rounding,
                    isExact: norm.kind == .none
                )
                if let index = choice[row] { sums = adapters[index].added(to: sums, row: normed) }
                sums = sums.indices.map { sums[$0] + Double(bias[$0]) }
                let results = (0..<outputs).map { output in
                    let gate = Activation.silu.reference(sums[output])
                    return isGated ? gate * sums[outputs + output] : gate
                }
                return results.indices.map { results[$0] + Double(residual[row * outputs + $0]) }
            }
        }

        /// What rows `range` come out as, in a call of their own.
        func actual(on device: CPUDevice, _ range: Range<Int>? = nil, with adapters: RowAdapters? = nil)
            -> GuardedFloats
        {
            let range = range ?? 0..<rows
            func taken(_ values: [Float], width: Int) -> GuardedFloats {
                GuardedFloats(Array(values[range.lowerBound * width..<range.upperBound * width]))
            }
            let input = taken(input, width: matrix.inputs)
            let residual = taken(residual, width: outputs)
            let bias = GuardedFloats(bias)
            let output = GuardedFloats(count: range.count * outputs)
            let call = isGated ? device.gatedLinear : device.linear
            call(
                input.start,
                range.count,
                norm.norm,
                matrix.placed(weight.matrix),
                bias.start,
                .silu,
                residual.start,
                adapters ?? RowAdapters(rows: choice[range].map { $0.map { self.adapters[$0].adapter } }),
                output.start
            )
            return output
        }
    }

    private func check(_ cases: [Case], threads: Int = 2) throws {
        for kernelSet in runnableKernelSets {
            let device = try poisonedDevice(kernelSet, threads: threads, adapterWidth: 900)
            for example in cases {
                let output = example.actual(on: device)
                expectClose(
                    output.values,
                    example.expected(Rounding(kernelSet, example.format)),
                    "\(kernelSet), \(example)"
                )
                #expect(output.guardsHold, "\(kernelSet), \(example)")
            }
        }
    }

    @Test("agree with plain loops over random shapes, ranks and mixtures")
    func randomShapes() throws { try check((0..<50).map { try Case(seed: $0) }) }

    @Test("agree where inner numbers fill several blocks, and rows too")
    func manyInnerNumbers() throws {
        try check((0..<4).map { try Case(seed: $0 + 100, rows: 9, inputs: 40, ranks: [255, 256, 257, 300]) })
        try check([try Case(seed: 200, rows: 300, inputs: 33), try Case(seed: 201, rows: 505, inputs: 20)], threads: 3)
    }

    /// Heads with bias, rotation and a cache: what an adapter adds is as if it were part of the matrix.
    @Test("add before bias, rotation and cache", arguments: runnableKernelSets, [1, 5, 40])
    func heads(kernelSet: String, rows: Int) throws {
        var random = KernelRandom(UInt64(rows))
        let heads = HeadShape(query: 4, keyValue: 2, width: 32)
        let matrix = AdaptedMatrix(inputs: 70, sources: [128, 64, 64], order: .stacked)
        let plain = random.floats(matrix.outputs * matrix.inputs)
        let test = try TestAdapter(matrix, ranks: [8, nil, 3], random: &random)
        let whole = OwnedMatrix(test.merged(into: plain), outputs: matrix.outputs, inputs: matrix.inputs, format: .f32)
        let base = OwnedMatrix(plain, outputs: matrix.outputs, inputs: matrix.inputs, format: .f32)
        let input = GuardedFloats(random.floats(rows * matrix.inputs))
        let bias = GuardedFloats(random.floats(matrix.outputs))
        let table = GuardedFloats(random.floats(rows * heads.width))
        let norm = NormCase(.rms, width: matrix.inputs, random: &random)
        let device = try poisonedDevice(kernelSet, adapterWidth: 11)
        let slots = (0..<rows).map { Int32($0) }
        func run(_ weight: OwnedMatrix, _ adapters: RowAdapters) -> [Float] {
            let queries = GuardedFloats(count: rows * heads.query * heads.width)
            let pages = TestPages(heads: heads, blocks: rows / 16 + 1, precision: .f32)
            device.projectHeads(
                input.start,
                rows: rows,
                norm: norm.norm,
                weight: matrix.placed(weight.matrix),
                bias: bias.start,
                heads: heads,
                rotaryTable: table.start,
                adapters: adapters,
                queries: queries.start,
                cache: pages.pages,
                sequences: SequenceBatch(slots: slots)
            )
            #expect(queries.guardsHold)
            let stored = (0..<rows).flatMap { row in
                (0..<heads.keyValue).flatMap { head in
                    (0..<heads.width).flatMap { d in
                        [pages.key(row / 16, head, row % 16, d), pages.value(row / 16, head, row % 16, d)]
                    }
                }
            }
            return queries.values + stored
        }
        let found = run(base, RowAdapters(test.adapter))
        let expected = run(whole, .none)
        let largest = expected.map(abs).max() ?? 0
        expectClose(found, expected.map { Estimate(value: Double($0), error: 1e-5 * Double(largest)) }, "\(kernelSet)")
        #expect(found != run(base, .none), "the adapter must change something")
    }

    @Test("give a row the same bits in any company, and rows without adapter those of a call without adapters")
    func rowsAreIndependent() throws {
        for kernelSet in runnableKernelSets {
            let device = try poisonedDevice(kernelSet, threads: 3, adapterWidth: 900)
            let single = try poisonedDevice(kernelSet, threads: 1, adapterWidth: 900)
            for seed in 0..<12 as Range<UInt64> {
                let rows = [9, 31, 260][Int(seed % 3)]
                let example = try Case(seed: seed + 300, rows: rows, inputs: 40 + 70 * Int(seed))
                let together = example.actual(on: device).values.map(\.bitPattern)
                let plain = example.actual(on: device, with: RowAdapters.none).values.map(\.bitPattern)
                #expect(together != plain, "some row has an adapter: \(example)")
                for row in stride(from: 0, to: example.rows, by: example.rows > 100 ? 17 : 1) {
                    let place = row * example.outputs..<(row + 1) * example.outputs
                    let alone = example.actual(on: single, row..<row + 1).values.map(\.bitPattern)
                    #expect(alone == Array(together[place]), "row \(row), \(kernelSet), \(example)")
                    if example.choice[row] == nil { #expect(alone == Array(plain[place]), "row \(row), \(example)") }
                }
            }
        }
    }

    @Test("choose the same greatest logit as rows that are written", arguments: runnableKernelSets)
    func greatest(kernelSet: String) throws {
        var random = KernelRandom(8)
        let matrix = AdaptedMatrix(inputs: 50, sources: [333], order: .stacked)
        let weight = OwnedMatrix(random.floats(333 * 50), outputs: 333, inputs: 50, format: .bf16)
        let test = try TestAdapter(matrix, ranks: [9], random: &random)
        let device = try poisonedDevice(kernelSet, threads: 3, adapterWidth: 9)
        let rows = 17
        let input = GuardedFloats(random.floats(rows * 50))
        let adapters = RowAdapters(rows: (0..<rows).map { $0 % 3 == 0 ? nil : test.adapter })
        let output = GuardedFloats(count: rows * 333)
        device.linear(
            input.start,
            rows: rows,
            weight: matrix.placed(weight.matrix),
            adapters: adapters,
            into: output.start
        )
        var kept = [UInt64](repeating: 0, count: rows)
        try kept.withUnsafeMutableBufferPointer { kept in
            let places = LogitPlaces(
                written: output.start,
                writtenRows: 0,
                greatest: try #require(kept.baseAddress),
                greatestRows: rows
            )
            device.linear(
                input.start,
                rows: rows,
                weight: matrix.placed(weight.matrix),
                adapters: adapters,
                into: places
            )
        }
        let expected = (0..<rows).map { row in
            let logits = output.values[row * 333..<(row + 1) * 333]
            return logits.indices.max { logits[$0] < logits[$1] }.map { $0 - row * 333 }
        }
        #expect(kept.map { Int(GreatestLogit(kept: $0).token) } == expected)
    }

    @Test("show an input that is not a number in its row alone", arguments: runnableKernelSets)
    func specialInputs(kernelSet: String) throws {
        var random = KernelRandom(9)
        let matrix = AdaptedMatrix(inputs: 40, sources: [20], order: .stacked)
        let weight = OwnedMatrix(random.floats(20 * 40), outputs: 20, inputs: 40, format: .f32)
        let test = try TestAdapter(matrix, ranks: [4], random: &random)
        let device = try poisonedDevice(kernelSet, adapterWidth: 4)
        var values = random.floats(5 * 40)
        values[2 * 40 + 3] = .nan
        let (input, output) = (GuardedFloats(values), GuardedFloats(count: 5 * 20))
        device.linear(
            input.start,
            rows: 5,
            weight: matrix.placed(weight.matrix),
            adapters: RowAdapters(test.adapter),
            into: output.start
        )
        for (index, value) in output.values.enumerated() { #expect(value.isFinite == (index / 20 != 2)) }
    }
}
