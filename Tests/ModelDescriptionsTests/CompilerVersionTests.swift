// Versions as they are spelt and ordered.

import Testing

@testable import ModelDescriptions

struct CompilerVersionTests {
    @Test(arguments: ["0.1.0", "1.0.0", "10.200.3000", "0.0.0", "999999.0.1"])
    func `a version reads back as itself`(text: String) {
        #expect(CompilerVersion(text)?.description == text)
    }

    @Test(arguments: [
        "", "1", "1.0", "1.0.0.0", "v1.0.0", "1.0.0-beta", "1..0", ".1.0", "1.0.", "01.0.0", "1.0.00", "-1.0.0",
        "+1.0.0",
        "1.0.0 ", "1.0.٣", "1000000.0.0", "99999999999999999999.0.0",
    ])
    func `anything else is no version`(text: String) {
        #expect(CompilerVersion(text) == nil)
    }

    @Test func `numbers count from left to right`() throws {
        let texts = ["0.0.9", "0.1.0", "0.1.1", "0.2.0", "0.10.0", "1.0.0"]
        let versions = texts.compactMap { CompilerVersion($0) }
        #expect(versions.count == texts.count)
        #expect(versions.sorted() == versions)
        #expect(CompilerVersion.firstWithSchema1 <= CompilerVersion.current)
    }
}
