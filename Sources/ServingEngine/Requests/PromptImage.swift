// An image of a request: its place among the tokens, what tells it apart from others, and how to get its patches.
// Not its encoding: ../Images/EncodedImages.swift.

import InputProcessing
import ModelRuntime

/// An image and its place in a prompt.
///
/// Its patches are made when they are needed, which they are not if the encoding of the same image is still there.
public struct PromptImage: Sendable {
    /// The first of its tokens.
    public let firstToken: Int
    /// The grid of its patches.
    public let grid: ImageGrid
    /// Equal for images of equal content that were asked to be processed equally.
    public let key: ImageKey
    /// Decodes, resizes and cuts the image.
    public let makePatches: @Sendable (ParallelLoop) throws(ImageError) -> PatchedImage

    /// An image whose tokens begin at `firstToken`.
    public init(
        firstToken: Int,
        grid: ImageGrid,
        key: ImageKey,
        makePatches: @escaping @Sendable (ParallelLoop) throws(ImageError) -> PatchedImage
    ) {
        self.firstToken = firstToken
        self.grid = grid
        self.key = key
        self.makePatches = makePatches
    }
}

/// The content of an image, as a hash with a secret of this process: nobody can make two images that share a key.
public struct ImageKey: Sendable, Hashable {
    /// The hash; not 0.
    public let value: UInt64

    /// The key of an image file that is resized within these bounds.
    ///
    /// *Source*: the standard library's `Hasher`, SipHash keyed anew in every process.
    public init(_ bytes: some Collection<UInt8>, minimumPixels: Int, maximumPixels: Int) {
        var hasher = Hasher()
        hasher.combine(minimumPixels)
        hasher.combine(maximumPixels)
        hasher.combine(bytes.count)
        let isContiguous: Void? = bytes.withContiguousStorageIfAvailable { bytes in
            hasher.combine(bytes: UnsafeRawBufferPointer(bytes))
        }
        if isContiguous == nil { Array(bytes).withUnsafeBytes { hasher.combine(bytes: $0) } }
        value = UInt64(bitPattern: Int64(hasher.finalize())) | 1
    }
}
