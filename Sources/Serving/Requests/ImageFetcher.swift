// Fetches images from the hosts that the operator allows: bounded in bytes, time and redirects, and without credentials.
// Not which URLs requests hold, nor files: ImageSource.swift. Decoding: PromptPreparation.swift.

import AsyncHTTPClient
import NIOCore
import NIOPosix
import NIOSSL

/// An image that is to be fetched.
struct ImageToFetch: Sendable, Hashable {
    let url: String
    let address: WebAddress
    /// Where the URL stands in the request.
    let field: String
}

/// Fetches images.
struct ImageFetcher: Sendable {
    let allowedHosts: AllowedHosts
    /// The most bytes of an image.
    let maximumBytes: Int
    /// Seconds for an image, redirects included.
    let seconds: Int
    let memory: BytesInFlight

    private static let redirectLimit = 5

    /// The images by their URLs.
    func fetch(_ images: [ImageToFetch]) async throws -> [String: ImageFile] {
        try await withThrowingTaskGroup(of: (String, ImageFile).self) { group in
            for image in Dictionary(images.map { ($0.url, $0) }, uniquingKeysWith: { first, _ in first }).values {
                group.addTask { (image.url, try await fetch(image)) }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
    }

    private func fetch(_ image: ImageToFetch) async throws -> ImageFile {
        do {
            return try await withThrowingTaskGroup(of: ImageFile.self) { group in
                group.addTask { try await follow(image.address) }
                group.addTask {
                    try await Task.sleep(for: .seconds(seconds))
                    throw FetchFailure("it took longer than \(seconds) s")
                }
                defer { group.cancelAll() }
                guard let file = try await group.next() else { throw CancellationError() }
                return file
            }
        } catch let error where !(error is RequestError) {
            try Task.checkCancellation()
            throw RequestError.invalid(
                "'\(image.field)' cannot be fetched from \(image.address.host): \(Self.reason(error))",
                param: image.field,
                code: "image_fetch_failed"
            )
        }
    }

    /// Asks for an address, and for those to which the answers lead.
    private func follow(_ first: WebAddress) async throws -> ImageFile {
        var address = first
        for _ in 0...Self.redirectLimit {
            var request = HTTPClientRequest(url: address.url)
            request.headers.add(name: "user-agent", value: "vlmc")
            request.headers.add(name: "accept", value: "image/png, image/jpeg, image/webp")
            // Its own timeout covers heads of answers only; ours comes first.
            let response = try await OutgoingHTTP.client.execute(request, timeout: .seconds(Int64(seconds) + 5))
            switch response.status.code {
            case 200: return try await body(response)
            case 301, 302, 303, 307, 308:
                guard let location = response.headers.first(name: "location") else {
                    throw FetchFailure("status \(response.status.code) without a location")
                }
                do throws(WebAddressError) {
                    address = try address.redirected(to: location)
                } catch {
                    throw FetchFailure("it leads to an address that is refused: \(error)")
                }
                guard allowedHosts.contains(address) else {
                    throw FetchFailure("it leads to \(address.host), which --allowed-media-domains does not name")
                }
            default: throw FetchFailure("status \(response.status.code)")
            }
        }
        throw FetchFailure("it leads on more than \(Self.redirectLimit) times")
    }

    private func body(_ response: HTTPClientResponse) async throws -> ImageFile {
        let tooLarge = FetchFailure("it has more than \(maximumBytes) bytes")
        let stated = response.headers.first(name: "content-length").flatMap { Int($0) }
        if let stated, stated > maximumBytes { throw tooLarge }
        // What is stated is not taken for granted: memory is asked for as bytes come.
        let lease = try memory.lease(0)
        var bytes: [UInt8] = []
        for try await buffer in response.body {
            guard bytes.count + buffer.readableBytes <= maximumBytes else { throw tooLarge }
            try lease.extend(by: buffer.readableBytes)
            bytes += buffer.readableBytesView
        }
        try Task.checkCancellation()
        if let stated, stated != bytes.count { throw FetchFailure("it ended after \(bytes.count) of \(stated) bytes") }
        return ImageFile(bytes: bytes, lease: lease)
    }

    /// In words for whoever asked.
    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as FetchFailure: error.description
        case let error as HTTPClientError: error.shortDescription
        case is NIOConnectionError, is IOError: "no connection"
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError:
            "TLS: its certificate is not trusted, or no handshake"
        default: "it does not answer as HTTP asks"
        }
    }
}

/// Why an image could not be fetched.
private struct FetchFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
