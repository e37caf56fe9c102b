// Compares a loaded model with a parity fixture: pixels, every block, positions, every layer, logits, greedy tokens.
// Not the reading of fixtures: ParityFixture.swift. Not the printing: VerifyCommand.swift.

import Generation
import InputProcessing
import ModelRuntime

/// One comparison.
struct VerifiedStage {
    /// What was compared.
    let name: String
    /// The largest difference, relative to the largest reference value; or the number of differing integers.
    let error: Double
    /// What is allowed.
    let tolerance: Double

    /// Whether the stage agrees. Not a number never agrees.
    var agrees: Bool { error <= tolerance }
}

/// Compares a model with a fixture.
struct Verifier<Model: CompiledModel> {
    let loaded: LoadedModel<Model>
    let fixture: ParityFixture

    /// All comparisons, in the order of the model.
    func run() throws -> [VerifiedStage] {
        var stages: [VerifiedStage] = []
        let prompt = try self.prompt(&stages)
        stages.append(
            VerifiedStage(
                name: "tokens",
                error: Double(mismatches(prompt.tokens, fixture.tokens)),
                tolerance: 0
            )
        )
        try comparePositions(prompt, &stages)

        let comparisons = try self.comparisons()
        let wanted = Set(
            comparisons.flatMap { comparison in
                comparison.ourRows.map { StageRecorder.Key(stage: comparison.ourStage, row: $0) }
            }
        )
        let recorder = StageRecorder(wanted)
        let session = try GenerationSession(loaded)
        var parameters = SamplingParameters.greedy
        parameters.ignoresEndOfSequence = true
        parameters.maximumTokens = fixture.generated.count
        let result = try session.generate(prompt, parameters, observer: recorder.observer)
        for comparison in comparisons { stages.append(comparison.verified(recorder, fixture.relativeTolerance)) }
        stages.append(try compareLogits(try fixture.stage("logits", rows: "text"), prompt))
        stages.append(
            VerifiedStage(
                name: "greedy tokens",
                error: Double(mismatches(result.tokens, fixture.generated)),
                tolerance: 0
            )
        )
        return stages
    }

    // MARK: Input

    /// The prompt from the fixture's text and image files, so that tokenizer and image processor are verified, too.
    private func prompt(_ stages: inout [VerifiedStage]) throws -> Prompt {
        guard fixture.images.count == fixture.grids.count else {
            throw fixture.fail("`images` and `image_grid_thw` differ in number")
        }
        var images: [PatchedImage] = []
        for (name, grid) in zip(fixture.images, fixture.grids) {
            let image = try loaded.patches(ofImageAt: fixture.imagePath(name))
            images.append(image)
            let ours = [image.grid.temporal, image.grid.height, image.grid.width]
            let differing = mismatches(ours.map(Int32.init), [grid.frames, grid.rows, grid.columns].map(Int32.init))
            stages.append(VerifiedStage(name: "grid of \(name)", error: Double(differing), tolerance: 0))
        }
        let prompt = try loaded.prompt(text: fixture.prompt, images: images)
        if !images.isEmpty {
            let pixels = try fixture.stage("pixel_values", rows: "pixels")
            var worst = 0.0
            let all = images.flatMap(\.patches)
            for (index, row) in pixels.rows.enumerated() {
                guard row < all.count / max(pixels.width, 1) else {
                    throw fixture.fail("`rows.pixels` lists row \(row), beyond the \(all.count) values of the images")
                }
                for column in 0..<pixels.width {
                    let ours = all[row * pixels.width + column]
                    worst = max(worst, Double(abs(ours - pixels.values[index * pixels.width + column])))
                }
            }
            stages.append(VerifiedStage(name: "pixel values", error: worst, tolerance: 0))
        }
        return prompt
    }

    private func comparePositions(_ prompt: Prompt, _ stages: inout [VerifiedStage]) throws {
        let expected = try fixture.integers("positions")
        let axes = loaded.manifest.decoder.rotaryAxes
        let positions = prompt.positions(axisCount: axes, merge: loaded.manifest.vision?.merge ?? 1)
        let ours = positions.axes.flatMap { $0 }
        let reference = Array(expected.prefix(axes * prompt.tokens.count)).map(Int32.init)
        stages.append(
            VerifiedStage(name: "rotary positions", error: Double(mismatches(ours, reference)), tolerance: 0)
        )
    }

