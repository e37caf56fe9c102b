// Lets a model read sample data and watches what its matrices multiply.
// Not what is made of it: ModelRuntime/Quantization/Calibration.swift.

import Generation
import ModelRuntime

/// A loaded model that is calibrated.
struct CalibrationRun<Model: CompiledModel> {
    let loaded: LoadedModel<Model>
    /// Whether the head is watched as well, which takes logits at every position.
    let includesHead: Bool

    /// Positions whose logits are made at a time.
    static var logitRows: Int { 64 }

    /// Reads all of `data`.
    ///
    /// - Parameters:
    ///   - onPrompt: Is told how many prompts of how many are done, before each of them.
    ///   - isCancelled: Is asked between prompts; what was read until then counts.
    func read(
        _ data: SampleData,
        onPrompt: (Int, Int) -> Void,
        isCancelled: () -> Bool
    ) throws -> Calibration {
        let calibration = Calibration()
        loaded.device.productObserver = calibration.observer(loaded.weights, pool: loaded.device.pool)
        defer { loaded.device.productObserver = nil }
        let prompts = try data.prompts(for: loaded)
        let session = try GenerationSession(loaded)
        for (index, prompt) in prompts.enumerated() where !isCancelled() {
            onPrompt(index, prompts.count)
            try session.score(prompt, rows: includesHead ? Array(prompt.tokens.indices) : []) { _, _ in }
        }
        return calibration
    }
}
