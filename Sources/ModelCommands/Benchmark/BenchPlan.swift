// What `bench` is asked to measure: phases and their sizes.
// Not how: BenchRun.swift.

import ModelRuntime

/// A part of the work of a model that is measured on its own.
enum BenchPhase: String, Sendable, CaseIterable {
    /// From the pixels of a decoded image to patches.
    case image
    /// From patches to features.
    case encode
    /// Reading a prompt.
    case prefill
    /// One token at a time for one sequence.
    case decode
    /// One token at a time for several sequences in common steps.
    case batch
}

/// Sizes of what is measured.
struct BenchPlan: Sendable, Hashable {
    /// What is measured, in the order of `BenchPhase.allCases`.
    var phases: Set<BenchPhase> = Set(BenchPhase.allCases)
    /// Tokens of the prompt.
    var prompt = 512
    /// Tokens that are generated after it.
    var generate = 128
    /// Sequences of the batch.
    var sequences = 8
    /// Pixels of the image.
    var image = PixelSize(width: 1036, height: 1036)
    /// Runs of each phase after one to warm up; every token of a decode is a run.
    var repetitions = 5
    /// No further run of a phase begins after so many seconds.
    var seconds = 10.0
    /// Whether the calls of each phase are counted, one by one.
    var profiles = false
    /// What tokens, pixels and random weights are drawn from.
    var seed: UInt64 = 0

    /// Tokens of the longest sequence.
    var contextTokens: Int { prompt + generate + Self.warmUpTokens }
    /// Tokens that are decoded before the first one that counts.
    static let warmUpTokens = 2
}

/// Width and height in pixels.
struct PixelSize: Sendable, Hashable, CustomStringConvertible {
    let width: Int
    let height: Int

    init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    /// Reads `1036x768`; nil if `text` is something else or a side is not from 1 to 65536.
    init?(_ text: String) {
        let sides = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
        guard sides.count == 2, let width = sides[0], let height = sides[1] else { return nil }
        guard (1...65536).contains(width), (1...65536).contains(height) else { return nil }
        self.init(width: width, height: height)
    }

    var description: String { "\(width)x\(height)" }
}
