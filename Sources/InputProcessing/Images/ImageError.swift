// Everything that can be wrong with an image, in sentences: where, what was found, what would be right.
// Not the remarks on an image that could be read: those are ImageNote.

/// Why an image cannot be used.
public struct ImageError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong.
    public enum Problem: Sendable, Hashable {
        /// The file cannot be read.
        case unreadable(reason: String)
        /// The file has no bytes.
        case empty
        /// The file is larger than the limit.
        case fileTooLarge(bytes: Int, limit: Int)
        /// The first bytes are those of no format that is read.
        case unknownFormat(firstBytes: [UInt8], resembles: String?)
        /// A side of the image is zero.
        case zeroSize(width: Int, height: Int)
        /// Width times height exceeds the limit.
        case tooManyPixels(width: Int, height: Int, limit: Int)
        /// One side is too many times the other.
        case aspectRatio(width: Int, height: Int, limit: Int)
        /// The file ends before its image does.
        case truncated(ImageFormat, detail: String)
        /// The file contradicts its format.
        case damaged(ImageFormat, detail: String)
        /// The file is a kind of its format that is not read.
        case unsupported(ImageFormat, detail: String)
        /// The codec found no memory.
        case outOfMemory(ImageFormat)
        /// A field of an image processor's configuration has a value that cannot work.
        case configuration(field: String, found: String, allowed: String)
        /// The caller's buffer does not fit the image.
        case bufferSize(found: Int, needed: Int)
    }

    /// The image: a path, or what else the caller calls it.
    public var source: String?
    /// What is wrong.
    public var problem: Problem

    /// An error, usually without a source: who knows the image's name adds it.
    public init(_ problem: Problem, source: String? = nil) {
        self.problem = problem
        self.source = source
    }

    /// The error of the image called `source`.
    public func named(_ source: String) -> ImageError { ImageError(problem, source: source) }

    /// A sentence for users, led by the image's name.
    public var description: String {
        source.map { "\($0): \(problem)" } ?? "\(problem)"
    }
}

extension ImageError.Problem: CustomStringConvertible {
    /// A sentence for users.
    public var description: String {
        switch self {
        case .unreadable(let reason):
            "the file cannot be read: \(reason)"
        case .empty:
            "the file is empty; \(ImageFormat.allNames) images are read"
        case .fileTooLarge(let bytes, let limit):
            "the file has \(bytes) bytes; at most \(limit) are read"
        case .unknownFormat(let firstBytes, let resembles):
            Self.unknownFormat(firstBytes: firstBytes, resembles: resembles)
        case .zeroSize(let width, let height):
            "the image is \(width) x \(height) pixels; both sides must be at least 1"
        case .tooManyPixels(let width, let height, let limit):
            "the image is \(width) x \(height) pixels; at most \(limit) pixels in all are read"
        case .aspectRatio(let width, let height, let limit):
            "the image is \(width) x \(height) pixels; the longer side may be at most \(limit) times the shorter"
        case .truncated(let format, let detail):
            "the \(format.rawValue) image is truncated: \(detail); copy or download the whole file again"
        case .damaged(let format, let detail):
            "the \(format.rawValue) image is damaged: \(detail)"
        case .unsupported(let format, let detail):
            "this kind of \(format.rawValue) image is not read: \(detail)"
        case .outOfMemory(let format):
            "there is not enough memory to decode the \(format.rawValue) image"
        case .configuration(let field, let found, let allowed):
            "the image processor's \(field) is \(found); allowed is \(allowed)"
        case .bufferSize(let found, let needed):
            "the patch buffer has room for \(found) floats; this image needs exactly \(needed)"
        }
    }

    private static func unknownFormat(firstBytes: [UInt8], resembles: String?) -> String {
        let reads = "\(ImageFormat.allNames) images are read, whatever the file is called"
        if let resembles { return "the file appears to be \(resembles); \(reads)" }
        let digits: [String] = firstBytes.map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }
        return "the file begins with the bytes \(digits.joined(separator: " ")), which no known format does; \(reads)"
    }
}
