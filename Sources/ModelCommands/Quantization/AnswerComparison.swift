// What quantisation does to a model's answers: the distributions of two loads of one model over the same prompts.
// Not what it does to weights: WeightLoss in ModelRuntime.

import Generation
import InputProcessing
import ModelRuntime

/// How far the predictions of two models are apart.
struct AnswerDivergence {
    /// Positions that were compared.
    private(set) var positions = 0
    /// The largest divergence of a position, in nats; not a number if one was.
    private(set) var maximum = 0.0
    /// Positions at which both take the same token for the most probable one.
    private(set) var agreements = 0
    private var total = 0.0

    /// The mean divergence of a position, in nats.
    var mean: Double { positions > 0 ? total / Double(positions) : 0 }
    /// The fraction of positions at which both take the same token for the most probable one.
    var agreement: Double { positions > 0 ? Double(agreements) / Double(positions) : 1 }

    /// Adds a position, given the logits of both.
    mutating func add(_ reference: [Float], _ other: [Float]) {
        let divergence = KullbackLeibler.divergence(reference, other)
        positions += 1
        total += divergence
        maximum = divergence.isNaN || maximum.isNaN ? .nan : max(maximum, divergence)
        if Self.largest(reference) == Self.largest(other) { agreements += 1 }
    }

    private static func largest(_ logits: [Float]) -> Int? {
        logits.indices.max { logits[$0] < logits[$1] }
    }
}

/// Two loads of a model that are compared.
struct AnswerComparison<Model: CompiledModel> {
    let reference: LoadedModel<Model>
    let other: LoadedModel<Model>

    /// Positions whose logits are kept at a time, which bounds memory.
    private static var keptRows: Int { 512 }

    /// Compares all positions of a prompt.
    ///
    /// - Parameter isCancelled: Is asked between passes.
    func compare(_ prompt: Prompt, into divergence: inout AnswerDivergence, isCancelled: () -> Bool) throws {
        var divergences = divergence
        for first in stride(from: 0, to: prompt.tokens.count, by: Self.keptRows) where !isCancelled() {
            let rows = Array(first..<min(first + Self.keptRows, prompt.tokens.count))
            var expected: [[Float]] = []
            try GenerationSession(reference).score(prompt, rows: rows) { _, logits in expected.append(Array(logits)) }
            try GenerationSession(other).score(prompt, rows: rows) { row, logits in
                divergences.add(expected[row - first], Array(logits))
            }
        }
        divergence = divergences
    }
}
