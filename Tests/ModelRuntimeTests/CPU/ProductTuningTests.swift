// How products of few rows read their weights changes no bit of their results; and which products a tuning is for.

import CPUKernels
import TensorTypes
import Testing

@testable import ModelRuntime

@Suite struct ProductTuningTests {
    /// Parameters at the ends of their ranges, and some between.
    private static let tunings: [ProductTuning] = [
        (0, 1, 0), (64, 1, 4), (4096, 1 << 30, 3), (8192, 4096, 2), (1 << 20, 100, 1), (192, 32768, 4),
        (1 << 14, 1 << 16, 0),
    ].compactMap { ProductTuning(aheadBytes: $0.0, smallChunkBytes: $0.1, longQuarters: $0.2) }

    /// Products of one shape: a linear map, a gated one, and heads.
    private struct Products {
        let rows, inputs: Int
        let linear, gated, heads: OwnedMatrix
        let shape = HeadShape(query: 4, keyValue: 2, width: 32)
        let input: GuardedFloats
        let outputs: Int

        init(seed: UInt64, format: WeightFormat) {
            var random = KernelRandom(seed)
            rows = random.integer(in: 1...ProductKind.mostFewRows)
            inputs = random.integer(in: 40...1500)
            outputs = random.integer(in: 30...400)
            let heads = (shape.query + 2 * shape.keyValue) * shape.width
            let values = random.floats(max(outputs, heads) * inputs)
            linear = OwnedMatrix(values, outputs: outputs, inputs: inputs, format: format)
            gated = OwnedMatrix(values, ups: values.reversed(), outputs: outputs, inputs: inputs, format: format)
            self.heads = OwnedMatrix(values, outputs: heads, inputs: inputs, format: format)
            input = GuardedFloats(random.floats(rows * inputs))
        }

        var kinds: [ProductKind] {
            let products = [(ProductKind.Operation.linear, linear), (.gatedLinear, gated), (.heads, heads)]
            return products.compactMap { operation, owned in
                let matrix = owned.matrix
                let shape = DeviceCall.Matrix(outputs: matrix.outputs, inputs: matrix.inputs, format: matrix.format)
                return ProductKind.Rows(rows).map { ProductKind(operation, shape, $0) }
            }
        }

        /// The bits of all that the products write.
        func bits(on device: CPUDevice) -> [UInt32] {
            let (plain, pairs) = (GuardedFloats(count: rows * outputs), GuardedFloats(count: rows * outputs))
            device.linear(input.start, rows: rows, weight: linear.matrix, into: plain.start)
            device.gatedLinear(input.start, rows: rows, weight: gated.matrix, activation: .silu, into: pairs.start)
            let queries = GuardedFloats(count: rows * shape.query * shape.width)
            let keys = GuardedFloats(count: rows * shape.keyValue * shape.width)
            let values = GuardedFloats(count: keys.count)
            device.projectHeads(
                input.start,
                rows: rows,
                weight: heads.matrix,
                heads: shape,
                queries: queries.start,
                keys: keys.start,
                values: values.start
            )
            let results = [plain, pairs, queries, keys, values]
            #expect(results.allSatisfy { $0.guardsHold })
            return results.flatMap(\.values).map(\.bitPattern)
        }
    }

    @Test(arguments: runnableKernelSets, WeightFormat.all)
    func noBitDependsOnIt(_ kernelSet: String, _ format: WeightFormat) throws {
        for threads in [1, 3] {
            let device = try poisonedDevice(kernelSet, threads: threads)
            for seed in UInt64(0)..<4 {
                let products = Products(seed: seed, format: format)
                device.tunings = [:]
                let standard = products.bits(on: device)
                for tuning in Self.tunings {
                    device.tunings = Dictionary(uniqueKeysWithValues: products.kinds.map { ($0, tuning) })
                    let same = products.bits(on: device) == standard
                    #expect(same, "\(kernelSet), \(format.name), \(threads) threads, \(products.rows) rows, \(tuning)")
                }
            }
        }
    }

