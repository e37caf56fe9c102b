// How long a tokenizer takes to load, and how fast it encodes whole files.
// Not a judgement: ../../measure.py puts the peer's figures beside these. Next: Answers.swift.

import Foundation
import InputProcessing

/// The times of one tokenizer. Prints, in seconds, the line `FIRST BEST` of loading, then for each text the line
/// `FIRST BEST COUNT CHECKSUM` of encoding it. The first pass over a text finds an empty cache of words.
struct Measurement {
    private static let loads = 7
    private static let passes = 7

    /// Where the tokenizer.json is.
    let tokenizer: String
    /// The files to encode.
    let texts: [String]

    /// Measures and prints.
    func run() throws {
        let loading = try Self.times(Self.loads) { _ = try Tokenizer(contentsOf: tokenizer) }
        print(loading.first, loading.best)
        for path in texts {
            let text = String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
            let tokenizer = try Tokenizer(contentsOf: tokenizer)
            var ids: [Int32] = []
            let encoding = Self.times(Self.passes) { ids = tokenizer.encode(text) }
            print(encoding.first, encoding.best, ids.count, Self.checksum(ids))
        }
    }

    private static func times<Failure: Error>(
        _ rounds: Int,
        _ body: () throws(Failure) -> Void
    ) throws(Failure) -> (first: Double, best: Double) {
        let clock = ContinuousClock()
        var seconds: [Double] = []
        for _ in 0..<rounds {
            let start = clock.now
            try body()
            seconds.append((clock.now - start) / .seconds(1))
        }
        return (seconds[0], seconds.min() ?? seconds[0])
    }

    /// The FNV-1a hash of the ids, each taken as one digit.
    private static func checksum(_ ids: [Int32]) -> UInt64 {
        ids.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64(UInt32(bitPattern: $1))) &* 0x100_0000_01B3 }
    }
}
