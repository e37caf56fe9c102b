// What the kernel tests share: random numbers, guarded memory, packing, and comparison with reference values.
// The references themselves stand in each test file: plain loops in Double that know nothing of the kernels.

import CPUKernels
import TensorTypes
import Testing

@testable import ModelRuntime

/// Kernel sets of this build that this CPU can run.
let runnableKernelSets = CPUKernelSet.allNames.filter { CPUKernelSet.named($0) != nil }

/// A device for tests: its scratch is NaN, so that reading what was not written shows.
func poisonedDevice(
    _ kernelSet: String,
    threads: Int = 2,
    largestInputs: Int = 2048,
    roundsAttention: Bool = false,
    adapterWidth: Int = 0
) throws -> CPUDevice {
    let device = CPUDevice(
        pool: ThreadPool(threads: threads),
        kernels: try #require(CPUKernelSet.named(kernelSet)),
        largestInputs: largestInputs,
        roundsAttention: roundsAttention,
        adapterWidth: adapterWidth
    )
    device.poisonScratch()
    return device
}

/// Whether a kernel set rounds activations to bf16 where weights are bf16.
func roundsToBF16(_ kernelSet: String, _ format: WeightFormat) -> Bool {
    kernelSet.hasPrefix("avx512bf16") && format == .bf16
}

/// Random numbers for tests.
struct KernelRandom {
    private var generator: SeededGenerator

    init(_ seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func integer(in range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }

    mutating func element<Element>(of elements: [Element]) -> Element {
        elements[integer(in: 0...(elements.count - 1))]
    }

    mutating func flip() -> Bool { integer(in: 0...1) == 1 }

    /// Numbers between -magnitude and magnitude.
    mutating func floats(_ count: Int, magnitude: Float = 1) -> [Float] {
        (0..<count).map { _ in Float(2 * generator.nextUnit() - 1) * magnitude }
    }

    /// The same, rounded to bf16, which then stores them exactly.
    mutating func bf16Floats(_ count: Int, magnitude: Float = 1) -> [Float] {
        floats(count, magnitude: magnitude).map { Float(bf16: bf16($0)) }
    }

    mutating func permutation(_ count: Int) -> [Int] { (0..<count).shuffled(using: &generator) }
}

/// `x` rounded to the nearest bf16, ties to even.
func bf16(_ x: Float) -> UInt16 {
    let bits = x.bitPattern
    let remainder = bits & 0xffff
    let roundsUp = remainder > 0x8000 || (remainder == 0x8000 && bits >> 16 & 1 == 1)
    return UInt16(truncatingIfNeeded: bits >> 16) + (roundsUp ? 1 : 0)
}

extension Float {
    init(bf16 bits: UInt16) { self.init(bitPattern: UInt32(bits) << 16) }
}

/// Floats between guards that no kernel may touch; NaN until written.
final class GuardedFloats {
    private static let margin = 64
    private static let guardBits: UInt32 = 0x7fc0_1234
    private let memory: UnsafeMutableBufferPointer<Float>
    let count: Int

    init(count: Int) {
        self.count = count
        memory = .allocate(capacity: count + 2 * Self.margin)
        memory.initialize(repeating: Float(bitPattern: Self.guardBits))
    }

    convenience init(_ values: [Float]) {
        self.init(count: values.count)
        for (index, value) in values.enumerated() { start[index] = value }
    }

    deinit { memory.deallocate() }

    var start: UnsafeMutablePointer<Float> { memory.baseAddress.unsafelyUnwrapped + Self.margin }
    var values: [Float] { Array(UnsafeBufferPointer(start: start, count: count)) }

