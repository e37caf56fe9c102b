// Where the bytes of an image come from: a data URI, or a file or server that the operator has allowed.
// Not decoding: PromptPreparation.swift. Not fetching: ImageFetcher.swift.

import Glibc
import InputProcessing

/// The bytes of an image, and the memory that they were granted.
struct ImageFile: Sendable {
    let bytes: [UInt8]
    /// Nil where they came with the body of the request.
    var lease: BytesInFlight.Lease?
}

/// Images that a request needs and that have to be fetched before it can be prepared.
struct ImagesToFetch: Error {
    let images: [ImageToFetch]
}

/// The bytes of images that requests name by URL.
struct ImageSource: Sendable {
    /// A folder below which `file:` URLs may be read; nil for none.
    var allowedFolder: String?
    /// The hosts from which images are fetched; none by default.
    var allowedHosts = AllowedHosts()
    /// The most bytes of an image file.
    var maximumBytes = ImageLimits().maximumFileBytes
    /// Seconds that fetching an image may take.
    var fetchSeconds = 10
    /// Whence files are granted memory; nil for as much as they take.
    var memory: BytesInFlight?
    /// Images that have been fetched for the request, by their URLs.
    var fetched: [String: ImageFile] = [:]

    /// The image that a URL stands for.
    ///
    /// - Parameter field: Where the URL stands in the request.
    func image(_ url: String, field: String) throws(RequestError) -> ImageFile {
        if hasPrefix(url, "data:") { return ImageFile(bytes: try dataURI(url, field)) }
        if hasPrefix(url, "file:") { return try file(url, field) }
        if let image = fetched[url] { return image }
        throw .invalid(
            "'\(field)' is no data URI such as data:image/png;base64,...",
            param: field,
            code: "invalid_image_url"
        )
    }

    /// Checks that what is on other servers has been fetched.
    ///
    /// - Throws: `ImagesToFetch` with everything that has not, or a `RequestError` if one of them may not be fetched.
    func checkFetched(_ references: [ImageReference]) throws {
        let missing = try references.compactMap { try imageToFetch($0) }.filter { fetched[$0.url] == nil }
        if !missing.isEmpty { throw ImagesToFetch(images: missing) }
    }

    /// What is to be fetched for a reference; nil for those of other kinds.
    private func imageToFetch(_ reference: ImageReference) throws(RequestError) -> ImageToFetch? {
        let (url, field) = (reference.url, reference.field)
        guard hasPrefix(url, "http:") || hasPrefix(url, "https:") else { return nil }
        guard !allowedHosts.isEmpty else {
            throw .unsupported(
                field,
                "this server fetches no images; it can with --allowed-media-domains, or send the image as a data URI"
            )
        }
        let address: WebAddress
        do throws(WebAddressError) {
            address = try WebAddress(url)
        } catch {
            throw .invalid("'\(field)' cannot be fetched: \(error)", param: field, code: "invalid_image_url")
        }
        guard allowedHosts.contains(address) else {
            throw .invalid(
                "'\(field)' cannot be fetched: --allowed-media-domains of this server does not name \(address.host)"
                    + (address.port.map { " with port \($0)" } ?? ""),
                param: field,
                code: "media_domain_not_allowed"
            )
        }
        return ImageToFetch(url: url, address: address, field: field)
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

    private func file(_ url: String, _ field: String) throws(RequestError) -> ImageFile {
        guard let allowedFolder else {
            throw .unsupported(field, "this server reads no files; it can with --allowed-local-media-path")
        }
        guard let path = Self.path(of: url) else {
            throw .invalid("'\(field)' is no URL such as file:///folder/page.png", param: field)
        }
        // Links are followed before the comparison, so that none leads out of the folder. Whether there is a file
        // elsewhere is not told.
        let elsewhere = RequestError.invalid(
            "'\(field)' names no file below the folder of --allowed-local-media-path",
            param: field
        )
        guard let folder = Self.realPath(allowedFolder), let real = Self.realPath(path),
            Self.isBelow(folder, real)
        else { throw elsewhere }
        let contents: [UInt8]
        do throws(FileRefusal) {
            contents = try BoundedFile.bytes(of: real, limit: maximumBytes, flags: O_NOFOLLOW) { descriptor in
                // Folders on the way may have been exchanged for links since.
                Self.isBelow(folder, Self.realPath("/proc/self/fd/\(descriptor)") ?? "") ? nil : .outside
            }
        } catch {
            if error == .outside { throw elsewhere }
            throw .invalid("'\(field)' names a file that cannot be read: \(error)", param: field)
        }
        return ImageFile(bytes: contents, lease: try memory?.lease(contents.count))
    }

    /// The path of a `file:` URL: `file:///path` or `file://localhost/path`, characters escaped or not.
    private static func path(of url: String) -> String? {
        let rest = url.dropFirst("file:".count)
        let prefixes = ["///", "//localhost/"]
        guard let prefix = prefixes.first(where: { rest.hasPrefix($0) }) else { return nil }
        var bytes = [UInt8(ascii: "/")]
        var escaped = rest.dropFirst(prefix.count).utf8[...]
        while let byte = escaped.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = escaped.prefix(2)
            guard digits.count == 2, digits.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }),
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            else { return nil }
            bytes.append(value)
            escaped = escaped.dropFirst(2)
        }
        // A path ends where the system sees a 0.
        return bytes.contains(0) ? nil : String(validating: bytes, as: UTF8.self)
    }

    private static func isBelow(_ folder: String, _ path: String) -> Bool {
        path.utf8.starts(with: folder.utf8)
            && (folder == "/" || path.utf8.dropFirst(folder.utf8.count).first == UInt8(ascii: "/"))
    }

    private static func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
