// Symbolic sizes, and which values a parameter takes.

import TensorTypes
import Testing

@testable import ComputeGraph

@Suite struct DimensionTests {
    private let patches = Dimension.symbolic(.patches)

    @Test func spelling() {
        #expect(Dimension.constant(2048).description == "2048")
        #expect(Dimension.symbolic(.rows).description == "rows")
        #expect((patches / 4).description == "patches/4")
        #expect((patches * 3).description == "3*patches")
        #expect((patches * 3 / 2).description == "3*patches/2")
        #expect(TensorType.real(patches / 4, 16).description == "f32[patches/4, 16]")
        #expect(TensorType.index(2, patches).description == "i32[2, patches]")
        #expect(
            ValueType.segments(of: patches, longest: 64).description == "segments[patches, each at most 64]"
        )
        #expect(ValueType.cache.description == "cache")
    }

    @Test func equalSizesAreEqual() {
        #expect(patches / 4 * 4 == patches)
        #expect(patches * 6 / 4 == patches * 3 / 2)
        #expect(patches / 2 != patches / 4)
        #expect(patches != .symbolic(.rows))
        #expect(Dimension.constant(12) / 4 == 3)
    }

    @Test func sizeOfABatch() {
        #expect((patches / 4).size(with: [.patches: 64]) == 16)
        #expect((patches * 3 / 2).size(with: [.patches: 10]) == 15)
        #expect((patches / 4).size(with: [.patches: 63]) == nil)
        #expect(patches.size(with: [.rows: 1]) == nil)
        #expect(Dimension.constant(7).size(with: [:]) == 7)
        #expect(patches.constant == nil)
        #expect(Dimension.constant(7).constant == 7)
    }

    @Test func elementsPerRow() {
        #expect(TensorType.real(patches, 4, 8).elementsPerRow == 32)
        #expect(TensorType.real(patches).elementsPerRow == 1)
        #expect(TensorType.real(4, patches).elementsPerRow == nil)
    }

    @Test func parametersTakeSegmentsOfALowerBound() {
        let any = ValueType.segments(of: patches, longest: patches)
        let windows = ValueType.segments(of: patches, longest: 64)
        #expect(any.accepts(windows))
        #expect(any.accepts(any))
        #expect(!windows.accepts(any))
        #expect(windows.accepts(windows))
        #expect(!windows.accepts(.segments(of: patches, longest: 32)))
        #expect(!any.accepts(.segments(of: .symbolic(.rows), longest: 64)))
        #expect(!any.accepts(.cache))
        #expect(ValueType.cache.accepts(.cache))
        #expect(!ValueType.tensor(.real(4)).accepts(.tensor(.index(4))))
    }
}
