// The packing kernels against the layouts of WeightFormat, element by element. The layouts: PanelReading.swift.

import CPUKernels
import TensorTypes
import Testing

@testable import ModelRuntime

@Suite("packing of panels")
struct PackingKernelTests {
    private static let types: [(ElementType, vlmc_source_type)] = [
        (.f32, VLMC_SOURCE_F32), (.bf16, VLMC_SOURCE_BF16), (.f16, VLMC_SOURCE_F16), (.f64, VLMC_SOURCE_F64),
    ]

    /// Numbers that the type can hold, with their bytes.
    private func source(_ type: ElementType, _ values: [Float]) -> (bytes: [UInt8], exact: [Double]) {
        func bytes<T>(_ elements: [T]) -> [UInt8] { elements.withUnsafeBytes { Array($0) } }
        switch type {
        case .bf16: return (bytes(values.map(bf16)), values.map { Double(Float(bf16: bf16($0))) })
        case .f16: return (bytes(values.map { Float16($0) }), values.map { Double(Float16($0)) })
        case .f64:
            let doubles = values.map { Double($0) * 1.000000001 }
            return (bytes(doubles), doubles)
        default: return (bytes(values), values.map(Double.init))
        }
    }

    /// Panels between guards, as a matrix.
    private struct Packed {
        let memory: GuardedFloats
        let matrix: PackedMatrix
        let special: Int
        let squaredError, squaredValues: Double
    }

    private func pack(
        _ rows: [UnsafeRawPointer?],
        _ types: [vlmc_source_type],
        inputs: Int,
        _ format: WeightFormat,
        _ kernelSet: String,
        importance: [Float]? = nil
    ) throws -> Packed {
        let kernels = try #require(CPUKernelSet.named(kernelSet)).table.pointee
        let bytes = rows.count / 16 * format.panelBytes(inputs: inputs)
        let memory = GuardedFloats(count: bytes / 4 + 16)
        let start = UnsafeMutableRawPointer(memory.start).alignedUp(toMultipleOf: WeightFormat.panelAlignment)
        let tags = types.map(\.rawValue)
        let weights = importance.map { GuardedFloats($0) }
        return try rows.withUnsafeBufferPointer { rows in
            try tags.withUnsafeBufferPointer { tags in
                var arguments = vlmc_pack_panels(
                    rows: try #require(rows.baseAddress),
                    source_types: try #require(tags.baseAddress),
                    destination: start,
                    inputs: Int32(inputs),
                    panels: Int32(rows.count / 16),
                    format: format.kernelTag,
                    importance: weights.map { UnsafePointer($0.start) },
                    feedback: nil,
                    order: nil,
                    squared_error: -1,
                    squared_values: -1
                )
                let special = kernels.pack_panels(&arguments)
                return Packed(
                    memory: memory,
                    matrix: PackedMatrix(panels: start, outputs: rows.count, inputs: inputs, format: format),
                    special: Int(special),
                    squaredError: arguments.squared_error,
                    squaredValues: arguments.squared_values
                )
            }
        }
    }

    /// Packs floats, one row after the other.
    private func pack(
        _ values: [Float],
        inputs: Int,
        _ format: WeightFormat,
        _ kernelSet: String,
        importance: [Float]? = nil
    ) throws -> Packed {
        try values.withUnsafeBytes { bytes in
            let start = try #require(bytes.baseAddress)
            let rows = stride(from: 0, to: bytes.count, by: 4 * inputs).map { Optional(start + $0) }
            return try pack(
                rows,
                rows.map { _ in VLMC_SOURCE_F32 },
                inputs: inputs,
                format,
                kernelSet,
                importance: importance
            )
        }
    }

    /// How far a stored weight may be from what it is made of: half a step of the least clipping scale, if it is not
    /// clipped; a value at the end of its group's range may lose as much as the range was shrunk by.
    private func tolerance(_ format: WeightFormat, _ exact: Double, peak: Double) -> Double {
        switch format {
        case .f32: abs(exact) * f32Rounding
        case .bf16: abs(exact) * bf16Rounding + 1e-39
        case .f16: abs(exact) * 0x1p-11 + 0x1p-25
        case .w8, .w8g32: peak * (1 - 127.0 / 157) + 1e-6
        default: peak * 0.5 + 1e-6
        }
    }

