// The projection to heads against plain loops: bias, head norms, rotation, and storing in rows or pages.

import Glibc
import TensorTypes
import Testing

@testable import ModelRuntime

@Suite("projection to heads")
struct ProjectHeadsTests {
    /// One call, drawn at random.
    private struct Case: CustomStringConvertible {
        let rows, inputs: Int
        let heads: HeadShape
        let rotaryWidth: Int
        let hasRotary, hasBias: Bool
        let format: WeightFormat
        let norm, queryNorm, keyNorm: NormCase
        let weight: OwnedMatrix
        let input, matrix, bias, table: [Float]

        var outputs: Int { (heads.query + 2 * heads.keyValue) * heads.width }

        init(seed: UInt64, rows: Int? = nil, width: Int? = nil) {
            var random = KernelRandom(seed)
            self.rows = rows ?? random.element(of: [1, 2, 5, 14, 15, 29])
            inputs = random.element(of: [16, 33, 100, 270])
            let width = width ?? random.element(of: [16, 32, 64, 80, 128])
            let keyValue = random.integer(in: 1...(width > 64 ? 1 : 3))
            heads = HeadShape(query: keyValue * random.integer(in: 1...3), keyValue: keyValue, width: width)
            rotaryWidth = random.element(of: [width, width / 2, width / 8 * 2])
            hasRotary = random.integer(in: 0...3) > 0
            hasBias = random.flip()
            format = random.element(of: WeightFormat.all)
            norm = NormCase(random.element(of: NormCase.Kind.allCases), width: inputs, random: &random)
            queryNorm = NormCase(random.element(of: [.none, .rms, .layer]), width: width, random: &random)
            keyNorm = NormCase(random.element(of: [.none, .rms, .layer]), width: width, random: &random)
            input = random.floats(self.rows * inputs)
            let outputs = (heads.query + 2 * keyValue) * width
            weight = OwnedMatrix(
                random.bf16Floats(outputs * inputs),
                outputs: outputs,
                inputs: inputs,
                format: format
            )
            matrix = weight.values()
            bias = random.floats(outputs)
            table = random.floats(self.rows * rotaryWidth)
        }

        var description: String {
            """
            \(rows) rows, \(inputs) inputs, \(heads), rotary \(hasRotary ? rotaryWidth : 0), bias \(hasBias), \
            \(format.name), \(norm.kind), \(queryNorm.kind), \(keyNorm.kind)
            """
        }

        /// The heads of a row: queries, keys, values.
        func expected(row: Int, _ rounding: Rounding) -> [[Estimate]] {
            let normalised = norm.reference((0..<inputs).map { Double(input[row * inputs + $0]) })
            var sums = referenceProduct(normalised, matrix, outputs: outputs, rounding)
            if hasBias { sums = sums.indices.map { sums[$0] + Double(bias[$0]) } }
            return (0..<(heads.query + 2 * heads.keyValue)).map { head in
                let head = (index: head, values: Array(sums[(head * heads.width)..<((head + 1) * heads.width)]))
                guard head.index < heads.query + heads.keyValue else { return head.values }
                return rotated(normed(head.values, head.index < heads.query ? queryNorm : keyNorm), row: row)
            }
        }

        /// The heads of all rows.
        func expected(_ rounding: Rounding) -> [[[Estimate]]] { (0..<rows).map { expected(row: $0, rounding) } }

        /// A norm multiplies errors by at most the gain over the root mean square, and once more through it.
        private func normed(_ head: [Estimate], _ norm: NormCase) -> [Estimate] {
            guard norm.kind != .none else { return head }
            let values = norm.reference(head.map(\.value))
            let mean = norm.kind == .rms ? 0 : head.reduce(0) { $0 + $1.value } / Double(head.count)
            let square = head.reduce(0) { $0 + ($1.value - mean) * ($1.value - mean) } / Double(head.count)
            let largest = head.map(\.error).max() ?? 0
            let gains = norm.gain.values
            return values.indices.map { index in
                let scale = 1 / sqrt(square + Double(norm.epsilon))
                let gain = abs(Double(gains[index]))
                let relative = 2 * largest * scale + 16 * f32Rounding
                return Estimate(
                    value: values[index],
                    error: gain * scale * 2 * largest + relative * (abs(values[index]) + gain) + 1e-7
                )
            }
        }

        private func rotated(_ head: [Estimate], row: Int) -> [Estimate] {
            guard hasRotary else { return head }
            let half = rotaryWidth / 2
            var result = head
            for d in 0..<half {
                let c = Double(table[row * rotaryWidth + d])
                let s = Double(table[row * rotaryWidth + half + d])
                let (x, y) = (head[d], head[d + half])
                let error = (x.error + y.error) + 4 * f32Rounding * (abs(x.value) + abs(y.value))
                result[d] = Estimate(value: x.value * c - y.value * s, error: error)
                result[d + half] = Estimate(value: y.value * c + x.value * s, error: error)
            }
            return result
        }
    }