    /// Whether all that lies around the floats is as it was.
    var guardsHold: Bool {
        let before = memory[..<Self.margin]
        let after = memory[(Self.margin + count)...]
        return (Array(before) + Array(after)).allSatisfy { $0.bitPattern == Self.guardBits }
    }
}

/// A value and how far a kernel may be from it.
struct Estimate {
    var value: Double
    var error: Double
}

/// Records an issue for the first value that is further from its estimate than allowed; NaN always is.
func expectClose(
    _ actual: [Float],
    _ expected: [Estimate],
    _ context: @autoclosure () -> String,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    guard actual.count == expected.count else {
        Issue.record("\(actual.count) values for \(expected.count): \(context())", sourceLocation: sourceLocation)
        return
    }
    for index in actual.indices {
        let error = abs(Double(actual[index]) - expected[index].value)
        if !(error <= expected[index].error) {
            Issue.record(
                """
                at \(index): \(actual[index]) instead of \(expected[index].value), \
                error \(error) > \(expected[index].error): \(context())
                """,
                sourceLocation: sourceLocation
            )
            return
        }
    }
}

/// Packs one panel for each 16 rows, and returns how many elements are not finite.
func packPanels(
    _ rows: [UnsafeRawPointer?],
    types: [vlmc_source_type],
    inputs: Int,
    format: WeightFormat,
    into destination: UnsafeMutableRawPointer,
    kernelSet: CPUKernelSet = .best
) -> Int {
    rows.withUnsafeBufferPointer { rows in
        types.map(\.rawValue).withUnsafeBufferPointer { types in
            var arguments = vlmc_pack_panels(
                rows: rows.baseAddress.unsafelyUnwrapped,
                source_types: types.baseAddress.unsafelyUnwrapped,
                destination: destination,
                inputs: Int32(inputs),
                panels: Int32(rows.count / 16),
                format: format.kernelTag,
                importance: nil,
                feedback: nil,
                order: nil,
                squared_error: 0,
                squared_values: 0
            )
            return Int(kernelSet.table.pointee.pack_panels(&arguments))
        }
    }
}

/// A packed matrix that owns its panels.
final class OwnedMatrix {
    let matrix: PackedMatrix
    private let memory: UnsafeMutableRawPointer

    /// Packs rows of `inputs` floats: one panel after the other; or, with `ups`, panels of `rows` and of `ups` in turn.
    init(_ rows: [Float], ups: [Float]? = nil, outputs: Int, inputs: Int, format: WeightFormat) {
        let panelRows = WeightFormat.panelOutputs
        let panels = format.panelCount(outputs: outputs) * (ups == nil ? 1 : 2)
        let panelBytes = format.panelBytes(inputs: inputs)
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: panels * panelBytes,
            alignment: WeightFormat.panelAlignment
        )
        self.memory = memory
        memory.initializeMemory(as: UInt8.self, repeating: 0xff, count: panels * panelBytes)
        for panel in 0..<panels {
            let source = ups == nil || panel % 2 == 0 ? rows : ups ?? []
            let first = (ups == nil ? panel : panel / 2) * panelRows
            source.withUnsafeBufferPointer { source in
                let pointers = (first..<(first + panelRows)).map { row in
                    row < outputs ? UnsafeRawPointer(source.baseAddress.unsafelyUnwrapped + row * inputs) : nil
                }
                _ = packPanels(
                    pointers,
                    types: pointers.map { _ in VLMC_SOURCE_F32 },
                    inputs: inputs,
                    format: format,
                    into: memory + panel * panelBytes
                )
            }
        }
        matrix = PackedMatrix(panels: memory, outputs: outputs, inputs: inputs, format: format)
    }

    /// The weights as they are stored, `[outputs, inputs]`: of all panels, or of the even or odd ones of a gated pair.
    func values(ofPair part: Int? = nil) -> [Float] {
        (0..<matrix.outputs).flatMap { output in
            let panel = part.map { 2 * (output / 16) + $0 } ?? output / 16
            return (0..<matrix.inputs).map { matrix.value(row: 16 * panel + output % 16, input: $0) }
        }
    }

    deinit { memory.deallocate() }
}
