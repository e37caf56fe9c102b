// The tiny checkpoints that other libraries wrote: all of them open, in one file or in several.

import Testing

@testable import ModelRuntime

@Suite struct FixtureCheckpointTests {
    @Test func everyCheckpointOpens() throws {
        let folder = joinedPath(fixturesFolder(), "checkpoints")
        let models = fileNames(in: folder).filter { $0.hasPrefix("tiny-") }.sorted()
        #expect(models.count >= 10)
        var fileCounts: Set<Int> = []
        for model in models {
            let checkpoint = try Checkpoint(path: joinedPath(folder, model))
            fileCounts.insert(min(checkpoint.files.count, 2))
            #expect(checkpoint.tensors.count > 10)
            for tensor in checkpoint.tensors.values {
                #expect(tensor.entry.element.isFloatingPoint)
                #expect(nonFiniteCount(tensor) == 0, "\(model): \(tensor.entry.name)")
            }
        }
        #expect(fileCounts == [1, 2], "checkpoints of one file and of several")
    }
}
