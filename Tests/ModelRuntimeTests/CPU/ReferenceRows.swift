// Plain references in Double for norms, products and activations, with the error that f32 may add.

import Glibc
import TensorTypes

@testable import ModelRuntime

/// A norm with weights that it owns.
struct NormCase {
    enum Kind: CaseIterable { case none, rms, layer, layerWithoutShift }

    let kind: Kind
    let gain: GuardedFloats
    let shift: GuardedFloats
    let epsilon: Float

    init(_ kind: Kind, width: Int, random: inout KernelRandom) {
        self.kind = kind
        gain = GuardedFloats(random.floats(width, magnitude: 2))
        shift = GuardedFloats(random.floats(width))
        epsilon = random.element(of: [1e-6, 1e-5])
    }

    var norm: RowNorm {
        switch kind {
        case .none: .none
        case .rms: .rms(gain.start, epsilon: epsilon)
        case .layer: .layer(gain.start, shift: shift.start, epsilon: epsilon)
        case .layerWithoutShift: .layer(gain.start, epsilon: epsilon)
        }
    }

    /// The normalised row.
    func reference(_ row: [Double]) -> [Double] {
        if kind == .none { return row }
        let count = Double(row.count)
        let mean = kind == .rms ? 0 : row.reduce(0, +) / count
        let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
        let scale = 1 / sqrt(variance + Double(epsilon))
        let gains = gain.values
        let shifts = shift.values
        return row.indices.map { index in
            (row[index] - mean) * scale * Double(gains[index]) + (kind == .layer ? Double(shifts[index]) : 0)
        }
    }
}

/// Half a unit in the last place of 1.
let f32Rounding = 0x1p-24
let bf16Rounding = 0x1p-8

/// Which sums a kernel set may be held to: of exact factors, of one factor rounded to bf16, or one to 8 bits.
enum Rounding: CaseIterable {
    case exact, bf16, int8

    init(_ kernelSet: String, _ format: WeightFormat) {
        self = format.scales != .none ? .int8 : roundsToBF16(kernelSet, format) ? .bf16 : .exact
    }
}

/// A row as products with integer weights see it: multiples of 1/127 of the greatest magnitude of 32 inputs, in the
/// arithmetic of f32 that is promised.
struct Int8Row {
    var values: [Double] = []
    /// The step that each value is a multiple of.
    var steps: [Double] = []

    init(_ row: [Double]) {
        for first in stride(from: 0, to: row.count, by: 32) {
            let group = row[first..<min(first + 32, row.count)].map { Float($0) }
            let peak = group.map(abs).max() ?? 0
            let inverse = peak < 1e-30 ? 0 : 127 / peak
            let scale = peak < 1e-30 ? 0 : peak / 127
            values += group.map { Double(scale) * Double(($0 * inverse).rounded(.toNearestOrEven)) }
            steps += group.map { _ in Double(scale) }
        }
    }
}

/// The product of a normalised row with rows of a matrix.
///
/// A sum of n rounded products in order is off by a random walk: 4 sqrt(n) roundings of the sum of magnitudes leave ample
/// room, and a few more are for the norm. Rounding one side to bf16 adds independent errors of each product.
///
/// A row that a norm made is not the same in Double to the last bit: three of its 8-bit values may differ.
func referenceProduct(
    _ row: [Double],
    _ matrix: [Float],
    outputs: Int,
    _ rounding: Rounding,
    isExact: Bool = false
) -> [Estimate] {
    if rounding == .int8 {
        let quantized = Int8Row(row)
        let estimates = referenceProduct(quantized.values, matrix, outputs: outputs, .exact)
        let step = isExact ? 0 : quantized.steps.max() ?? 0
        return estimates.enumerated().map { output, estimate in
            let largest = matrix[(output * row.count)..<((output + 1) * row.count)].map(abs).max() ?? 0
            return Estimate(value: estimate.value, error: estimate.error + 3 * step * Double(largest))
        }
    }
    return row.withUnsafeBufferPointer { row in
        matrix.withUnsafeBufferPointer { matrix in
            (0..<outputs).map { output in
                let sums = productSums(row.baseAddress.unsafelyUnwrapped, matrix, output * row.count, row.count)
                return Estimate(value: sums.value, error: sums.error(rounding, count: row.count))
            }
        }
    }
}

/// A sum of products, with what bounds its error.
struct ProductSums {
    var value = 0.0
    var magnitude = 0.0
    var squares = 0.0

    func error(_ rounding: Rounding, count: Int) -> Double {
        let exact = 4 * (Double(count).squareRoot() + 4) * f32Rounding * magnitude + 1e-30
        return rounding == .bf16 ? exact + 4 * bf16Rounding * squares.squareRoot() : exact
    }
}

/// The product of `count` numbers with those of a matrix from `start` on. Written for speed without optimisation.
func productSums(
    _ row: UnsafePointer<Double>,
    _ matrix: UnsafeBufferPointer<Float>,
    _ start: Int,
    _ count: Int
) -> ProductSums {
    let other = matrix.baseAddress.unsafelyUnwrapped + start
    var sums = ProductSums()
    var index = 0
    while index < count {
        let product = row[index] * Double(other[index])
        sums.value += product
        sums.magnitude += product < 0 ? -product : product
        sums.squares += product * product
        index += 1
    }
    return sums
}

extension Activation {
    /// The function in Double.
    func reference(_ x: Double) -> Double {
        switch self {
        case .none: x
        case .silu: x / (1 + exp(-x))
        case .gelu: 0.5 * x * erfc(-x / 2.0.squareRoot())
        case .geluTanh: 0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
        case .quickGELU: x / (1 + exp(-1.702 * x))
        case .relu: max(x, 0)
        case .reluSquared: x > 0 ? x * x : 0
        }
    }

    /// The function of an estimate. Slopes are at most 1.2, but that of the squared one.
    func reference(_ x: Estimate) -> Estimate {
        let value = reference(x.value)
        let slope = self == .reluSquared ? 2 * (abs(x.value) + x.error) : 1.2
        return Estimate(value: value, error: slope * x.error + 2e-6 * abs(value) + 2e-7 * min(abs(x.value), 4))
    }
}

extension Estimate {
    static func + (a: Estimate, b: Double) -> Estimate {
        let value = a.value + b
        return Estimate(value: value, error: a.error + 2 * f32Rounding * (abs(value) + abs(b)))
    }

    static func * (a: Estimate, b: Estimate) -> Estimate {
        let value = a.value * b.value
        let error = a.error * abs(b.value) + b.error * abs(a.value) + a.error * b.error + 2 * f32Rounding * abs(value)
        return Estimate(value: value, error: error)
    }
}

/// Rows of an array as Double.
func rows(_ values: [Float], width: Int) -> [[Double]] {
    stride(from: 0, to: values.count, by: width).map { start in values[start..<(start + width)].map(Double.init) }
}
