// Images by URL: from hosts and from a folder that the operator allows, and everything that is refused there.

import Glibc
import JSONText
import ServingEngine
import Testing

@testable import Serving

@Suite struct ImageSourceTests {
    private static let png = "stamp-61x45.png"

    private static func bytes() throws -> [UInt8] { try ImageBytes.read(png) }

    private static func body(_ urls: [String]) -> String {
        let parts = urls.map { #"{"type":"image_url","image_url":{"url":"\#($0)"}}"# }
        return #"{"messages":[{"role":"user","content":[\#(parts.joined(separator: ","))]}]}"#
    }

    private static func ask(_ server: RunningServer, _ urls: String...) async throws -> TestResponse {
        try await server.post("/v1/chat/completions", body(urls))
    }

    private static let field = "messages[0].content[0].image_url.url"

    // MARK: Hosts

    @Test func imagesAreFetched() async throws {
        let image = try Self.bytes()
        let host = try LoopbackServer { request in
            request.target.hasPrefix("/elsewhere")
                ? .answer("302 Found", ["Location: /page.png"]) : .answer("200 OK", body: image)
        }
        let engine = ScriptedEngine(["x"])
        try await RunningServer.with(
            engine,
            { $0.imageSource.allowedHosts = Self.hosts("127.0.0.1") },
            { server in
                let url = "http://127.0.0.1:\(host.port)"
                // Each URL is fetched once for a request, and a redirect is followed.
                let answer = try await Self.ask(
                    server,
                    "\(url)/page.png?a=b",
                    "\(url)/page.png?a=b",
                    "\(url)/elsewhere"
                )
                #expect(answer.status == 200, "\(answer.text)")
                #expect(host.requests.map(\.target).sorted() == ["/elsewhere", "/page.png", "/page.png?a=b"])
                // The same image is the same, wherever it comes from.
                let inline = try await Self.ask(server, "data:image/png;base64,\(ImageBytes.base64(image))")
                #expect(inline.status == 200)
                #expect(Set(engine.requests.flatMap(\.images).map(\.key)).count == 1)
                #expect(engine.requests.map(\.images.count) == [3, 1])
                // Nothing of the client's request, and no credentials.
                for request in host.requests {
                    #expect(request.method == "GET" && request.headers["host"] == "127.0.0.1:\(host.port)")
                    #expect(Set(request.headers.keys).isSubset(of: ["host", "user-agent", "accept", "connection"]))
                }
                // Other interfaces fetch, too.
                let source = #"{"type":"url","url":"\#(url)/page.png"}"#
                let message =
                    #"{"model":"tiny","max_tokens":9,"messages":[{"role":"user","content":["#
                    + #"{"type":"image","source":\#(source)}]}]}"#
                #expect(try await server.post("/v1/messages", message).status == 200)
                let tokens = Self.body(["\(url)/page.png"])
                #expect(try await server.post("/tokenize", tokens).status == 200)
            }
        )
    }

    private static func hosts(_ names: String...) -> AllowedHosts {
        do { return try AllowedHosts(names) } catch { preconditionFailure("\(error)") }
    }

    @Test func withoutTheFlagNothingIsFetched() async throws {
        let host = try LoopbackServer { _ in .answer("200 OK") }
        try await RunningServer.with(ScriptedEngine(["x"])) { server in
            let answer = try await Self.ask(server, "http://127.0.0.1:\(host.port)/page.png")
            #expect(answer.status == 400 && answer.error.param == Self.field)
            #expect(answer.error.message.contains("--allowed-media-domains"))
            let file = try await Self.ask(server, "file:///etc/hostname")
            #expect(file.status == 400 && file.error.param == Self.field)
            #expect(file.error.message.contains("--allowed-local-media-path"))
        }
        #expect(host.requests.isEmpty)
    }

    @Test func otherHostsAreNotAsked() async throws {
        let other = try LoopbackServer { _ in .answer("200 OK") }
        let host = try LoopbackServer { [port = other.port] request in
            switch request.target {
            case "/other": .answer("302 Found", ["Location: http://localhost:\(port)/page.png"])
            case "/port": .answer("301 Moved", ["Location: http://127.0.0.1:\(port)/page.png"])
            case "/file": .answer("307 Temporary", ["Location: file:///etc/hostname"])
            case "/user": .answer("308 Permanent", ["Location: //user:password@127.0.0.1/"])
            case "/nowhere": .answer("303 See Other")
            default: .answer("302 Found", ["Location: /again\(request.target)"])
            }
        }
        try await RunningServer.with(
            ScriptedEngine(["x"]),
            { $0.imageSource.allowedHosts = Self.hosts("127.0.0.1:\(host.port)") },
            { server in
                for (url, code, reason) in [
                    ("http://localhost:\(host.port)/x", "media_domain_not_allowed", "does not name localhost"),
                    ("http://127.0.0.1:\(other.port)/x", "media_domain_not_allowed", "with port \(other.port)"),
                    ("http://user@127.0.0.1:\(host.port)/x", "invalid_image_url", "bears a user"),
                    ("http://127.0.0.1:\(host.port)/other", "image_fetch_failed", "--allowed-media-domains"),
                    ("http://127.0.0.1:\(host.port)/port", "image_fetch_failed", "--allowed-media-domains"),
                    ("http://127.0.0.1:\(host.port)/file", "image_fetch_failed", "neither http nor https"),
                    ("http://127.0.0.1:\(host.port)/user", "image_fetch_failed", "bears a user"),
                    ("http://127.0.0.1:\(host.port)/nowhere", "image_fetch_failed", "without a location"),
                    ("http://127.0.0.1:\(host.port)/loop", "image_fetch_failed", "more than 5 times"),
                ] {
                    let answer = try await Self.ask(server, url)
                    #expect(answer.status == 400 && answer.error.code == code, "\(url): \(answer.text)")
                    #expect(answer.error.param == Self.field && answer.error.message.contains(reason), "\(answer.text)")
                }
            }
        )
        #expect(other.requests.isEmpty)
        #expect(host.requests.count { $0.target.hasSuffix("/loop") } == 6)
    }

    @Test func whatCannotBeFetchedIsToldInForm() async throws {
        let image = try Self.bytes()
        let host = try LoopbackServer { request in
            switch request.target {
            case "/missing": .answer("404 Not Found")
            case "/text": .answer("200 OK", body: Array("no image".utf8))
            case "/silent": .silence
            case "/stalled": .stall(after: Array("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nab".utf8))
            case "/short": .bytes(Array("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nab".utf8))
            case "/nonsense": .bytes(Array("nonsense\r\n\r\n".utf8))
            case "/stated": .bytes(Array("HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n".utf8))
            case "/endless":
                .bytes(Array("HTTP/1.1 200 OK\r\n\r\n".utf8) + [UInt8](repeating: 7, count: 1 << 20))
            default: .answer("200 OK", body: image)
            }
        }
        try await RunningServer.with(
            ScriptedEngine(["x"]),
            {
                $0.imageSource.allowedHosts = Self.hosts("127.0.0.1")
                $0.imageSource.fetchSeconds = 1
                $0.maximumBodyBytes = 100_000
            },
            { server in
                for (path, reason) in [
                    ("/missing", "status 404"), ("/silent", "longer than 1 s"), ("/stalled", "longer than 1 s"),
                    ("/stated", "more than 100000 bytes"), ("/endless", "more than 100000 bytes"), ("/short", ""),
                    ("/nonsense", ""),
                ] {
                    let answer = try await Self.ask(server, "http://127.0.0.1:\(host.port)\(path)")
                    #expect(
                        answer.status == 400 && answer.error.code == "image_fetch_failed",
                        "\(path): \(answer.text)"
                    )
                    #expect(answer.error.param == Self.field && answer.error.message.contains(reason), "\(answer.text)")
                }
                let gone = try await Self.ask(server, "http://127.0.0.1:1/page.png")
                #expect(gone.status == 400 && gone.error.message.contains("no connection"), "\(gone.text)")
                let text = try await Self.ask(server, "http://127.0.0.1:\(host.port)/text")
                #expect(text.status == 400 && text.error.code == "invalid_image", "\(text.text)")
                // Plain HTTP where TLS is asked for.
                let tls = try await Self.ask(server, "https://127.0.0.1:\(host.port)/page.png")
                #expect(tls.status == 400 && tls.error.code == "image_fetch_failed", "\(tls.text)")
                #expect(try await Self.ask(server, "http://127.0.0.1:\(host.port)/page.png").status == 200)
            }
        )
    }

