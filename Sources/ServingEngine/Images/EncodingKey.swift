// What tells encodings of images apart: the image, and the adapter that changed them.
// Not the encodings: EncodedImages.swift.

import ModelRuntime

/// An image, and the adapter that it is encoded with.
struct EncodingKey: Hashable, Sendable {
    let image: ImageKey
    /// The adapter's identity; 0 for none, and for those that leave images alone: they share what is encoded without.
    let adapter: UInt64
}

extension ActiveRequest {
    /// The adapter that changes the encodings of its images.
    var imageAdapter: Adapter? {
        guard let adapter, adapter.changesImages else { return nil }
        return adapter
    }

    /// What its encoding of an image is found by.
    func encodingKey(_ image: PromptImage) -> EncodingKey {
        EncodingKey(image: image.key, adapter: imageAdapter?.identity ?? 0)
    }
}
