// Elements of checkpoints as single precision, one by one: for vectors and for counting damage.
// Not for matrices: the kernels widen 16 elements at a time.

import CPUKernels
import TensorTypes

extension ElementType {
    /// The tag that packing kernels switch on; defined for the types that weights can have.
    var kernelSourceType: vlmc_source_type {
        switch self {
        case .f32: VLMC_SOURCE_F32
        case .bf16: VLMC_SOURCE_BF16
        case .f16: VLMC_SOURCE_F16
        case .f64: VLMC_SOURCE_F64
        case .i64, .i32, .i16, .i8, .u64, .u32, .u16, .u8, .bool:
            preconditionFailure("weights are no integers; MatchedWeights refuses them")
        }
    }
}

/// Calls `body` with each of `count` elements and its place. f64 is rounded, the others are exact.
func widen(_ start: UnsafeRawPointer, _ element: ElementType, count: Int, _ body: (Int, Float) -> Void) {
    func load<T: BitwiseCopyable>(_ index: Int, as type: T.Type) -> T {
        start.loadUnaligned(fromByteOffset: index * MemoryLayout<T>.size, as: type)
    }
    switch element {
    case .f32: for index in 0..<count { body(index, load(index, as: Float.self)) }
    case .f64: for index in 0..<count { body(index, Float(load(index, as: Double.self))) }
    case .f16: for index in 0..<count { body(index, Float(load(index, as: Float16.self))) }
    case .bf16:
        for index in 0..<count { body(index, Float(bitPattern: UInt32(load(index, as: UInt16.self)) << 16)) }
    case .i64, .i32, .i16, .i8, .u64, .u32, .u16, .u8, .bool:
        preconditionFailure("weights are no integers; MatchedWeights refuses them")
    }
}

/// How many elements of a tensor are NaN or infinite.
func nonFiniteCount(_ tensor: Checkpoint.Tensor) -> Int {
    guard tensor.entry.element.isFloatingPoint, let start = tensor.bytes.baseAddress else { return 0 }
    var count = 0
    widen(start, tensor.entry.element, count: tensor.entry.elementCount) { _, value in
        if !value.isFinite { count += 1 }
    }
    return count
}