    @Test func fetchedBytesTakeTheMemoryOfBodies() async throws {
        let image = try Self.bytes()
        let host = try LoopbackServer { _ in .answer("200 OK", body: image) }
        try await RunningServer.with(
            ScriptedEngine(["x"]),
            {
                $0.imageSource.allowedHosts = Self.hosts("127.0.0.1")
                $0.maximumBytesInFlight = image.count
            },
            { server in
                // The body itself takes some of it.
                let answer = try await Self.ask(server, "http://127.0.0.1:\(host.port)/page.png")
                #expect(answer.status == 429 && answer.headers["retry-after"] == "1", "\(answer.text)")
            }
        )
    }

    @Test func aClientThatGoesEndsTheFetching() async throws {
        let host = try LoopbackServer { _ in .silence }
        let engine = ScriptedEngine(["x"])
        try await RunningServer.with(
            engine,
            {
                $0.imageSource.allowedHosts = Self.hosts("127.0.0.1")
                $0.imageSource.fetchSeconds = 3600
            },
            { server in
                let (port, url) = (server.port, "http://127.0.0.1:\(host.port)/page.png")
                let connection = try await RunningServer.blocking { () -> TestConnectionBox in
                    let connection = try TestConnection(port: port)
                    try connection.send(RunningServer.request("POST", "/v1/chat/completions", Self.body([url])))
                    return TestConnectionBox(connection)
                }
                for _ in 0..<1000 where host.requests.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
                // Others are answered meanwhile, however many wait for a host.
                #expect(try await server.post("/v1/completions", #"{"prompt":"Hi"}"#).status == 200)
                #expect(host.openCount == 1)
                connection.close()
                for _ in 0..<1000 where host.openCount > 0 { try await Task.sleep(for: .milliseconds(10)) }
                #expect(host.openCount == 0)
            }
        )
    }

