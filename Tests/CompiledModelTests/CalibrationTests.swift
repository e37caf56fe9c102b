// A compiled model that is calibrated shows every matrix the rows that it multiplies, after the norm in front of it.

import Foundation
import Generation
import ModelRuntime
import TensorTypes
import Testing

@testable import ModelCommands

@Suite struct CalibrationTests {
    private func calibrate(_ loaded: LoadedModel<TinyQwen25vlA>, _ data: SampleData, head: Bool) throws -> Calibration {
        try CalibrationRun(loaded: loaded, includesHead: head).read(data, onPrompt: { _, _ in }, isCancelled: { false })
    }

    private func textFile() throws -> String {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("vlmc-\(UUID().uuidString).txt").path
        try String(repeating: "Read this document and answer the question. ", count: 40)
            .write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    @Test func everyMatrixIsShownRows() throws {
        let text = try textFile()
        defer { try? FileManager.default.removeItem(atPath: text) }
        let loaded = try load(TinyQwen25vlA.self)
        let image = Files.image("bill-300x220.png")
        let onlyText = try SampleData(textPaths: [text], imagePaths: [])
        let both = try SampleData(textPaths: [text], imagePaths: [image])
        // Three layers of four matrices; with an image the encoder's 1 + 4 * 4 and the bridge's 2; with the head, 1.
        #expect(try calibrate(loaded, onlyText, head: false).matrixCount == 12)
        #expect(try calibrate(loaded, both, head: false).matrixCount == 12 + 17 + 2)
        #expect(try calibrate(loaded, both, head: true).matrixCount == 12 + 17 + 2 + 1)
        #expect(loaded.device.productObserver == nil)
    }

    @Test func rowsAreThoseAfterTheNorm() throws {
        let loaded = try load(TinyQwen25vlA.self)
        let prompt = try loaded.prompt("What is the total?")
        let hidden = loaded.manifest.decoder.hidden
        var embedded: [Float] = []
        let calibration = Calibration()
        loaded.device.productObserver = calibration.observer(loaded.weights, pool: loaded.device.pool)
        defer { loaded.device.productObserver = nil }
        let observer = StageObserver { rows in
            if rows.stage == "step.embeddedRows" { embedded = Array(rows.values) }
        }
        try GenerationSession(loaded).score(prompt, rows: [], observer: observer) { _, _ in }
        let gain = loaded.weights.vector("attentionNorm", of: "decoderLayer", layer: 0)
        var expected = [Double](repeating: 0, count: hidden)
        let rows = embedded.count / hidden
        for row in 0..<rows {
            let values = embedded[row * hidden..<(row + 1) * hidden].map(Double.init)
            let scale = 1 / (values.reduce(0) { $0 + $1 * $1 } / Double(hidden) + 1e-6).squareRoot()
            for input in 0..<hidden {
                let normed = values[input] * scale * Double(gain[input])
                expected[input] += normed * normed / Double(rows)
            }
        }
        let found = try #require(calibration.meanSquares(of: "decoderLayer[0].attentionQueryKeyValue"))
        #expect(rows == prompt.tokens.count && found.count == hidden)
        for (found, expected) in zip(found, expected) { #expect(abs(found - expected) <= 1e-4 * expected + 1e-9) }
    }
}
