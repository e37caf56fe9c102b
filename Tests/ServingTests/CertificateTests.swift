// TLS: answers over it, certificates that are replaced while the server runs, and those that cannot be used.

import NIOSSL
import ServingEngine
import Testing

@testable import Serving

@Suite struct CertificateTests {
    private static func fixture(_ name: String) -> String { "\(RunningServer.fixtures)/certificates/\(name)" }

    /// A folder with a certificate and its key.
    private static func folder(_ name: String) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try put(name, into: folder)
        return folder
    }

    private static func put(_ name: String, into folder: TemporaryFolder) throws {
        // The key first: until the certificate comes, too, the two do not belong together, and the last pair is kept.
        try folder.write(try ImageBytes.read(path: fixture("\(name).key.pem")), to: "key.pem")
        try folder.write(try ImageBytes.read(path: fixture("\(name).pem")), to: "certificate.pem")
    }

    private static let chat = RunningServer.request(
        "POST",
        "/v1/chat/completions",
        #"{"messages":[{"role":"user","content":"Hi"}]}"#
    )

    private static func connection(_ server: RunningServer, _ name: String) async throws -> TLSConnection {
        try await TLSConnection(port: server.port, trusting: fixture("\(name).pem"))
    }

    /// Connects until the certificate is the one of this name. The server looks at the files once a second.
    private static func connectionOnceReloaded(_ server: RunningServer, _ name: String) async throws -> TLSConnection {
        for _ in 0..<200 {
            if let connection = try? await connection(server, name) { return connection }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw TestClientError("the certificate \(name) has not come into use")
    }

    @Test func answersOverTLS() async throws {
        let files = try Self.folder("first")
        try await RunningServer.with(
            ScriptedEngine(["Good ", "day."]),
            { $0.tls = (files.file("certificate.pem"), files.file("key.pem")) },
            { server in
                let connection = try await Self.connection(server, "first")
                // Twice on one connection.
                for _ in 0..<2 {
                    let answer = try await connection.ask(Self.chat, until: "}")
                    #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
                    #expect(answer.contains(#""content":"Good day.""#))
                }
                try await connection.close()
                await #expect(throws: (any Error).self) { try await Self.connection(server, "second") }
            }
        )
    }

    @Test func newConnectionsTakeANewCertificate() async throws {
        let files = try Self.folder("first")
        let log = RecordingLog()
        try await RunningServer.with(
            ScriptedEngine(["Good day."]),
            logger: log.logger,
            { $0.tls = (files.file("certificate.pem"), files.file("key.pem")) },
            { server in
                let old = try await Self.connection(server, "first")
                _ = try await old.ask(Self.chat, until: "}")
                try Self.put("second", into: files)
                let new = try await Self.connectionOnceReloaded(server, "second")
                #expect(try await new.ask(Self.chat, until: "}").contains("Good day."))
                // The connection that was open goes on, and the old certificate is not shown any more.
                #expect(try await old.ask(Self.chat, until: "}").contains("Good day."))
                await #expect(throws: (any Error).self) { try await Self.connection(server, "first") }
                #expect(log.all.contains { $0.hasPrefix("notice new certificate") })
                try await old.close()
                try await new.close()
            }
        )
    }

    @Test(arguments: [
        ("certificate.pem", "no certificate at all", "--ssl-certfile: ", "no certificate in PEM"),
        ("key.pem", "no key at all", "--ssl-keyfile: ", "no key in PEM"),
    ])
    func anUnusableFileLeavesTheLastCertificate(file: String, text: String, option: String, reason: String) async throws
    {
        let files = try Self.folder("first")
        let log = RecordingLog()
        try await RunningServer.with(
            ScriptedEngine(["Good day."]),
            logger: log.logger,
            { $0.tls = (files.file("certificate.pem"), files.file("key.pem")) },
            { server in
                try files.write(text, to: file)
                func refusals() -> [String] { log.all.filter { $0.contains("cannot be used, the last one is kept") } }
                for _ in 0..<200 where refusals().isEmpty {
                    let connection = try await Self.connection(server, "first")
                    #expect(try await connection.ask(Self.chat, until: "}").contains("Good day."))
                    try await connection.close()
                    try await Task.sleep(for: .milliseconds(50))
                }
                let refusal = try #require(refusals().first)
                #expect(refusal.hasPrefix("error "))
                #expect(refusal.contains(option + files.file(file)) && refusal.contains(reason), "\(refusal)")
                let connection = try await Self.connection(server, "first")
                #expect(try await connection.ask(Self.chat, until: "}").contains("Good day."))
                try await connection.close()
                // What is put right is taken.
                try Self.put("second", into: files)
                try await Self.connectionOnceReloaded(server, "second").close()
            }
        )
    }

    @Test func plainHTTPAndNonsenseAreTurnedAway() async throws {
        let files = try Self.folder("first")
        try await RunningServer.with(
            ScriptedEngine(["Good day."]),
            { $0.tls = (files.file("certificate.pem"), files.file("key.pem")) },
            { server in
                let port = server.port
                let random = (0..<4000).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ $0 / 7) }
                for bytes in [Array(Self.chat.utf8), random, [0x16, 0x03, 0x01, 0xff, 0xff], [0x16]] {
                    let answer = try await RunningServer.blocking { () -> [UInt8] in
                        let connection = try TestConnection(port: port)
                        try connection.send(bytes)
                        connection.finishSending()
                        do {
                            return try connection.readToEnd()
                        } catch let error as TestClientError where error.description.contains("reset by peer") {
                            return []
                        }
                    }
                    // At most an alert of TLS.
                    #expect(!answer.starts(with: Array("HTTP".utf8)) && answer.count < 100)
                }
                let connection = try await Self.connection(server, "first")
                #expect(try await connection.ask(Self.chat, until: "}").contains("Good day."))
                try await connection.close()
            }
        )
    }

    @Test(arguments: [
        ("first.pem", "missing.pem", "--ssl-keyfile", "missing.pem: No such file or directory"),
        ("missing.pem", "first.key.pem", "--ssl-certfile", "missing.pem: No such file or directory"),
        ("first.pem", "second.key.pem", "--ssl-keyfile", "not the key of the certificate in"),
        ("first.pem", "first.pem", "--ssl-keyfile", "first.pem: no key in PEM"),
        ("first.key.pem", "first.key.pem", "--ssl-certfile", "first.key.pem: no certificate in PEM"),
        ("", "first.key.pem", "--ssl-certfile", "not a regular file"),
    ])
    func unusableFilesEndTheStart(certificate: String, key: String, option: String, reason: String) async throws {
        do {
            try await RunningServer.with(
                ScriptedEngine(["x"]),
                { $0.tls = (Self.fixture(certificate), Self.fixture(key)) },
                { _ in }
            )
            Issue.record("the server has begun")
        } catch let error as CertificateError {
            #expect("\(error)".hasPrefix(option) && "\(error)".contains(reason), "\(error)")
        }
    }
}
