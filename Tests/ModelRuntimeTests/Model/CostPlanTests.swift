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
        #expect(sizes.pairs == 31)
        #expect(sizes.cachedTokens == 18)
        let formats = WeightFormats(.bf16, exceptions: [.head: .f32])
        let work = CallWork(step, sizes, formats: formats, tokenBytes: 100)
        #expect(work.weightBytes == [.attention: 2048, .head: 1280])
        // Vectors, and 8 numbers of 2 bytes for each of 4 rows.
        #expect(work.otherBytes == 104)
        #expect(work.cacheBytes == 1800)
        #expect(work.bytes == 5232)
        // 4 rows with 1000 weights, 2 rows of logits with 320, 31 pairs of 12.
        #expect(work.productOperations == [.attention: 8000, .head: 1280])
        #expect(work.attentionOperations == 372)
        #expect(work.operations == 9652)
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
        // 16 patches with 64 weights, 4 tokens with 32; 256 pairs of 2, 16 patches of 5.
        #expect(work.productOperations == [.vision: 2048, .bridge: 256])
        #expect(work.attentionOperations == 592)
        #expect(work.cacheBytes == 0)
    }

    @Test func bytesOfAWeight() {
        #expect(WeightFormat.f32.bytesPerWeight == 4)
        #expect(WeightFormat.bf16.bytesPerWeight == 2)
    }
}