    // MARK: Stages

    /// A stage of the fixture, and where the model shows the same rows.
    private struct Comparison {
        let stage: ParityFixture.Stage
        let ourStage: String
        let ourRows: [Int]

        func verified(_ recorder: StageRecorder, _ tolerance: Double) -> VerifiedStage {
            var worst = 0.0
            var scale = 0.0
            for (index, row) in ourRows.enumerated() {
                let reference = stage.values[index * stage.width..<(index + 1) * stage.width]
                let ours = recorder.rows[StageRecorder.Key(stage: ourStage, row: row)]
                guard let ours, ours.count == stage.width else {
                    return VerifiedStage(name: stage.name, error: .infinity, tolerance: tolerance)
                }
                for (value, expected) in zip(ours, reference) {
                    worst = maximum(worst, Double(abs(value - expected)))
                    scale = max(scale, Double(abs(expected)))
                }
            }
            return VerifiedStage(
                name: stage.name,
                error: worst / max(scale, .leastNormalMagnitude),
                tolerance: tolerance
            )
        }
    }

    private func comparisons() throws -> [Comparison] {
        var comparisons: [Comparison] = []
        func add(_ name: String, rows list: String, as ours: String, at rows: [Int]? = nil) throws {
            let stage = try fixture.stage(name, rows: list)
            guard (rows ?? stage.rows).count == stage.rows.count else {
                throw fixture.fail("`\(name)` has \(stage.rows.count) rows, and \((rows ?? []).count) places for them")
            }
            comparisons.append(Comparison(stage: stage, ourStage: ours, ourRows: rows ?? stage.rows))
        }
        if !fixture.images.isEmpty {
            try add("vision.patch_embed", rows: "patches", as: "encode-images.embeddedPatches")
            // The blocks work in window order, where there are windows.
            let hasWindows = loaded.manifest.vision?.windowSide != nil
            let processed = hasWindows ? try fixture.integers("rows.patches_window_order") : nil
            for layer in loaded.manifest.weights.layers(ofGroup: "visionLayer") {
                try add("vision.block.\(layer)", rows: "patches", as: "vision.layer.\(layer)", at: processed)
            }
            try add(
                "vision.merger",
                rows: "merged",
                as: hasWindows ? "encode-images.orderedFeatures" : "encode-images.features"
            )
        }
        let hasImages = loaded.manifest.vision != nil
        try add("text.embedding", rows: "text", as: hasImages ? "step.embeddedRows" : "step.embeddedTokens")
        for layer in 0..<loaded.manifest.decoder.layers {
            try add("text.layer.\(layer)", rows: "text", as: "decoder.layer.\(layer)")
        }
        return comparisons
    }

    private func compareLogits(_ stage: ParityFixture.Stage, _ prompt: Prompt) throws -> VerifiedStage {
        var worst = 0.0
        var scale = 0.0
        var index = 0
        try GenerationSession(loaded).score(prompt, rows: stage.rows) { _, logits in
            for (value, expected) in zip(logits, stage.values[index * stage.width..<(index + 1) * stage.width]) {
                worst = maximum(worst, Double(abs(value - expected)))
                scale = max(scale, Double(abs(expected)))
            }
            index += 1
        }
        return VerifiedStage(
            name: "logits",
            error: worst / max(scale, .leastNormalMagnitude),
            tolerance: fixture.relativeTolerance
        )
    }

    /// The logits of all rows of the prompt.
    func allLogits() throws -> [[Float]] {
        var stages: [VerifiedStage] = []
        let prompt = try prompt(&stages)
        var rows: [[Float]] = []
        try GenerationSession(loaded).score(prompt, rows: Array(prompt.tokens.indices)) { _, logits in
            rows.append(Array(logits))
        }
        return rows
    }

    private func mismatches(_ ours: [Int32], _ reference: [Int32]) -> Int {
        zip(ours, reference).reduce(abs(ours.count - reference.count)) { $0 + ($1.0 == $1.1 ? 0 : 1) }
    }
}

/// The larger of both, and not a number if either is none.
private func maximum(_ left: Double, _ right: Double) -> Double {
    left.isNaN || right.isNaN ? .nan : max(left, right)
}
