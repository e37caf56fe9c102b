// Which name is offered for a misspelt one, and when none is.

import Testing

@testable import Diagnostics

struct NearestNameTests {
    private let keys = ["heads", "kv-heads", "head-dim", "bias", "qk-norm", "rope", "std"]

    @Test(arguments: [
        ("kv_heads", "kv-heads"), ("KV-Heads", "kv-heads"), ("kvheads", "kv-heads"), ("kv-haeds", "kv-heads"),
        ("head", "heads"), ("haeds", "heads"), ("head-dimm", "head-dim"), ("baas", "bias"), ("roope", "rope"),
        ("std", "std"), ("sdt", "std"),
    ])
    func `a slip is recognised`(typed: String, meant: String) {
        #expect(nearestName(to: typed, among: keys) == meant)
    }

    @Test(arguments: ["", "x", "window", "hidden", "st", "b", "intermediate-size", "kv"])
    func `no name is offered when none is close`(typed: String) {
        #expect(nearestName(to: typed, among: keys) == nil)
    }

    @Test func `of equally close names the first wins, and a closer one before it`() {
        #expect(nearestName(to: "abcdef", among: ["abcdeX", "abcdeY"]) == "abcdeX")
        #expect(nearestName(to: "abcdef", among: ["abcdXY", "abcdeY"]) == "abcdeY")
    }

    @Test func `very long names are not compared`() {
        let long = String(repeating: "a", count: 100_000)
        #expect(nearestName(to: long, among: [long]) == nil)
        #expect(nearestName(to: "aaaaaa", among: [long]) == nil)
    }

    @Test(arguments: [
        ("", "", 0), ("", "abc", 3), ("abc", "", 3), ("abc", "abc", 0), ("abc", "acb", 1), ("kitten", "sitting", 3),
        ("ca", "abc", 3), ("abcd", "badc", 2),
    ])
    func `the distance counts edits and exchanges`(left: String, right: String, distance: Int) {
        #expect(editDistance(Array(left), Array(right)) == distance)
        #expect(editDistance(Array(right), Array(left)) == distance)
    }
}
