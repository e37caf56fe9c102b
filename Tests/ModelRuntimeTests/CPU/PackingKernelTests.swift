// The packing kernel against the layout of WeightFormat, element by element.

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

    @Test("puts every element in its place", arguments: runnableKernelSets, WeightFormat.all)
    func layout(kernelSet: String, format: WeightFormat) throws {
        let kernels = try #require(CPUKernelSet.named(kernelSet))
        for inputs in [1, 2, 15, 16, 17, 31, 32, 33, 64, 101] {
            var random = KernelRandom(UInt64(inputs))
            // Rows of all types, some missing, in three panels.
            let sources = (0..<48).map { row -> (type: Int, bytes: [UInt8], exact: [Double])? in
                if row % 7 == 3 { return nil }
                let type = random.integer(in: 0...3)
                // Subnormal in half precision, too.
                let magnitude = random.element(of: [1, 60_000, 3e-6] as [Float])
                let made = source(Self.types[type].0, random.floats(inputs, magnitude: magnitude))
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
            let bytes = 3 * format.panelBytes(inputs: inputs)
            let panels = GuardedFloats(count: bytes / 4)
            let special = packPanels(
                memory.map { UnsafeRawPointer($0?.baseAddress) },
                types: sources.map { Self.types[$0?.type ?? 0].1 },
                inputs: inputs,
                format: format,
                into: panels.start,
                kernelSet: kernels
            )
            #expect(special == 0)
            #expect(panels.guardsHold)
            check(panels, sources.map { $0?.exact }, inputs: inputs, format, kernelSet)
        }
    }

    private func check(
        _ panels: GuardedFloats,
        _ rows: [[Double]?],
        inputs: Int,
        _ format: WeightFormat,
        _ kernelSet: String
    ) {
        let group = format.groupInputs
        let groups = (inputs + group - 1) / group
        let raw = UnsafeRawPointer(panels.start)
        for output in 0..<rows.count {
            for input in 0..<(groups * group) {
                let place = ((output / 16 * groups + input / group) * 16 + output % 16) * group + input % group
                let stored =
                    format == .f32
                    ? raw.load(fromByteOffset: 4 * place, as: Float.self)
                    : Float(bf16: raw.load(fromByteOffset: 2 * place, as: UInt16.self))
                let exact = input < inputs ? rows[output]?[input] ?? 0 : 0
                let expected = format == .f32 ? Float(exact) : Float(bf16: bf16(Float(exact)))
                if stored != expected {
                    Issue.record(
                        "output \(output), input \(input) of \(inputs): \(stored), not \(expected); \(kernelSet)"
                    )
                    return
                }
            }
        }
    }

    @Test("counts what is not finite, and keeps it", arguments: runnableKernelSets, WeightFormat.all)
    func specialValues(kernelSet: String, format: WeightFormat) throws {
        let kernels = try #require(CPUKernelSet.named(kernelSet))
        var row = [Float](repeating: 1, count: 40)
        row[0] = .infinity
        row[17] = -.infinity
        row[39] = .nan
        row[20] = .greatestFiniteMagnitude
        let panel = GuardedFloats(count: format.panelBytes(inputs: 40) / 4)
        let count = row.withUnsafeBytes { row in
            packPanels(
                (0..<16).map { $0 == 2 || $0 == 9 ? row.baseAddress : nil },
                types: [vlmc_source_type](repeating: VLMC_SOURCE_F32, count: 16),
                inputs: 40,
                format: format,
                into: panel.start,
                kernelSet: kernels
            )
        }
        #expect(count == 6)
        let raw = UnsafeRawPointer(panel.start)
        let group = format.groupInputs
        for (input, value) in row.enumerated() where !value.isFinite {
            let place = (input / group * 16 + 2) * group + input % group
            let stored =
                format == .f32
                ? raw.load(fromByteOffset: 4 * place, as: Float.self)
                : Float(bf16: raw.load(fromByteOffset: 2 * place, as: UInt16.self))
            #expect(value.isNaN ? stored.isNaN : stored == value)
        }
    }
}
