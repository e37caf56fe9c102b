// Adapters for the hashing model: they have an identity, and no numbers.

import ServingEngine

@testable import ModelRuntime

enum TestAdapters {
    /// An adapter of its own.
    static func make(rank: Int = 4, changesImages: Bool = false) throws -> Adapter {
        let packed = try PackedAdapter(
            AdapterLayout(HashingModel.manifest.weights, ranks: [:]),
            entryCount: 0,
            kernels: .best
        ) { _ throws(AdapterError.Problem) in preconditionFailure("there is nothing to pack") }
        return Adapter(path: "test", rank: rank, moduleCount: 0, changesImages: changesImages, packed)
    }

    /// One with a name.
    static func named(_ name: String, changesImages: Bool = false) throws -> NamedAdapter {
        NamedAdapter(name: name, adapter: try make(changesImages: changesImages))
    }
}