    @Test("puts every element in its place", arguments: runnableKernelSets, WeightFormat.all)
    func layout(kernelSet: String, format: WeightFormat) throws {
        for inputs in [1, 2, 15, 16, 17, 31, 32, 33, 64, 101, 130] {
            var random = KernelRandom(UInt64(inputs))
            // Rows of all types, some missing, in three panels.
            let sources = (0..<48).map { row -> (type: Int, bytes: [UInt8], exact: [Double])? in
                if row % 7 == 3 { return nil }
                let type = random.integer(in: 0...3)
                // Subnormal in half precision, too.
                let magnitudes: [Float] = format.scales == .none ? [1, 60_000, 3e-6] : [1, 60_000, 0.01]
                let made = source(Self.types[type].0, random.floats(inputs, magnitude: random.element(of: magnitudes)))
                return (type, made.bytes, made.exact)
            }
            let memory = sources.map { source in
                source.map { source -> UnsafeMutableRawBufferPointer in
                    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: source.bytes.count, alignment: 1)
                    copy.copyBytes(from: source.bytes)
                    return copy
                }
            }
            defer { for rows in memory { rows?.deallocate() } }
            let packed = try pack(
                memory.map { UnsafeRawPointer($0?.baseAddress) },
                sources.map { Self.types[$0?.type ?? 0].1 },
                inputs: inputs,
                format,
                kernelSet
            )
            #expect(packed.special == 0)
            #expect(packed.memory.guardsHold)
            var (error, values) = (0.0, 0.0)
            for output in 0..<48 {
                let peak = sources[output]?.exact.map(abs).max() ?? 0
                for input in 0..<inputs {
                    let exact = sources[output]?.exact[input] ?? 0
                    let stored = Double(packed.matrix.value(row: output, input: input))
                    (error, values) = (error + (stored - exact) * (stored - exact), values + exact * exact)
                    if !(abs(stored - exact) <= tolerance(format, exact, peak: peak)) {
                        Issue.record("output \(output), input \(input) of \(inputs): \(stored), not \(exact)")
                        return
                    }
                }
            }
            #expect(abs(packed.squaredValues - values) <= 1e-4 * values)
            if format.scales != .none { #expect(abs(packed.squaredError - error) <= 1e-3 * error + 1e-12 * values) }
        }
    }

    @Test("quantises normal weights as finely as its bits allow", arguments: runnableKernelSets)
    func accuracy(kernelSet: String) throws {
        var random = KernelRandom(11)
        let values = (0..<(16 * 1024)).map { _ in random.floats(6).reduce(0, +) / 6 }
        let limits: [(WeightFormat, Double)] = [(.w8g32, 0.006), (.w8, 0.012), (.w4g32, 0.09), (.w4g128, 0.11)]
        for (format, limit) in limits {
            let packed = try pack(values, inputs: 1024, format, kernelSet)
            let relative = (packed.squaredError / packed.squaredValues).squareRoot()
            #expect(relative > limit / 4 && relative < limit, "\(format.name)")
            // What is important is kept at the cost of the rest.
            let importance = (0..<1024).map { Float($0 % 32 == 5 ? 1000 : 1) }
            let weighted = try pack(values, inputs: 1024, format, kernelSet, importance: importance)
            func error(_ packed: Packed) -> Double {
                (0..<16).reduce(0) { sum, row in
                    stride(from: 5, to: 1024, by: 32).reduce(sum) { sum, input in
                        let difference = packed.matrix.value(row: row, input: input) - values[row * 1024 + input]
                        return sum + Double(difference) * Double(difference)
                    }
                }
            }
            #expect(error(weighted) <= error(packed), "\(format.name)")
            #expect(weighted.squaredError >= packed.squaredError, "\(format.name)")
        }
    }

    @Test("counts what is not finite, and keeps it", arguments: runnableKernelSets, WeightFormat.all)
    func specialValues(kernelSet: String, format: WeightFormat) throws {
        var row = [Float](repeating: 1, count: 40)
        row[0] = .infinity
        row[17] = -.infinity
        row[39] = .nan
        let packed = try row.withUnsafeBytes { bytes in
            let rows = (0..<16).map { $0 == 2 || $0 == 9 ? bytes.baseAddress : nil }
            return try pack(rows, rows.map { _ in VLMC_SOURCE_F32 }, inputs: 40, format, kernelSet)
        }
        #expect(packed.special == 6)
        for (input, value) in row.enumerated() {
            let stored = packed.matrix.value(row: 2, input: input)
            if format.scales == .none {
                #expect(value.isNaN ? stored.isNaN : stored == value)
            } else {
                #expect(stored.isNaN)  // All groups of this row have such a value.
            }
            #expect(packed.matrix.value(row: 3, input: input) == 0)
        }
    }

