// The activation functions that kernels know.
// Not their computation: kernels/cpu/templates/activations.h.

import CPUKernels

/// A function of single numbers.
public enum Activation: Sendable, Hashable, CaseIterable {
    /// `x`.
    case none
    /// `x / (1 + exp(-x))`.
    case silu
    /// `x / 2 * (1 + erf(x / sqrt(2)))`.
    case gelu
    /// `x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))`.
    case geluTanh
    /// `x / (1 + exp(-1.702 x))`.
    case quickGELU
    /// `max(x, 0)`.
    case relu
    /// `max(x, 0)^2`.
    case reluSquared

    var kernelTag: UInt32 {
        let tag =
            switch self {
            case .none: VLMC_ACTIVATION_NONE
            case .silu: VLMC_ACTIVATION_SILU
            case .gelu: VLMC_ACTIVATION_GELU
            case .geluTanh: VLMC_ACTIVATION_GELU_TANH
            case .quickGELU: VLMC_ACTIVATION_QUICK_GELU
            case .relu: VLMC_ACTIVATION_RELU
            case .reluSquared: VLMC_ACTIVATION_RELU_SQUARED
            }
        return tag.rawValue
    }
}
