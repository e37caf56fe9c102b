// How the runtime keeps the matrices of a model: element encoding and the block layout that kernels read.
// Not the layout of checkpoints (row-major, see ElementType). To add one: docs/adding-a-weight-format.md.

/// A packed encoding of weight matrices, as a value in `WeightFormat.all`.
///
/// A matrix `[outputs, inputs]` is cut into *panels* of `panelOutputs` consecutive outputs. A panel is a row of *units*
/// of `unitInputs` inputs and, for some formats, a tail with the scales of its outputs. In a unit, `groupInputs` inputs
/// of output 0 are followed by those of output 1, and so on; after the weights come the unit's scales and zero points.
/// Kernels stream a panel once, front to back; the last panel is filled up with zero outputs, the last unit with zero
/// inputs. `kernels/cpu/README.md` shows each layout.
public struct WeightFormat: Sendable, Hashable {
    /// What integer weights are multiplied by.
    public enum Scales: Sendable, Hashable {
        /// Nothing: the weights are floats.
        case none
        /// One scale for each output.
        case perOutput
        /// A scale for each output and so many inputs.
        case perInputs(Int)
    }

    /// The name in TOML files, on command lines and in packed files, such as `bf16`.
    public let name: String
    /// The tag that C kernels switch on (`vlmc_weight_format` in `kernels/cpu/include/cpu_kernels.h`).
    public let kernelTag: UInt32
    /// Bits of one weight, without scales.
    public let weightBits: Int
    /// Consecutive inputs of one output that lie together.
    public let groupInputs: Int
    /// Inputs of a unit; a panel has a whole number of units.
    public let unitInputs: Int
    /// Bytes of a unit, scales included; a multiple of `panelAlignment`.
    public let unitBytes: Int
    /// Bytes at the end of a panel; a multiple of `panelAlignment`.
    public let tailBytes: Int
    /// What the weights are multiplied by.
    public let scales: Scales
    /// Whether a weight of 0 is stored as a number of its group's own.
    public let hasZeroPoints: Bool

    /// Outputs in a panel: the lanes of one 512-bit register of f32.
    public static let panelOutputs = 16
    /// Every panel starts at a multiple of this many bytes.
    public static let panelAlignment = 64

    /// Single precision: `[panel][input][16]`.
    public static let f32 = WeightFormat(floats: "f32", tag: 0, bits: 32, groupInputs: 1, unitInputs: 1)
    /// bfloat16 in pairs of inputs, as dot-product instructions read them: `[panel][input / 2][16][2]`.
    public static let bf16 = WeightFormat(floats: "bf16", tag: 1, bits: 16, groupInputs: 2, unitInputs: 2)
    /// Half precision, widened when it is read: `[panel][input][16]`.
    public static let f16 = WeightFormat(floats: "f16", tag: 2, bits: 16, groupInputs: 1, unitInputs: 2)
    /// Bytes, with a scale in half precision for 32 inputs; two groups and their scales to a unit.
    public static let w8g32 = WeightFormat(integers: "w8g32", tag: 3, bits: 8, unitInputs: 64, scales: .perInputs(32))
    /// Bytes, with an f32 scale for each output.
    public static let w8 = WeightFormat(integers: "w8", tag: 4, bits: 8, unitInputs: 32, scales: .perOutput)
    /// Nibbles, with a scale in half precision for 32 inputs; two groups and their scales to a unit.
    public static let w4g32 = WeightFormat(integers: "w4g32", tag: 5, bits: 4, unitInputs: 64, scales: .perInputs(32))
    /// Nibbles, with a scale in half precision and a zero point for 128 inputs, as AWQ and GPTQ have them.
    public static let w4g128 = WeightFormat(
        integers: "w4g128",
        tag: 6,
        bits: 4,
        unitInputs: 128,
        scales: .perInputs(128),
        hasZeroPoints: true
    )

    /// Every format, in the order in which help texts list them.
    public static let all: [WeightFormat] = [.f32, .bf16, .f16, .w8g32, .w8, .w4g32, .w4g128]

    private init(floats name: String, tag: UInt32, bits: Int, groupInputs: Int, unitInputs: Int) {
        self.name = name
        kernelTag = tag
        weightBits = bits
        self.groupInputs = groupInputs
        self.unitInputs = unitInputs
        unitBytes = unitInputs * Self.panelOutputs * bits / 8
        tailBytes = 0
        scales = .none
        hasZeroPoints = false
    }

    private init(
        integers name: String,
        tag: UInt32,
        bits: Int,
        unitInputs: Int,
        scales: Scales,
        hasZeroPoints: Bool = false
    ) {
        self.name = name
        kernelTag = tag
        weightBits = bits
        groupInputs = 32 / bits
        self.unitInputs = unitInputs
        // Scales in half precision and zero points fill one line of 64 bytes.
        unitBytes = unitInputs * Self.panelOutputs * bits / 8 + (scales == .perOutput ? 0 : Self.panelAlignment)
        tailBytes = scales == .perOutput ? Self.panelOutputs * 4 : 0
        self.scales = scales
        self.hasZeroPoints = hasZeroPoints
    }

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
        (inputs + unitInputs - 1) / unitInputs * unitBytes + tailBytes
    }

    /// Bytes of a packed matrix `[outputs, inputs]`.
    public func byteCount(outputs: Int, inputs: Int) -> Int {
        panelCount(outputs: outputs) * panelBytes(inputs: inputs)
    }

    /// Bytes that one output takes, its share of scales included.
    public func outputBytes(inputs: Int) -> Int { panelBytes(inputs: inputs) / Self.panelOutputs }
}
