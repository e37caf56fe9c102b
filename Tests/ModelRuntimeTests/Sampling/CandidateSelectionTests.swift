// The candidates of a random choice, against transformers' recorded ones and against plain sorting in Double.

import Testing

@testable import ModelRuntime

@Suite struct CandidateSelectionTests {
    /// Logits with ties, one case of parameters, and the tokens and probabilities that are left.
    struct RecordedCase: Sendable, CustomTestStringConvertible {
        let temperature: Double
        let topK: Int?
        let topP: Double
        let minP: Double
        let probabilities: [Int32: Double]
        var testDescription: String { "temperature \(temperature), top-k \(topK ?? 0), top-p \(topP), min-p \(minP)" }
    }

    private static let recordedLogits: [Float] = [
        -2.0625, 1.0, 2.25, -1.4375, -0.4375, 3.375, -1.625, -2.25, -2.125, -3.0625, -0.1875, 3.375, -3.25, 0.1875,
        -3.4375, 1.25, -2.1875, -1.4375, -5.125, -0.875, 2.75, 1.1875, 3.5, 3.5,
    ]

    /// What `TemperatureLogitsWarper`, `MinPLogitsWarper`, `TopKLogitsWarper` and `TopPLogitsWarper` of
    /// transformers@5.23.0, in this order, leave of `recordedLogits`. Torch divides by the temperature in f32, which
    /// moves a logit of 5 by up to 2.4e-7; hence the tolerance.
    private static let recordedCases: [RecordedCase] = [
        RecordedCase(
            temperature: 1,
            topK: 5,
            topP: 1,
            minP: 0,
            probabilities: [
                5: 0.208265719, 11: 0.208265719, 20: 0.111476606, 22: 0.235995978, 23: 0.235995978,
            ]
        ),
        RecordedCase(
            temperature: 0.7,
            topK: nil,
            topP: 0.8,
            minP: 0,
            probabilities: [5: 0.227737723, 11: 0.227737723, 22: 0.272262277, 23: 0.272262277]
        ),
        RecordedCase(
            temperature: 1.3,
            topK: 10,
            topP: 0.9,
            minP: 0,
            probabilities: [
                2: 0.077425190, 5: 0.183956051, 11: 0.183956051, 15: 0.035876461, 20: 0.113741403, 22: 0.202522423,
                23: 0.202522423,
            ]
        ),
        RecordedCase(
            temperature: 1,
            topK: nil,
            topP: 1,
            minP: 0.1,
            probabilities: [
                2: 0.061889919, 5: 0.190634371, 11: 0.190634371, 15: 0.022768029, 20: 0.102039226, 22: 0.216017042,
                23: 0.216017042,
            ]
        ),
        RecordedCase(
            temperature: 0.5,
            topK: 8,
            topP: 0.95,
            minP: 0.05,
            probabilities: [
                5: 0.205992078, 11: 0.205992078, 20: 0.059017718, 22: 0.264499063, 23: 0.264499063,
            ]
        ),
        RecordedCase(
            temperature: 2,
            topK: nil,
            topP: 0.5,
            minP: 0.02,
            probabilities: [5: 0.242190042, 11: 0.242190042, 22: 0.257809958, 23: 0.257809958]
        ),
    ]

    @Test(arguments: recordedCases) func equalsTransformers(recorded: RecordedCase) throws {
        var parameters = SamplingParameters()
        parameters.temperature = recorded.temperature
        parameters.topK = recorded.topK
        parameters.topP = recorded.topP
        parameters.minP = recorded.minP
        let found = try probabilities(of: Self.recordedLogits, parameters)
        #expect(Set(found.keys) == Set(recorded.probabilities.keys))
        for (token, expected) in recorded.probabilities {
            #expect(abs((found[token] ?? .nan) - expected) <= 2e-7)
        }
    }