    // MARK: Files

    @Test func filesBelowTheFolderAreRead() async throws {
        let folder = try TemporaryFolder()
        let image = try Self.bytes()
        mkdir(folder.file("media"), 0o777)
        mkdir(folder.file("media/inner"), 0o777)
        for name in ["media/page.png", "media/inner/a b.png", "media/쪽.png", "outside.png", "media-not.png"] {
            try folder.write(image, to: name)
        }
        symlink(folder.file("media/page.png"), folder.file("media/inside.png"))
        symlink(folder.file("outside.png"), folder.file("media/link.png"))
        symlink(folder.path, folder.file("media/up"))
        mkfifo(folder.file("media/pipe.png"), 0o666)
        let large = [UInt8](repeating: 0, count: 30_000)
        try folder.write(large, to: "media/large.png")
        // The folder itself may be named through a link.
        symlink(folder.file("media"), folder.file("named"))
        try await RunningServer.with(
            ScriptedEngine(["x"]),
            {
                $0.imageSource.allowedFolder = folder.file("named")
                $0.imageSource.maximumBytes = 29_999
            },
            { server in
                for path in [
                    "media/page.png", "media/inner/a%20b.png", "media/inner/../page.png", "media/inside.png",
                    "named/page.png", "media/%EC%AA%BD.png", "media/쪽.png", "media//page%2epng",
                ] {
                    let answer = try await Self.ask(server, "file://\(folder.path)/\(path)")
                    #expect(answer.status == 200, "\(path): \(answer.text)")
                }
                #expect(try await Self.ask(server, "file://localhost\(folder.path)/media/page.png").status == 200)
                for path in [
                    "outside.png", "media/../outside.png", "media/%2e%2e/outside.png", "media/link.png",
                    "media/up/outside.png", "media-not.png", "media/none.png", "media", "none", "",
                ] {
                    let answer = try await Self.ask(server, "file://\(folder.path)/\(path)")
                    #expect(answer.status == 400 && answer.error.param == Self.field, "\(path): \(answer.text)")
                    #expect(answer.error.message.contains("--allowed-local-media-path"), "\(path): \(answer.text)")
                }
                for (path, reason) in [
                    ("media/pipe.png", "not a regular file"), ("media/inner", "not a regular file"),
                    ("media/large.png", "more than 29999 bytes"), ("media/page.png%00", "is no URL"),
                    ("media/page%2", "is no URL"), ("media/%zz", "is no URL"), ("media/%ff%fe", "is no URL"),
                ] {
                    let answer = try await Self.ask(server, "file://\(folder.path)/\(path)")
                    #expect(answer.status == 400 && answer.error.message.contains(reason), "\(path): \(answer.text)")
                }
                for url in ["file:", "file:page.png", "file://host/page.png", "file:/\(folder.path)/media/page.png"] {
                    let answer = try await Self.ask(server, url)
                    #expect(answer.status == 400 && answer.error.param == Self.field, "\(url): \(answer.text)")
                }
            }
        )
    }
}
