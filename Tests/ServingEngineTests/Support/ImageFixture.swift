// Images for the hashing model: patches that are numbers, no pixels.

import ServingEngine
import Synchronization

@testable import InputProcessing
@testable import ModelRuntime

enum ImageFixture {
    /// An image whose patches are all `value`, and that counts how often it is decoded.
    static func image(
        _ value: UInt8,
        rows: Int,
        columns: Int,
        at firstToken: Int,
        decodes: Counter? = nil,
        failure: ImageError? = nil
    ) -> PromptImage {
        PromptImage(
            firstToken: firstToken,
            grid: ImageGrid(rows: rows, columns: columns),
            key: ImageKey([value, UInt8(rows), UInt8(columns)], minimumPixels: 1, maximumPixels: 1000)
        ) { _ throws(ImageError) in
            decodes?.add()
            if let failure { throw failure }
            return PatchedImage(
                patches: [Float](repeating: Float(value), count: rows * columns),
                grid: PatchGrid(temporal: 1, height: rows, width: columns),
                patchLength: 1
            )
        }
    }

    /// The rows of a prompt that has this image between texts, as the model sees them, and the position after it.
    static func rows(
        _ before: [Int32],
        _ value: UInt8,
        rows: Int,
        columns: Int,
        _ after: [Int32],
        adapter: Adapter? = nil
    ) -> ([UInt32], Int) {
        var found = before.enumerated().map { HashingModel.textRow($1, at: $0, adapter: adapter) }
        let addend = adapter?.changesImages == true ? HashingModel.addend(adapter) : 0
        let merge = HashingModel.merge
        for row in 0..<rows / merge {
            for column in 0..<columns / merge {
                let positions = [before.count, before.count + row, before.count + column].map(Int32.init)
                let feature = addend + Float(Int(value) * merge * merge)
                let token = HashingModel.imageToken
                found.append(HashingModel.row(token: token, positions: positions, feature: feature, adapter: adapter))
            }
        }
        let next = before.count + max(rows, columns) / merge
        found += after.enumerated().map { HashingModel.textRow($1, at: next + $0, adapter: adapter) }
        return (found, next + after.count)
    }
}

/// Counts from any thread.
final class Counter: Sendable {
    private let count = Mutex(0)

    var value: Int { count.withLock { $0 } }

    func add() { count.withLock { $0 += 1 } }
}
