// What the image encoder made of some images, until the steps of the decoder have read it.
// Not pixels and not patches.

/// Rows of the decoder's width that replace the embeddings of image tokens.
///
/// The encoder writes them once, before anybody reads; from then on they do not change.
public final class ImageFeatures: @unchecked Sendable {
    /// The number of rows.
    public let count: Int
    /// The numbers in a row.
    public let width: Int
    /// The rows: `[count][width]` f32, valid as long as this object.
    public let values: UnsafeMutableBufferPointer<Float>

    /// Room for `count` rows, zeros at first.
    public init(count: Int, width: Int) {
        precondition(count >= 0 && width > 0)
        self.count = count
        self.width = width
        let address = UnsafeMutableRawPointer.allocate(byteCount: max(count * width * 4, 1), alignment: 64)
        values = UnsafeMutableBufferPointer(
            start: address.bindMemory(to: Float.self, capacity: count * width),
            count: count * width
        )
        values.initialize(repeating: 0)
    }

    deinit { values.deallocate() }

    /// The row at `index`.
    public func row(_ index: Int) -> UnsafePointer<Float> {
        precondition(index >= 0 && index < count, "feature \(index) of \(count)")
        return UnsafePointer(values.baseAddress.unsafelyUnwrapped + index * width)
    }
}

extension ImageFeatures {
    /// Some rows as features of their own.
    public func slice(_ first: Int, _ count: Int) -> ImageFeatures {
        if first == 0, count == self.count { return self }
        let part = ImageFeatures(count: count, width: width)
        if count > 0 { part.values.baseAddress?.update(from: row(first), count: count * width) }
        return part
    }
}
