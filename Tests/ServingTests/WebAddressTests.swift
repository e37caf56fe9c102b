// Addresses of other servers: what is read, what is refused, where redirects lead, and which hosts are allowed.

import TestRandomness
import Testing

@testable import Serving

@Suite struct WebAddressTests {
    @Test(arguments: [
        ("http://example.org", "http://example.org/"),
        ("HTTPS://Example.ORG/A%20b?c=d/e#f", "https://example.org/A%20b?c=d/e"),
        ("http://127.0.0.1:8080?x", "http://127.0.0.1:8080/?x"), ("http://[::1]:9/", "http://[::1]:9/"),
        ("http://a_b-c.d:/x", "http://a_b-c.d/x"), ("http://example.org#f", "http://example.org/"),
    ])
    func read(_ text: String, _ url: String) throws {
        #expect(try WebAddress(text).url == url)
    }

    @Test(arguments: [
        "", "http", "http:", "http:/", "http://", "http:///x", "//example.org", "ftp://example.org/", "example.org/x",
        "http://user@example.org/", "http://user:password@example.org/", "http://example.org\\@other.org/",
        "http://example.org\\.other.org/", "http://example.org:0/", "http://example.org:99999/",
        "http://example.org:+80/",
        "http://example.org:80:80/", "http://exa mple.org/", "http://example.org/a b", "http://example.org/\n",
        "http://example.org\t/", "http://[::1/", "http://[::1%25eth0]/", "http://[]/", "http://.example.org/",
        "http://예.org/", "http://example.org/예", "http://example.org%2f@other.org/", "http://example.org%00.other.org/",
        "http://\(String(repeating: "a", count: 300))/", "http://example.org/\(String(repeating: "a", count: 9000))",
    ])
    func refused(_ text: String) {
        #expect(throws: WebAddressError.self) { try WebAddress(text) }
    }

    @Test(arguments: [
        ("/z", "http://a.org:8/z"), ("//b.org/z", "http://b.org/z"), ("https://b.org", "https://b.org/"),
        ("z?q:r", "http://a.org:8/x/z?q:r"), ("?z", "http://a.org:8/x/y?z"), ("../z", "http://a.org:8/x/../z"),
        ("#z", "http://a.org:8/x/"),
    ])
    func redirected(_ location: String, _ url: String) throws {
        #expect(try WebAddress("http://a.org:8/x/y?q").redirected(to: location).url == url)
    }

    @Test(arguments: [
        "ftp://b.org/", "javascript:alert(1)", "file:///etc/passwd", "//user@b.org/", "/ a", "http:b.org",
    ])
    func refusedRedirects(_ location: String) throws {
        let address = try WebAddress("http://a.org/")
        #expect(throws: WebAddressError.self) { try address.redirected(to: location) }
    }

    @Test func hosts() throws {
        let hosts = try AllowedHosts(["Example.org", "other.org:8080", "127.0.0.1", "[::1]:90"])
        for url in [
            "http://example.org/", "https://EXAMPLE.org:444/x", "http://other.org:8080/", "http://127.0.0.1:5/",
            "http://[::1]:90/",
        ] {
            #expect(hosts.contains(try WebAddress(url)), "\(url)")
        }
        // Other ways to write an address, or a part of a name, are other hosts.
        for url in [
            "http://other.org/", "http://sub.example.org/", "http://example.org.evil.org/", "http://evilexample.org/",
            "http://2130706433/", "http://0x7f000001/", "http://127.1/", "http://0/", "http://localhost/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/", "http://[0:0:0:0:0:0:0:1]:90/", "http://169.254.169.254/",
            "http://example.org./",
        ] {
            #expect(!hosts.contains(try WebAddress(url)), "\(url)")
        }
    }

    @Test(arguments: ["", "*", "*.example.org", "http://example.org", "example.org/", "a b", "user@example.org", "a:0"])
    func noHosts(_ name: String) {
        #expect(throws: AllowedHostError.self) { try AllowedHosts([name]) }
    }

    @Test func randomTextsAreReadOrRefused() {
        var random = SeededGenerator(seed: 7)
        let pieces = [
            "http", "https", ":", "//", "/", "@", "#", "?", "%", "[", "]", "::1", "a.org", "\\", "\u{0}", "é", ":80",
            "..",
        ]
        for _ in 0..<5000 {
            let text = (0..<Int.random(in: 0...9, using: &random)).map { _ in pieces.randomElement(using: &random) ?? ""
            }
            .joined()
            guard let address = try? WebAddress(text) else { continue }
            // What is asked is read the same again.
            #expect((try? WebAddress(address.url)) == address, "\(text)")
            _ = try? address.redirected(to: text)
        }
    }
}
