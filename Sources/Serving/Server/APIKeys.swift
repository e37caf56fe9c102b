// API keys: who bears a key that is known. Compared in a time that tells nothing about the keys.

import HTTPTypes

/// The keys of a server.
struct APIKeys: Sendable {
    private let keys: [[UInt8]]

    /// The keys; without any, everyone may ask.
    init(_ keys: [String]) { self.keys = keys.map { Array($0.utf8) } }

    /// A name for whoever bears the key in these headers: `Authorization: Bearer KEY`, or Anthropic's `x-api-key: KEY`.
    func holder(of headers: HTTPFields) throws(RequestError) -> String {
        guard !keys.isEmpty else { return "" }
        var offered: String?
        if let value = headers[.authorization] {
            let parts = value.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
            if parts.count == 2, parts[0].lowercased() == "bearer" { offered = String(parts[1]) }
        } else if let name = HTTPField.Name("x-api-key") {
            offered = headers[name]
        }
        guard let offered else {
            throw RequestError(
                .unauthorized,
                "no API key; send it as 'Authorization: Bearer KEY' or 'x-api-key: KEY'",
                type: "authentication_error",
                code: "missing_api_key"
            )
        }
        let bytes = Array(offered.utf8)
        var found: Int?
        // Every key is compared, whichever of them fits.
        for (index, key) in keys.enumerated() where Self.areEqual(key, bytes) { found = index }
        guard let found else {
            throw RequestError(
                .unauthorized,
                "the API key is not known",
                type: "authentication_error",
                code: "invalid_api_key"
            )
        }
        return "key-\(found)"
    }

    /// Whether two texts are equal, in a time that depends on the length of `offered` alone.
    static func areEqual(_ key: [UInt8], _ offered: [UInt8]) -> Bool {
        var difference = UInt(bitPattern: key.count ^ offered.count)
        for (index, byte) in offered.enumerated() {
            difference |= UInt(byte ^ (key.isEmpty ? 0 : key[index % key.count]))
        }
        return difference == 0
    }
}
