// The generator against the values its authors' own code gives.

import Testing

@testable import ModelRuntime

@Suite struct SeededGeneratorTests {
    /// The first outputs of the reference C code for the state 1, 2, 3, 4.
    @Test func streamOfKnownState() {
        var generator = SeededGenerator(state: (1, 2, 3, 4))
        let expected: [UInt64] = [
            11_520, 0, 1_509_978_240, 1_215_971_899_390_074_240, 1_216_172_134_540_287_360, 607_988_272_756_665_600,
            16_172_922_978_634_559_625, 8_476_171_486_693_032_832, 10_595_114_339_597_558_777,
            2_904_607_092_377_533_576,
        ]
        #expect(expected.map { _ in generator.next() } == expected)
    }

    /// The first outputs of the reference C code for the seed 1234567.
    @Test func seedFiller() {
        var generator = SplitMix64(state: 1_234_567)
        let expected: [UInt64] = [
            6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
            4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
        ]
        #expect(expected.map { _ in generator.next() } == expected)
    }

    @Test func unitNumbersAreBelowOneAndUniform() {
        var generator = SeededGenerator(seed: 5)
        var counts = [Int](repeating: 0, count: 16)
        for _ in 0..<32_000 {
            let unit = generator.nextUnit()
            #expect(unit >= 0 && unit < 1)
            counts[Int(unit * 16)] += 1
        }
        let statistic = chiSquare(observed: counts, expected: [Double](repeating: 2_000, count: 16))
        #expect(statistic < 45, "chi-square with 15 degrees of freedom exceeds 45 once in 10,000 streams")
    }
}

/// Pearson's statistic.
func chiSquare(observed: [Int], expected: [Double]) -> Double {
    zip(observed, expected).reduce(0) { $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1) / $1.1 }
}
