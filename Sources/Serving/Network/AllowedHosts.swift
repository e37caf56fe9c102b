// The hosts that the operator lets this server ask, by name. Not how they are asked: ../Requests/ImageFetcher.swift.

/// Hosts, each with one port or with all.
///
/// Names are compared as they are written: an address of the own network is asked only if it, or a name that stands for
/// it, is among the hosts.
struct AllowedHosts: Sendable, Equatable {
    private struct Entry: Sendable, Hashable {
        let host: String
        /// Nil for all.
        let port: Int?
    }

    private var entries: Set<Entry> = []

    /// None.
    init() {}

    /// Hosts as the command line names them: `example.org`, `example.org:8080`, `[::1]`.
    init(_ names: [String]) throws(AllowedHostError) {
        for name in names {
            do throws(WebAddressError) {
                let (host, port) = try WebAddress.authority(name)
                entries.insert(Entry(host: host, port: port))
            } catch {
                throw AllowedHostError(name: name)
            }
        }
    }

    var isEmpty: Bool { entries.isEmpty }

    func contains(_ address: WebAddress) -> Bool {
        entries.contains(Entry(host: address.host, port: nil))
            || entries.contains(Entry(host: address.host, port: address.effectivePort))
    }
}

/// What is no host.
struct AllowedHostError: Error, CustomStringConvertible {
    let name: String

    /// One sentence.
    var description: String {
        "--allowed-media-domains: '\(name)' is no host; right would be example.org, example.org:8080 or 127.0.0.1"
    }
}