    @Test func equalsSortingInDouble() throws {
        var generator = SeededGenerator(seed: 11)
        for _ in 0..<300 {
            let count = Int.random(in: 1...400, using: &generator)
            let steps = Float([1, 4, 1000].randomElement(using: &generator) ?? 1)
            let logits = (0..<count).map { _ in
                let logit = (Float.random(in: -12...12, using: &generator) * steps).rounded() / steps
                return Int.random(in: 0..<20, using: &generator) == 0 ? -.infinity : logit
            }
            guard logits.contains(where: { $0 > -.infinity }) else { continue }
            var parameters = SamplingParameters()
            parameters.temperature = Double.random(in: 0.05...3, using: &generator)
            if Bool.random(using: &generator) { parameters.topK = Int.random(in: 1...(count + 3), using: &generator) }
            if Bool.random(using: &generator) { parameters.topP = Double.random(in: 0.01...1, using: &generator) }
            if Bool.random(using: &generator) { parameters.minP = Double.random(in: 0...1, using: &generator) }
            let expected = referenceProbabilities(logits, parameters)
            let found = try probabilities(of: logits, parameters)
            #expect(Set(found.keys) == Set(expected.keys))
            for (token, probability) in expected {
                #expect(abs((found[token] ?? .nan) - probability) <= 1e-12)
            }
        }
    }

    @Test func choiceWalksTheWeights() throws {
        let logits: [Float] = [0, 0, 0, 0]
        let selection = try candidates(of: logits, SamplingParameters())
        #expect(
            [0, 0.24, 0.26, 0.51, 0.76, 0x1.fffffffffffffp-1].map { selection.token(at: $0) } == [0, 0, 1, 2, 3, 3]
        )
    }

    @Test func extremeLogitsLeaveTheMostProbableToken() throws {
        var parameters = SamplingParameters()
        parameters.temperature = 2e-5
        parameters.topP = 1e-9
        let selection = try candidates(of: [3e38, -3e38, 2.9e38], parameters)
        #expect(selection.token(at: 0.999) == 0)
    }

    private func candidates(
        of logits: [Float],
        _ parameters: SamplingParameters
    ) throws -> CandidateSelection {
        var selection = CandidateSelection()
        // What an earlier choice left must not matter.
        for values in [[3, 1, 2], logits] {
            try values.withUnsafeBufferPointer { buffer in
                selection.select(buffer, largest: buffer[try indexOfLargest(buffer)], parameters)
            }
        }
        return selection
    }

    private func probabilities(of logits: [Float], _ parameters: SamplingParameters) throws -> [Int32: Double] {
        let selection = try candidates(of: logits, parameters)
        let total = selection.weights.reduce(0, +)
        return Dictionary(
            uniqueKeysWithValues: zip(selection.tokens, selection.weights).map { ($0, $1 / total) }
        ).filter { $0.value > 0 }
    }

    /// The same by sorting everything and following the definitions word for word.
    private func referenceProbabilities(_ logits: [Float], _ parameters: SamplingParameters) -> [Int32: Double] {
        let scaled = logits.map { Double($0) / parameters.temperature }
        var order = logits.indices.sorted { scaled[$0] > scaled[$1] || (scaled[$0] == scaled[$1] && $0 < $1) }
        func softmax(_ kept: [Int]) -> [Double] {
            let top = scaled[kept[0]]
            let exponentials = kept.map { exponential(scaled[$0] - top) }
            let total = exponentials.reduce(0, +)
            return exponentials.map { $0 / total }
        }
        let all = softmax(order)
        order = order.indices.filter { all[$0] >= parameters.minP * all[0] }.map { order[$0] }
        if let topK = parameters.topK, topK < order.count {
            let least = scaled[order[topK - 1]]
            order = order.filter { scaled[$0] >= least }
        }
        var probabilities = softmax(order)
        var sum = 0.0
        var kept = 0
        while kept < order.count, parameters.topP == 1 || sum < parameters.topP {
            sum += probabilities[kept]
            kept += 1
        }
        order = Array(order.prefix(kept))
        probabilities = softmax(order)
        return Dictionary(uniqueKeysWithValues: zip(order.map(Int32.init), probabilities)).filter { $0.value > 0 }
    }
}
