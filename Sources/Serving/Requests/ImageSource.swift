// Where the bytes of an image come from: a data URI, or a file or server that the operator has allowed.
// Not decoding: PromptPreparation.swift.

import Glibc
import InputProcessing

/// The bytes of images that requests name by URL.
struct ImageSource: Sendable {
    /// A folder below which `file:` URLs may be read; nil for none.
    var allowedFolder: String?
    /// The most bytes of an image file.
    var maximumBytes = ImageLimits().maximumFileBytes

    /// The bytes that a URL stands for.
    ///
    /// - Parameter field: Where the URL stands in the request.
    func bytes(of url: String, field: String) throws(RequestError) -> [UInt8] {
        if hasPrefix(url, "data:") { return try dataURI(url, field) }
        if hasPrefix(url, "file:") { return try file(url, field) }
        if hasPrefix(url, "http:") || hasPrefix(url, "https:") {
            throw .unsupported(field, "this server fetches no images; send the image as a data URI")
        }
        throw .invalid(
            "'\(field)' is no data URI such as data:image/png;base64,...",
            param: field,
            code: "invalid_image_url"
        )
    }

    private func hasPrefix(_ url: String, _ scheme: String) -> Bool {
        url.utf8.prefix(scheme.utf8.count).elementsEqual(scheme.utf8) { $0 | 0x20 == $1 | 0x20 }
    }

    private func dataURI(_ url: String, _ field: String) throws(RequestError) -> [UInt8] {
        let utf8 = url.utf8
        guard let comma = utf8.firstIndex(of: UInt8(ascii: ",")) else {
            throw .invalid("'\(field)' is a data URI without a comma", param: field, code: "invalid_image_url")
        }
        let header = String(decoding: utf8[..<comma].dropFirst("data:".utf8.count), as: UTF8.self).lowercased()
        guard header.utf8.suffix(7).elementsEqual(";base64".utf8) else {
            throw .invalid("'\(field)' is a data URI that is not in base64", param: field, code: "invalid_image_url")
        }
        let encoded = utf8[utf8.index(after: comma)...]
        guard encoded.count / 4 * 3 <= maximumBytes else {
            throw .invalid(
                "'\(field)' holds more than the \(maximumBytes) bytes that an image may have",
                param: field,
                code: "image_too_large"
            )
        }
        guard let bytes = Base64.decode(encoded) else {
            throw .invalid("'\(field)' is a data URI with damaged base64", param: field, code: "invalid_image_url")
        }
        return bytes
    }

    private func file(_ url: String, _ field: String) throws(RequestError) -> [UInt8] {
        guard let allowedFolder else {
            throw .unsupported(field, "this server reads no files; it can with --allowed-local-media-path")
        }
        guard url.utf8.starts(with: "file:///".utf8), !url.utf8.contains(UInt8(ascii: "%")) else {
            throw .invalid("'\(field)' is no URL such as file:///folder/page.png", param: field)
        }
        let path = String(decoding: url.utf8.dropFirst("file://".utf8.count), as: UTF8.self)
        // Links are followed before the comparison, so that none leads out of the folder.
        guard let folder = Self.realPath(allowedFolder), let real = Self.realPath(path),
            real.utf8.starts(with: folder.utf8),
            folder == "/" || real.utf8.dropFirst(folder.utf8.count).first == UInt8(ascii: "/")
        else {
            throw .invalid("'\(field)' names no file in the folder that this server may read", param: field)
        }
        guard let file = fopen(real, "rb") else {
            throw .invalid("'\(field)' names a file that cannot be read", param: field)
        }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: maximumBytes + 1)
        let count = fread(&bytes, 1, bytes.count, file)
        guard count <= maximumBytes else {
            throw .invalid("'\(field)' names a file of more than \(maximumBytes) bytes", param: field)
        }
        return Array(bytes[..<count])
    }

    private static func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