    /// The parameters arrive: they decide how a call is cut.
    @Test(arguments: runnableKernelSets) func callsAreCutAsTuned(_ kernelSet: String) throws {
        let owned = OwnedMatrix([Float](repeating: 1, count: 1024 * 512), outputs: 1024, inputs: 512, format: .bf16)
        let device = try poisonedDevice(kernelSet, threads: 2)
        let rows = GuardedFloats(count: 1024)
        /// Long ranges, and chunks of weights in all.
        func chunks(_ chunkBytes: Int, _ quarters: Int) throws -> [Int32] {
            let tuning = try #require(
                ProductTuning(aheadBytes: 64, smallChunkBytes: chunkBytes, longQuarters: quarters)
            )
            return withUnsafePointer(to: tuning.kernelArgument) { place in
                let product = vlmc_product(
                    input: rows.start,
                    input_stride: 512,
                    first_row: 0,
                    rows: 1,
                    weight: owned.matrix.kernelArgument,
                    norm: RowNorm.none.kernelArgument,
                    packed: device.packedInputStart,
                    tuning: place,
                    adapters: nil,
                    pack_chunks: 0
                )
                var linear = vlmc_linear(
                    product: product,
                    bias: nil,
                    up_bias: nil,
                    residual: nil,
                    residual_stride: 0,
                    output: rows.start,
                    output_stride: 1024,
                    activation: 0,
                    gated: 0,
                    cut: vlmc_cut(),
                    greatest: nil,
                    written_rows: 1
                )
                let all = device.kernels.linear_plan(&linear, device.threads)
                return [linear.cut.large_chunks, all - linear.product.pack_chunks]
            }
        }
        // 64 panels of 16 KB each; 16 of them in each long range.
        #expect(try chunks(32768, 0) == [0, 32])
        #expect(try chunks(131_072, 0) == [0, 8])
        #expect(try chunks(32768, 3) == [3, 3 + 8])
        #expect(try chunks(1, 4) == [4, 4])
    }

    @Test func theStandardIsThatOfTheKernels() {
        for format in WeightFormat.all {
            let standard = ProductTuning(standardFor: format)
            #expect(standard.kernelArgument.ahead_bytes == vlmc_default_tuning(format.kernelTag).ahead_bytes)
            #expect(standard.aheadBytes == (format.isInteger ? 8192 : 4096))
            #expect(standard.smallChunkBytes == 32768 && standard.longQuarters == 3)
        }
    }

    @Test(arguments: [(-64, 1, 0), (63, 1, 0), (1 << 21, 1, 0), (64, 0, 0), (64, 1, 5), (64, 1, -1)])
    func whatKernelsCannotTake(_ ahead: Int, _ chunk: Int, _ quarters: Int) {
        #expect(ProductTuning(aheadBytes: ahead, smallChunkBytes: chunk, longQuarters: quarters) == nil)
    }

    @Test func onlyProductsOfTheKindAreTuned() throws {
        let owned = OwnedMatrix([Float](repeating: 1, count: 32 * 16), outputs: 32, inputs: 16, format: .bf16)
        let shape = DeviceCall.Matrix(outputs: 32, inputs: 16, format: .bf16)
        let tuning = try #require(ProductTuning(aheadBytes: 64, smallChunkBytes: 5, longQuarters: 1))
        let table = TuningTable([ProductKind(.heads, shape, .few): tuning])
        func found(_ operation: ProductKind.Operation, rows: Int) -> Int32? {
            table.place(operation, owned.matrix, rows: rows)?.pointee.small_chunk_bytes
        }
        #expect(found(.heads, rows: 2) == 5 && found(.heads, rows: 16) == 5)
        #expect(found(.heads, rows: 1) == nil && found(.heads, rows: 17) == nil && found(.linear, rows: 2) == nil)
    }

    @Test func kindsOfCalls() {
        let matrix = DeviceCall.Matrix(outputs: 32, inputs: 16, format: .w8)
        func kind(_ operation: String, _ rows: Int) -> ProductKind? {
            ProductKind(DeviceCall(operation: operation, rows: rows, matrix: matrix))
        }
        #expect(kind("gated linear", 1) == ProductKind(.gatedLinear, matrix, .one))
        #expect(kind("linear", 8) == ProductKind(.linear, matrix, .few))
        #expect(kind("linear", 512) == nil && kind("attention", 1) == nil)
        #expect(ProductKind(DeviceCall(operation: "linear", rows: 1)) == nil)
    }
}
