// When a thread of a pool stays away, by made-up clocks; and what the system says about waiting.

import Foundation
import Testing

@testable import ModelRuntime

@Suite("crowded core")
struct CrowdedCoreTests {
    private let window = CrowdedCore.window

    /// What a watch says when it is asked at these times, and how often it asked how long the thread had waited.
    private func answers(threads: Int = 2, _ times: [(UInt64, UInt64?)]) -> (crowded: [Bool], asked: Int) {
        var core = CrowdedCore(threads: threads)
        var asked = 0
        let crowded = times.map { time, waited in
            core.isCrowded(time: time) {
                asked += 1
                return waited
            }
        }
        return (crowded, asked)
    }

    @Test("is one whose thread waits for more than its share of a window", arguments: [2, 4, 16])
    func share(threads: Int) {
        let limit = UInt64(0.8 * Double(window) / Double(threads))
        for (waited, expected) in [(0, false), (limit * 9 / 10, false), (limit * 11 / 10, true), (window, true)] {
            let end = 700 + waited
            let (crowded, asked) = answers(
                threads: threads,
                [(5, 700), (5 + window / 2, end), (5 + window, end), (5 + 2 * window, end)]
            )
            #expect(crowded == [false, false, expected, false], "a window counts once, when it is over")
            #expect(asked == 3, "asked within a window")
        }
    }

    @Test("is not known where the system does not tell, nor from less waiting than before")
    func unknown() {
        #expect(answers([(0, nil), (window, 10 * window), (2 * window, 3)]).crowded == [false, false, false])
    }

    @Test("is not known from the time of another thread")
    func otherThread() async {
        var core = CrowdedCore(threads: 2)
        let before = core.isCrowded(time: 0) { 0 }
        let watch = core
        let later = await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                var core = watch
                continuation.resume(returning: core.isCrowded(time: window) { window })
            }
        }
        #expect(!before && !later)
    }

    @Test("reads what the system says")
    func schedstat() {
        #expect(CrowdedCore.waitedNanoseconds(in: "43914 5078 5\n") == 5078)
        #expect(CrowdedCore.waitedNanoseconds(in: "") == nil)
        #expect(CrowdedCore.waitedNanoseconds(in: "1 x 2") == nil)
        if let before = CrowdedCore.waitedNanoseconds() { #expect(CrowdedCore.waitedNanoseconds() ?? 0 >= before) }
    }
}
