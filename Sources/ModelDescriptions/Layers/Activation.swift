// The element-wise functions of feed-forward layers.
// Not their kernels: ComputeGraph has one operation for each.

/// An element-wise function.
public enum Activation: String, Sendable, Hashable, CaseIterable {
    /// x · sigmoid(x).
    case silu
    /// x · Φ(x) with the normal distribution function Φ, through erf.
    case gelu
    /// GELU through tanh: x / 2 · (1 + tanh(√(2/π) · (x + 0.044715 · x³))).
    case geluTanh = "gelu-tanh"
    /// x · sigmoid(1.702 · x).
    case quickGELU = "quick-gelu"
    /// max(x, 0).
    case relu
}
