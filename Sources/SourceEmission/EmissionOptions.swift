// What emission is told besides the schedule: where the description came from, and for whom the files are.

/// How generated files are arranged, and what they cite.
public struct EmissionOptions: Sendable, Hashable {
    /// For whom the files are.
    public enum Layout: Sendable, Hashable {
        /// A package of its own, which depends on the runtime package at this path.
        case package(runtime: String)
        /// Sources of a module in somebody's package, in files whose names begin with `stem`.
        case module(stem: String)
    }

    /// The name of the TOML file, without directories.
    public let descriptionFile: String
    /// Its bytes; generated files cite their hash.
    public let descriptionBytes: [UInt8]
    /// For whom the files are.
    public let layout: Layout

    /// The format that was asked for in place of the description's, if one was.
    public var quantization: String?

    /// The command that writes the same files.
    public var command: String {
        "vlmc compile \(descriptionFile)" + (quantization.map { " --quantize \($0)" } ?? "")
    }

    /// Options.
    public init(descriptionFile: String, descriptionBytes: [UInt8], layout: Layout) {
        self.descriptionFile = descriptionFile
        self.descriptionBytes = descriptionBytes
        self.layout = layout
    }

    /// FNV-1a over the bytes of the description, in hexadecimal: tells whether a generated file is up to date.
    public var descriptionHash: String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in descriptionBytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
