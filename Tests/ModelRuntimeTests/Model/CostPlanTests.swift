// The least work of a call against sums by hand.

import ModelRuntime
import TensorTypes
import Testing

@Suite struct CostPlanTests {
    private let step = CostPlan.Call(
        products: [
            CostPlan.Product(.attention, weights: 1000, packed: 1024, per: .row),
            CostPlan.Product(.head, weights: 320, per: .logitRow),
        ],
        vectorBytes: 40,
        embeddedNumbers: 8,
        operationsPerPair: 12
    )

    @Test func aStepOfTwoSequences() {
        // Three rows after 5 tokens see 6 + 7 + 8 keys, one row after 9 sees 10.
        let sizes = CallSizes.step([(rows: 3, cached: 5), (rows: 1, cached: 9)], logitRows: 2)
        #expect(sizes.pairs == 6 + 7 + 8 + 10)
        #expect(sizes.cachedTokens == 8 + 10)
        let formats = WeightFormats(.bf16, exceptions: [.head: .f32])
        let work = CallWork(step, sizes, formats: formats, tokenBytes: 100)
        #expect(work.weightBytes == [.attention: 2 * 1024, .head: 4 * 320])
        #expect(work.otherBytes == 40 + 4 * 8 * 2)
        #expect(work.cacheBytes == 1800)
        #expect(work.bytes == 2048 + 1280 + 104 + 1800)
        #expect(work.productOperations == [.attention: 2 * 1000 * 4, .head: 2 * 320 * 2])
        #expect(work.attentionOperations == 12 * 31)
        #expect(work.operations == 8000 + 1280 + 372)
    }

    @Test func withoutLogitsTheHeadIsNotRead() {
        let sizes = CallSizes.step([(rows: 4, cached: 0)], logitRows: 0)
        let work = CallWork(step, sizes, formats: WeightFormats(.f32), tokenBytes: 1)
        #expect(work.weightBytes[.head] == nil)
        #expect(work.productOperations[.head] == nil)
    }

    @Test func anImage() {
        let encode = CostPlan.Call(
            products: [
                CostPlan.Product(.vision, weights: 64, per: .patch),
                CostPlan.Product(.bridge, weights: 32, per: .imageToken),
            ],
            operationsPerPair: 2,
            windowOperationsPerPatch: 5
        )
        let work = CallWork(
            encode,
            .image(patches: 16, merge: 2),
            formats: WeightFormats(.bf16),
            tokenBytes: 7
        )
        #expect(work.productOperations == [.vision: 2 * 64 * 16, .bridge: 2 * 32 * 4])
        #expect(work.attentionOperations == Double(2 * 16 * 16 + 5 * 16))
        #expect(work.cacheBytes == 0)
    }

    @Test func bytesOfAWeight() {
        #expect(WeightFormat.f32.bytesPerWeight == 4)
        #expect(WeightFormat.bf16.bytesPerWeight == 2)
    }
}
