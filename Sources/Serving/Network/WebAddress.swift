// Addresses of other servers, http and https, read strictly: what two readers could take for different hosts is refused.
// Not whom may be asked: AllowedHosts.swift.

/// An address in parts. What is asked for is written anew from these, so that its reader sees the host that was checked.
struct WebAddress: Sendable, Hashable {
    /// `http` or `https`.
    let scheme: String
    /// In lower case; an IPv6 address in brackets.
    let host: String
    /// Nil for the port of the scheme.
    let port: Int?
    /// Path and query.
    var target: String

    /// Reads an absolute address.
    ///
    /// *Source*: RFC 3986 without user information; a fragment is left out.
    init(_ text: some StringProtocol) throws(WebAddressError) {
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else { throw .notAbsolute }
        let scheme = text[..<colon].lowercased()
        guard scheme == "http" || scheme == "https" else { throw .scheme }
        let rest = text[text.index(colon, offsetBy: 3)...]
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        let (host, port) = try Self.authority(rest[..<end])
        self.scheme = scheme
        self.host = host
        self.port = port
        target = try Self.target(rest[end...])
    }

    private init(scheme: String, host: String, port: Int?, target: String) {
        self.scheme = scheme
        self.host = host
        self.port = port
        self.target = target
    }

    /// The address as it is asked for.
    var url: String { "\(scheme)://\(host)\(port.map { ":\($0)" } ?? "")\(target)" }

    /// The port, also where it is that of the scheme.
    var effectivePort: Int { port ?? (scheme == "https" ? 443 : 80) }

    /// Where an answer of this address sends whoever asked: another address, or another path here.
    func redirected(to location: String) throws(WebAddressError) -> WebAddress {
        if location.hasPrefix("//") { return try WebAddress("\(scheme):\(location)") }
        if location.hasPrefix("/") {
            return WebAddress(scheme: scheme, host: host, port: port, target: try Self.target(location[...]))
        }
        let end = location.firstIndex { "/?#".contains($0) } ?? location.endIndex
        if location[..<end].contains(":") { return try WebAddress(location) }
        // A path beside this one.
        let path = target.prefix { $0 != "?" }
        let folder = location.hasPrefix("?") ? path : path[...(path.lastIndex(of: "/") ?? path.startIndex)]
        return WebAddress(
            scheme: scheme,
            host: host,
            port: port,
            target: try Self.target("\(folder)\(location)"[...])
        )
    }

    /// A host and perhaps a port.
    static func authority(_ text: some StringProtocol) throws(WebAddressError) -> (host: String, port: Int?) {
        guard !text.contains("@") else { throw .userInformation }
        var host = text.lowercased()[...]
        var port: Int?
        // The colons of an IPv6 address stand in brackets.
        let afterBracket = host.lastIndex(of: "]") ?? host.startIndex
        if let colon = host[afterBracket...].lastIndex(of: ":") {
            let digits = host[host.index(after: colon)...]
            host = host[..<colon]
            guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), digits.utf8.count <= 5 else { throw .port }
            if !digits.isEmpty {
                guard let number = Int(digits), (1...65535).contains(number) else { throw .port }
                port = number
            }
        }
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        let name = isBracketed ? host.dropFirst().dropLast() : host
        let isWellFormed = name.utf8.allSatisfy { byte in
            if isBracketed { return isHexDigit(byte) || byte == UInt8(ascii: ":") || byte == UInt8(ascii: ".") }
            return isLetterOrDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
                || byte == UInt8(ascii: "_")
        }
        guard !name.isEmpty, name.utf8.count <= 253, isWellFormed, !name.hasPrefix(".") else { throw .host }
        return (String(host), port)
    }

    /// Path and query, without the fragment; characters that others might read differently have to be escaped.
    private static func target(_ text: some StringProtocol) throws(WebAddressError) -> String {
        let target = text.prefix { $0 != "#" }
        let isPlain = target.utf8.allSatisfy { byte in
            isLetterOrDigit(byte) || "-._~:/?[]@!$&'()*+,;=%".utf8.contains(byte)
        }
        guard isPlain, target.utf8.count <= 8192 else { throw .path }
        return target.hasPrefix("/") ? String(target) : "/\(target)"
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
    }
}

/// Why a text is no address that can be asked.
enum WebAddressError: Error, Sendable, CustomStringConvertible {
    case notAbsolute
    case scheme
    case userInformation
    case host
    case port
    case path

    /// What would be right.
    var description: String {
        switch self {
        case .notAbsolute: "it is no address such as https://example.org/page.png"
        case .scheme: "it is neither http nor https"
        case .userInformation: "it bears a user or a password"
        case .host: "its host is neither a name of letters, digits, '-', '_' and '.', nor an IP address"
        case .port: "its port is none from 1 to 65535"
        case .path: "its path has characters that would have to be escaped, or more than 8192 of them"
        }
    }
}