    @Test("arranges quantised rows without rounding, and reads them back", arguments: runnableKernelSets)
    func quantizedRows(kernelSet: String) throws {
        let kernels = try #require(CPUKernelSet.named(kernelSet)).table.pointee
        for format in WeightFormat.all where format.scales != .none {
            for inputs in [1, 31, 64, 129, 300] {
                var random = KernelRandom(UInt64(inputs))
                let groupInputs = if case .perInputs(let count) = format.scales { count } else { inputs }
                let groups = (inputs + groupInputs - 1) / groupInputs
                let most = format.weightBits == 8 ? 255 : 15
                let values = (0..<(32 * inputs)).map { _ in UInt8(random.integer(in: (most == 255 ? 1 : 0)...most)) }
                let scales = (0..<(32 * groups)).map { _ in Float(random.integer(in: 1...2000)) / 2048 }
                let zeros = (0..<(32 * groups)).map { _ in UInt8(random.integer(in: 0...15)) }
                let memory = GuardedFloats(count: 2 * format.panelBytes(inputs: inputs) / 4 + 16)
                let start = UnsafeMutableRawPointer(memory.start).alignedUp(toMultipleOf: WeightFormat.panelAlignment)
                let matrix = PackedMatrix(panels: start, outputs: 32, inputs: inputs, format: format)
                let special = try values.withUnsafeBufferPointer { values in
                    try scales.withUnsafeBufferPointer { scales in
                        try zeros.withUnsafeBufferPointer { zeros in
                            let (value, scale) = (try #require(values.baseAddress), try #require(scales.baseAddress))
                            let zero = try #require(zeros.baseAddress)
                            // Output 5 is missing.
                            let valueRows = (0..<32).map { $0 == 5 ? nil : Optional(value + $0 * inputs) }
                            let scaleRows = (0..<32).map { $0 == 5 ? nil : Optional(scale + $0 * groups) }
                            let zeroRows = (0..<32).map { $0 == 5 ? nil : Optional(zero + $0 * groups) }
                            return valueRows.withUnsafeBufferPointer { valueRows in
                                scaleRows.withUnsafeBufferPointer { scaleRows in
                                    zeroRows.withUnsafeBufferPointer { zeroRows in
                                        var arguments = vlmc_pack_quantized_panels(
                                            values: valueRows.baseAddress.unsafelyUnwrapped,
                                            scales: scaleRows.baseAddress.unsafelyUnwrapped,
                                            zeros: format.hasZeroPoints ? zeroRows.baseAddress : nil,
                                            destination: start,
                                            inputs: Int32(inputs),
                                            panels: 2,
                                            format: format.kernelTag
                                        )
                                        return kernels.pack_quantized_panels(&arguments)
                                    }
                                }
                            }
                        }
                    }
                }
                #expect(special == 0 && memory.guardsHold)
                let unpacked = GuardedFloats(count: 16 * inputs)
                for row in 0..<32 {
                    if row % 16 == 0 {
                        var arguments = vlmc_unpack_panel(
                            panel: start + row / 16 * format.panelBytes(inputs: inputs),
                            rows: unpacked.start,
                            row_stride: inputs,
                            inputs: Int32(inputs),
                            format: format.kernelTag
                        )
                        kernels.unpack_panel(&arguments)
                    }
                    for input in 0..<inputs {
                        let group = row * groups + input / groupInputs
                        let zero = format.hasZeroPoints ? Int(zeros[group]) : 1 << (format.weightBits - 1)
                        let expected = row == 5 ? 0 : Float(Int(values[row * inputs + input]) - zero) * scales[group]
                        let stored = matrix.value(row: row, input: input)
                        let read = unpacked.start[row % 16 * inputs + input]
                        if stored != expected || read != expected {
                            Issue.record("\(row), \(input) of \(inputs): \(stored), \(read), not \(expected)")
                            return
                        }
                    }
                }
                #expect(unpacked.guardsHold)
            }
        }
    }
}
