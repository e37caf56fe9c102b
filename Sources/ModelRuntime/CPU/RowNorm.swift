// The normalisations that kernels apply to rows, on their own or while they read a row.
// Not their computation: kernels/cpu/templates/norm.h.

import CPUKernels

/// A normalisation of a row x of n numbers; gain and shift are n numbers, too.
public enum RowNorm {
    /// x as it is.
    case none
    /// `x / sqrt(sum(x^2) / n + epsilon) * gain`.
    case rms(UnsafePointer<Float>, epsilon: Float)
    /// `(x - mean) / sqrt(variance + epsilon) * gain + shift`, the variance being that of the row itself.
    case layer(UnsafePointer<Float>, shift: UnsafePointer<Float>? = nil, epsilon: Float)

    var kernelArgument: vlmc_norm {
        switch self {
        case .none: vlmc_norm(kind: VLMC_NORM_NONE.rawValue, epsilon: 0, weight: nil, bias: nil)
        case .rms(let gain, let epsilon):
            vlmc_norm(kind: VLMC_NORM_RMS.rawValue, epsilon: epsilon, weight: gain, bias: nil)
        case .layer(let gain, let shift, let epsilon):
            vlmc_norm(kind: VLMC_NORM_LAYER.rawValue, epsilon: epsilon, weight: gain, bias: shift)
        }
    }
}
