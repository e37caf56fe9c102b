// The scalar types that tensors are made of, with the names of the safetensors format.
// Not the packed layouts in which the runtime keeps weights: those are in Formats/.

/// The scalar type of a tensor's elements.
public enum ElementType: String, Sendable, Hashable, CaseIterable {
    /// IEEE 754 double precision.
    case f64
    /// IEEE 754 single precision.
    case f32
    /// IEEE 754 half precision.
    case f16
    /// The upper half of a single-precision number.
    case bf16
    /// Signed integers.
    case i64, i32, i16, i8
    /// Unsigned integers.
    case u64, u32, u16, u8
    /// One byte, 0 or 1.
    case bool

    /// Bytes that one element takes in memory and in a file.
    public var byteCount: Int {
        switch self {
        case .f64, .i64, .u64: 8
        case .f32, .i32, .u32: 4
        case .f16, .bf16, .i16, .u16: 2
        case .i8, .u8, .bool: 1
        }
    }

    /// Bytes that the numbers of one token and head, keys or values, take in a cache: those of 8 bits share a scale.
    public func cachedHeadBytes(headDim: Int) -> Int { headDim * byteCount + (self == .i8 ? Self.f32.byteCount : 0) }

    /// The spelling in a safetensors header, such as `BF16`.
    public var safetensorsName: String { rawValue.uppercased() }

    /// The element type that a safetensors header spells `name`, or nil if it is none of these.
    public init?(safetensorsName name: some StringProtocol) {
        guard let type = Self.allCases.first(where: { $0.safetensorsName == name }) else { return nil }
        self = type
    }

    /// The spelling in a Hugging Face `config.json`, such as `bfloat16`.
    public var torchName: String {
        switch self {
        case .f64: "float64"
        case .f32: "float32"
        case .f16: "float16"
        case .bf16: "bfloat16"
        case .i64: "int64"
        case .i32: "int32"
        case .i16: "int16"
        case .i8: "int8"
        case .u64: "uint64"
        case .u32: "uint32"
        case .u16: "uint16"
        case .u8: "uint8"
        case .bool: "bool"
        }
    }

    /// The element type that a Hugging Face configuration spells `name`, or nil if it is none of these.
    public init?(torchName name: some StringProtocol) {
        guard let type = Self.allCases.first(where: { $0.torchName == name }) else { return nil }
        self = type
    }
}
