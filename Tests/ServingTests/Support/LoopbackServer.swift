// Another server on this machine, of plain sockets: a collector or a host of images, well behaved or not.

import Glibc
import JSONText
import ServingEngine
import Synchronization

/// What somebody asked a `LoopbackServer`.
struct LoopbackRequest: Sendable {
    let method: String
    let target: String
    /// Names in lower case.
    let headers: [String: String]
    let body: [UInt8]

    var json: JSONValue { (try? JSONDocument(body).root) ?? JSONValue(.null) }
}

/// Answers each request on a connection of its own, on threads of its own, until it is let go.
final class LoopbackServer: Sendable {
    /// What is done with a request.
    enum Reply: Sendable {
        /// These bytes, head and all; then the connection is closed.
        case bytes([UInt8])
        /// Nothing, until the client goes away.
        case silence
        /// These bytes, and nothing more until the client goes away.
        case stall(after: [UInt8])

        static func answer(_ status: String, _ headers: [String] = [], body: [UInt8] = []) -> Reply {
            let head = ["HTTP/1.1 \(status)", "Content-Length: \(body.count)", "Connection: close"] + headers
            return .bytes(Array((head.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body)
        }
    }

    let port: Int
    private let listener: Int32
    private let log: Log
    private let threads: WorkerThreads

    private final class Log: Sendable {
        let requests = Mutex<[LoopbackRequest]>([])
        let open = Mutex(0)
    }

    /// Everything that was asked so far.
    var requests: [LoopbackRequest] { log.requests.withLock { $0 } }

    /// Connections whose clients are still there.
    var openCount: Int { log.open.withLock { $0 } }

    init(_ reply: @escaping @Sendable (LoopbackRequest) -> Reply) throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let outcome = withUnsafeMutablePointer(to: &address) { [listener] pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 64) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        guard outcome else { throw TestClientError("listen: \(String(cString: strerror(errno)))") }
        port = Int(in_port_t(bigEndian: address.sin_port))
        let log = Log()
        self.log = log
        let threads = try WorkerThreads("loopback", count: 8)
        self.threads = threads
        let accepting = try WorkerThreads("loopback-accept", count: 1)
        Task { [listener] in
            try await accepting.run {
                while true {
                    let connection = accept(listener, nil, nil)
                    guard connection >= 0 else { return }
                    Task { try await threads.run { Self.serve(connection, log, reply) } }
                }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    private static func serve(_ connection: Int32, _ log: Log, _ reply: (LoopbackRequest) -> Reply) {
        log.open.withLock { $0 += 1 }
        defer {
            close(connection)
            log.open.withLock { $0 -= 1 }
        }
        guard let request = read(connection) else { return }
        log.requests.withLock { $0.append(request) }
        switch reply(request) {
        case .bytes(let bytes): send(bytes, connection)
        case .silence: waitForEnd(connection)
        case .stall(let bytes):
            send(bytes, connection)
            waitForEnd(connection)
        }
    }

    private static func read(_ connection: Int32) -> LoopbackRequest? {
        var bytes: [UInt8] = []
        func more() -> Bool {
            var buffer = [UInt8](repeating: 0, count: 65536)
            let count = recv(connection, &buffer, buffer.count, 0)
            bytes += buffer[..<max(count, 0)]
            return count > 0
        }
        while true {
            guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else {
                guard more() else { return nil }
                continue
            }
            let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
            let words = (lines.first ?? "").split(separator: " ").map(String.init)
            guard words.count == 3 else { return nil }
            var headers: [String: String] = [:]
            for line in lines.dropFirst() {
                let parts = line.split(separator: ":", maxSplits: 1)
                headers[parts[0].lowercased()] = parts.last?.trimmingPrefix(" ").description
            }
            let length = headers["content-length"].flatMap { Int($0) } ?? 0
            while bytes.count < end.upperBound + length { guard more() else { return nil } }
            return LoopbackRequest(
                method: words[0],
                target: words[1],
                headers: headers,
                body: Array(bytes[end.upperBound...])
            )
        }
    }

    /// Sends until all is sent or the client takes no more.
    private static func send(_ bytes: [UInt8], _ connection: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(1 << 20))
            let count = Glibc.send(connection, piece, piece.count, Int32(MSG_NOSIGNAL))
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    private static func waitForEnd(_ connection: Int32) {
        var byte: UInt8 = 0
        while recv(connection, &byte, 1, 0) > 0 {}
    }
}