    /// Runs `body` for every kernel set that this CPU can run, with what it is expected to write.
    private func forEachKernelSet(_ example: Case, _ body: (String, CPUDevice, [[[Estimate]]]) throws -> Void) throws {
        var expected: [Rounding: [[[Estimate]]]] = [:]
        for kernelSet in runnableKernelSets {
            let rounding = Rounding(kernelSet, example.format)
            let estimates = expected[rounding] ?? example.expected(rounding)
            expected[rounding] = estimates
            try body(kernelSet, try poisonedDevice(kernelSet, threads: 2), estimates)
        }
    }

    @Test("writes queries, keys and values to rows")
    func toRows() throws {
        let cases =
            (0..<30).map { Case(seed: $0) } + [Case(seed: 90, rows: 253, width: 16), Case(seed: 91, width: 256)]
        for example in cases {
            try forEachKernelSet(example) { kernelSet, device, expected in
                checkRows(example, kernelSet, device, expected)
            }
        }
    }

    private func checkRows(_ example: Case, _ kernelSet: String, _ device: CPUDevice, _ expected: [[[Estimate]]]) {
        let (heads, rows) = (example.heads, example.rows)
        let (input, bias) = (GuardedFloats(example.input), GuardedFloats(example.bias))
        let table = GuardedFloats(example.table)
        let queries = GuardedFloats(count: rows * heads.query * heads.width)
        let keys = GuardedFloats(count: rows * heads.keyValue * heads.width)
        let values = GuardedFloats(count: rows * heads.keyValue * heads.width)
        device.projectHeads(
            input.start,
            rows: rows,
            norm: example.norm.norm,
            weight: example.weight.matrix,
            bias: example.hasBias ? bias.start : nil,
            heads: heads,
            queryNorm: example.queryNorm.norm,
            keyNorm: example.keyNorm.norm,
            rotaryTable: example.hasRotary ? table.start : nil,
            rotaryWidth: example.rotaryWidth,
            queries: queries.start,
            keys: keys.start,
            values: values.start
        )
        let firstValue = heads.query + heads.keyValue
        let context = "\(kernelSet), \(example)"
        expectClose(queries.values, expected.flatMap { $0[..<heads.query].joined() }, "queries, \(context)")
        expectClose(keys.values, expected.flatMap { $0[heads.query..<firstValue].joined() }, "keys, \(context)")
        expectClose(values.values, expected.flatMap { $0[firstValue...].joined() }, "values, \(context)")
        #expect(queries.guardsHold && keys.guardsHold && values.guardsHold, "\(context)")
    }

    @Test("writes keys and values to their slots of the cache")
    func toPages() throws {
        for seed in UInt64(300)..<315 {
            let example = Case(seed: seed)
            try forEachKernelSet(example) { kernelSet, device, expected in
                for precision in CacheGeometry.Precision.allCases {
                    checkPages(example, precision, kernelSet, device, expected, seed: seed)
                }
            }
        }
    }

    private func checkPages(
        _ example: Case,
        _ precision: CacheGeometry.Precision,
        _ kernelSet: String,
        _ device: CPUDevice,
        _ expected: [[[Estimate]]],
        seed: UInt64
    ) {
        var random = KernelRandom(seed)
        let (heads, rows) = (example.heads, example.rows)
        let blockCount = rows / 16 + 3
        let pages = TestPages(heads: heads, blocks: blockCount, precision: precision)
        let slots = random.permutation(blockCount * 16).prefix(rows).map(Int32.init)
        let (input, bias) = (GuardedFloats(example.input), GuardedFloats(example.bias))
        let table = GuardedFloats(example.table)
        let queries = GuardedFloats(count: rows * heads.query * heads.width)
        device.projectHeads(
            input.start,
            rows: rows,
            norm: example.norm.norm,
            weight: example.weight.matrix,
            bias: example.hasBias ? bias.start : nil,
            heads: heads,
            queryNorm: example.queryNorm.norm,
            keyNorm: example.keyNorm.norm,
            rotaryTable: example.hasRotary ? table.start : nil,
            rotaryWidth: example.rotaryWidth,
            queries: queries.start,
            cache: pages.pages,
            sequences: SequenceBatch(slots: slots)
        )
        let stored = precision == .bf16 ? bf16Rounding : 0
        /// Half a unit of an int8 head, which is the 127th part of its greatest magnitude.
        func rounded(_ estimates: [Estimate]) -> [Estimate] {
            let greatest = estimates.map { abs($0.value) + $0.error }.max() ?? 0
            let unit = precision == .int8 ? greatest / 127 : 0
            return estimates.map {
                Estimate(value: $0.value, error: $0.error * 1.01 + stored * 1.01 * abs($0.value) + unit * 0.505)
            }
        }
        for row in 0..<rows {
            for head in 0..<heads.keyValue {
                let (block, token) = (Int(slots[row]) / 16, Int(slots[row]) % 16)
                let context = "row \(row), head \(head), \(precision), \(kernelSet), \(example)"
                let key = (0..<heads.width).map { pages.key(block, head, token, $0) }
                let value = (0..<heads.width).map { pages.value(block, head, token, $0) }
                expectClose(key, rounded(expected[row][heads.query + head]), "key, \(context)")
                expectClose(value, rounded(expected[row][heads.query + heads.keyValue + head]), "value, \(context)")
            }
        }
        let written = rows * 2 * heads.keyValue * heads.width
        #expect(pages.writtenCount == written, "writes only its slots: \(kernelSet), \(example)")
    }
}
