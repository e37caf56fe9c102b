// How the runtime keeps the matrices of a model: element encoding and the block layout that kernels read.
// Not the layout of checkpoints (row-major, see ElementType). To add one: docs/adding-a-weight-format.md.

/// A packed encoding of weight matrices, as a value in `WeightFormat.all`.
///
/// A matrix `[outputs, inputs]` is cut into *panels* of `panelOutputs` consecutive outputs. A panel holds all inputs,
/// `groupInputs` at a time: first the group's inputs of output 0, then of output 1, and so on. Kernels stream a panel
/// once, front to back; the last panel is filled up with zero outputs, the last group with zero inputs.
public struct WeightFormat: Sendable, Hashable {
    /// The name in TOML files, on command lines and in packed files, such as `bf16`.
    public let name: String
    /// The element that one weight is stored as.
    public let element: ElementType
    /// Consecutive inputs of one output that lie together.
    public let groupInputs: Int
    /// The tag that C kernels switch on (`vlmc_weight_format` in `kernels/cpu/include/cpu_kernels.h`).
    public let kernelTag: UInt32

    /// Outputs in a panel: the lanes of one 512-bit register of f32.
    public static let panelOutputs = 16
    /// Every panel starts at a multiple of this many bytes.
    public static let panelAlignment = 64

    /// Single precision: `[panel][input][16]`.
    public static let f32 = WeightFormat(name: "f32", element: .f32, groupInputs: 1, kernelTag: 0)
    /// bfloat16 in pairs of inputs, as dot-product instructions read them: `[panel][input / 2][16][2]`.
    public static let bf16 = WeightFormat(name: "bf16", element: .bf16, groupInputs: 2, kernelTag: 1)

    /// Every format, in the order in which help texts list them.
    public static let all: [WeightFormat] = [.f32, .bf16]

    /// The format called `name`, or nil if there is none.
    public static func named(_ name: some StringProtocol) -> WeightFormat? {
        all.first { $0.name == name }
    }

    /// Panels of a matrix with this many outputs.
    public func panelCount(outputs: Int) -> Int {
        (outputs + Self.panelOutputs - 1) / Self.panelOutputs
    }

    /// Bytes of one panel of a matrix with this many inputs, a multiple of `panelAlignment`.
    public func panelBytes(inputs: Int) -> Int {
        let groups = (inputs + groupInputs - 1) / groupInputs
        return groups * groupInputs * Self.panelOutputs * element.byteCount
    }

    /// Bytes of a packed matrix `[outputs, inputs]`.
    public func byteCount(outputs: Int, inputs: Int) -> Int {
        panelCount(outputs: outputs) * panelBytes(inputs: inputs)
    }
}
