// A client of plain sockets: tests see every byte that the server sends, and may send any.

import Glibc
import JSONText
import Synchronization

/// A connection to a server on this machine.
final class TestConnection {
    private let descriptor: Int32
    private var received: [UInt8] = []

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let outcome = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard outcome == 0 else { throw TestClientError("connect: \(String(cString: strerror(errno)))") }
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let rest = Array(bytes[sent...])
            let count = Glibc.send(descriptor, rest, rest.count, Int32(MSG_NOSIGNAL))
            guard count > 0 else { throw TestClientError("send: \(String(cString: strerror(errno)))") }
            sent += count
        }
    }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    /// Tells the server that nothing more comes.
    func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Ends both directions.
    func finish() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// Reads until `end` comes, and gives everything before it; nil if the connection ends first.
    func read(until end: String) throws -> String? {
        while true {
            if let range = received.firstRange(of: Array(end.utf8)) {
                defer { received.removeSubrange(..<range.upperBound) }
                return String(decoding: received[..<range.lowerBound], as: UTF8.self)
            }
            guard try receive() else { return nil }
        }
    }

    func read(count: Int) throws -> [UInt8]? {
        while received.count < count {
            guard try receive() else { return nil }
        }
        defer { received.removeSubrange(..<count) }
        return Array(received[..<count])
    }

    /// Reads to the end of the connection.
    func readToEnd() throws -> [UInt8] {
        while try receive() {}
        defer { received = [] }
        return received
    }

    private func receive() throws -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count >= 0 else { throw TestClientError("recv: \(String(cString: strerror(errno)))") }
        received += buffer[..<count]
        return count > 0
    }

    /// Reads one response.
    func response() throws -> TestResponse {
        guard let head = try read(until: "\r\n\r\n") else { throw TestClientError("no response") }
        var lines = head.split(separator: "\r\n").map(String.init)
        let status = Int(lines.removeFirst().split(separator: " ")[1]) ?? 0
        var headers: [String: String] = [:]
        for line in lines {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts[1].trimmingPrefix(" ").description
        }
        var body: [UInt8] = []
        if let length = headers["content-length"].flatMap({ Int($0) }) {
            body = try read(count: length) ?? []
        } else if headers["transfer-encoding"] == "chunked" {
            while let size = try read(until: "\r\n").flatMap({ Int($0, radix: 16) }) {
                body += try read(count: size) ?? []
                _ = try read(until: "\r\n")
                if size == 0 { break }
            }
        }
        return TestResponse(status: status, headers: headers, body: body)
    }
}

/// A connection that one task after another uses.
final class TestConnectionBox: @unchecked Sendable {
    private let connection: TestConnection

    init(_ connection: TestConnection) { self.connection = connection }

    func close() { connection.finish() }
}

/// A response.
struct TestResponse {
    let status: Int
    let headers: [String: String]
    let body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }
    var json: JSONValue { (try? JSONDocument(body).root) ?? JSONValue(.null) }
    /// The data of server-sent events.
    var events: [String] {
        text.split(separator: "\n\n").compactMap { event in
            event.split(separator: "\n").first { $0.hasPrefix("data: ") }.map { String($0.dropFirst(6)) }
        }
    }
    /// Server-sent events: their names, none for those without, and their data.
    var namedEvents: [(name: String, data: JSONValue)] {
        text.split(separator: "\n\n").map { event in
            func field(_ name: String) -> String? {
                event.split(separator: "\n").first { $0.hasPrefix(name) }.map { String($0.dropFirst(name.count)) }
            }
            let data = field("data: ").flatMap { try? JSONDocument($0).root }
            return (field("event: ") ?? "", data ?? JSONValue(.null))
        }
    }
    /// `error.message`, `error.param` and `error.code` of an error.
    var error: (message: String, param: String?, code: String?) {
        let error = json["error"]
        return (error?["message"]?.string ?? "", error?["param"]?.string, error?["code"]?.string)
    }
}

struct TestClientError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
