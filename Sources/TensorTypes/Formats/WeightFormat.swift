// How the runtime keeps the matrices of a model: element encoding and the block layout that kernels read.
// Not the layout of checkpoints (row-major, see ElementType). To add one: docs/adding-a-weight-format.md.

/// A packed encoding of weight matrices, as a value in `WeightFormat.all`.
///
/// A matrix `[outputs, inputs]` is cut into *panels* of `panelOutputs` consecutive outputs. A panel holds all inputs,
/// `groupInputs` at a time: first the group's inputs of output 0, then of output 1, and so on, and behind them what
/// belongs to the whole group. Kernels stream a panel once, front to back; the last panel is filled up with zero
/// outputs, the last group with zero inputs, and every panel to a multiple of `panelAlignment` bytes.
public struct WeightFormat: Sendable, Hashable {
    /// How integers become weights: `(integer - zero point) * scale`.
    public struct Scaling: Sendable, Hashable {
        /// Inputs of one output that share a scale; nil if all of them do.
        public let groupInputs: Int?
        /// The element of a scale.
        public let element: ElementType
        /// Whether every group has a zero point of its own; without, it is the middle of the integers.
        public let hasZeroPoints: Bool
    }

    /// The name in TOML files, on command lines and in packed files, such as `bf16`.
    public let name: String
    /// One line for help texts.
    public let summary: String
    /// Bits of one weight, scales not counted.
    public let bits: Int
    /// Consecutive inputs that lie together, and up to a multiple of which a panel is filled up; where inputs share scales,
    /// one group of scales or two.
    public let groupInputs: Int
    /// The scales of integers; nil for floating-point numbers.
    public let scaling: Scaling?
    /// The tag that C kernels switch on (`vlmc_weight_format` in `kernels/cpu/include/cpu_kernels.h`).
    public let kernelTag: UInt32

    /// Outputs in a panel: the lanes of one 512-bit register of f32.
    public static let panelOutputs = 16
    /// Every panel starts at a multiple of this many bytes.
    public static let panelAlignment = 64

    /// Single precision: `[panel][input][16]`.
    public static let f32 = WeightFormat(
        name: "f32",
        summary: "single precision",
        bits: 32,
        groupInputs: 1,
        scaling: nil,
        kernelTag: 0
    )
    /// bfloat16 in pairs of inputs, as dot-product instructions read them: `[panel][input / 2][16][2]`.
    public static let bf16 = WeightFormat(
        name: "bf16",
        summary: "bfloat16",
        bits: 16,
        groupInputs: 2,
        scaling: nil,
        kernelTag: 1
    )
    /// Half precision, an even number of inputs: `[panel][input][16]`.
    public static let f16 = WeightFormat(
        name: "f16",
        summary: "half precision",
        bits: 16,
        groupInputs: 2,
        scaling: nil,
        kernelTag: 2
    )
    /// Bytes, offset by 128, with a scale for 32 inputs: per 64 inputs bytes `[16][16][4]`, then f16 scales `[2][16]`.
    public static let w8g32 = WeightFormat(
        name: "w8g32",
        summary: "8-bit integers with a scale for every 32 inputs",
        bits: 8,
        groupInputs: 64,
        scaling: Scaling(groupInputs: 32, element: .f16, hasZeroPoints: false),
        kernelTag: 3
    )
    /// Bytes, offset by 128, with a scale for an output: `[input / 4][16][4]` bytes, then 16 f32 scales per panel.
    public static let w8 = WeightFormat(
        name: "w8",
        summary: "8-bit integers with a scale for every output channel",
        bits: 8,
        groupInputs: 32,
        scaling: Scaling(groupInputs: nil, element: .f32, hasZeroPoints: false),
        kernelTag: 4
    )
    /// Nibbles, offset by 8, with a scale for 32 inputs: per 64 inputs nibbles `[8][16][8]`, then f16 scales `[2][16]`.
    public static let w4g32 = WeightFormat(
        name: "w4g32",
        summary: "4-bit integers with a scale for every 32 inputs",
        bits: 4,
        groupInputs: 64,
        scaling: Scaling(groupInputs: 32, element: .f16, hasZeroPoints: false),
        kernelTag: 5
    )
    /// Nibbles with a scale and a zero point for 128 inputs, the arithmetic of AWQ and GPTQ: per group nibbles
    /// `[16][16][8]`, 16 f16 scales, 16 bytes of zero points, 16 bytes unused.
    public static let w4g128 = WeightFormat(
        name: "w4g128",
        summary: "4-bit integers with a scale and a zero point for every 128 inputs",
        bits: 4,
        groupInputs: 128,
        scaling: Scaling(groupInputs: 128, element: .f16, hasZeroPoints: true),
        kernelTag: 6
    )

    /// Every format, in the order in which help texts list them.
    public static let all: [WeightFormat] = [.f32, .bf16, .f16, .w8g32, .w8, .w4g32, .w4g128]

    /// The format called `name`, or nil if there is none.
    public static func named(_ name: some StringProtocol) -> WeightFormat? {
        all.first { $0.name == name }
    }

    /// The format of those classes of matrices that lose most by few bits (image encoder, bridge, embedding, head), where
    /// a description states this one for all and says nothing of them.
    public var forSensitiveWeights: WeightFormat { bits < 8 ? .w8g32 : self }

    /// Panels of a matrix with this many outputs.
    public func panelCount(outputs: Int) -> Int {
        (outputs + Self.panelOutputs - 1) / Self.panelOutputs
    }

    /// Groups of `groupInputs` in a panel, the last of which may be filled up.
    public func groupCount(inputs: Int) -> Int {
        (inputs + groupInputs - 1) / groupInputs
    }

    /// Bytes of the integers or numbers of a group.
    public var groupElementBytes: Int { groupInputs * Self.panelOutputs * bits / 8 }

    /// Scales of one output in a group; none where the scales of a panel stand at its end.
    public var groupScales: Int { scaling?.groupInputs.map { groupInputs / $0 } ?? 0 }

    /// Bytes of a group: its elements, then its scales and zero points.
    public var groupBytes: Int {
        guard let scaling, scaling.groupInputs != nil else { return groupElementBytes }
        let scales = groupScales * Self.panelOutputs * scaling.element.byteCount
        // Zero points are filled up to half a cache line, so that groups stay aligned.
        return groupElementBytes + scales + (scaling.hasZeroPoints ? 2 * Self.panelOutputs : 0)
    }

    /// Bytes of one panel of a matrix with this many inputs, a multiple of `panelAlignment`.
    public func panelBytes(inputs: Int) -> Int {
        var bytes = groupCount(inputs: inputs) * groupBytes
        if let scaling, scaling.groupInputs == nil { bytes += Self.panelOutputs * scaling.element.byteCount }
        return (bytes + Self.panelAlignment - 1) / Self.panelAlignment * Self.panelAlignment
    }

    /// Bytes of a packed matrix `[outputs, inputs]`.
    public func byteCount(outputs: Int, inputs: Int) -> Int {
        panelCount(outputs: outputs) * panelBytes(inputs: inputs)
    }

    /// Bits that a weight takes with its share of scales and zero points, in a matrix of very many inputs.
    public var effectiveBits: Double {
        Double(8 * groupBytes) / Double(groupInputs * Self.panelOutputs)
    }
}
