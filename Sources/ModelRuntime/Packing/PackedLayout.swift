// Where every weight lies in a packed file.
// Not the file's header and index (PackedHeader.swift), which hold what is not known beforehand.

import TensorTypes

/// The places of all entries in a packed file.
struct PackedLayout: Sendable {
    /// The place of one entry.
    struct Item: Sendable {
        /// The entry's name in the whole model.
        let path: String
        let kind: WeightEntry.Kind
        /// The format; single precision for vectors.
        let format: WeightFormat
        let offset: Int
        let byteCount: Int
        /// Bytes that are packed, written and checked together: whole panels, or the whole vector.
        let chunkBytes: Int

        var chunkCount: Int { (byteCount + chunkBytes - 1) / chunkBytes }

        /// The bytes of a chunk, counted from the start of the entry.
        func chunk(_ index: Int) -> Range<Int> {
            (index * chunkBytes)..<min((index + 1) * chunkBytes, byteCount)
        }
    }

    /// The version of everything that decides the bytes of a packed file: header, layouts, hashes.
    static let version: UInt64 = 2
    /// Matrices begin at multiples of this many bytes: a page, so that the system can be advised about each.
    static let matrixAlignment = 4096
    /// Chunks have about this many bytes.
    static let usualChunkBytes = 1 << 20

    let items: [Item]
    /// Where the index ends, and with it what is not a weight.
    let payloadOffset: Int
    /// Bytes of the whole file.
    let totalBytes: Int
    /// A hash of everything that the layout and the contents depend on, save the checkpoint.
    let key: UInt64
    /// A hash of which tensors are kept in which formats, the same in all versions.
    let family: UInt64

    /// The layout of `weights`, whose index has `indexCount` numbers.
    init(_ weights: MatchedWeights, indexCount: Int) {
        let entries = zip(weights.entries, weights.formats).map { ($0.kind, $0.path, $1) }
        self.init(entries, indexCount: indexCount, key: Self.key(of: weights), family: Self.family(of: weights))
    }

    /// The layout of weights that no checkpoint holds, in the formats of the manifest.
    init(_ manifest: WeightManifest) {
        let entries = manifest.placedEntries.map { placed in
            let kind = placed.entry.kind
            guard case .matrix(_, _, let weightClass, _) = kind else { return (kind, placed.path, WeightFormat.f32) }
            return (kind, placed.path, manifest.formats[weightClass])
        }
        self.init(entries, indexCount: 0, key: 0, family: 0)
    }

    private init(
        _ entries: [(kind: WeightEntry.Kind, path: String, format: WeightFormat)],
        indexCount: Int,
        key: UInt64,
        family: UInt64
    ) {
        payloadOffset = roundedUp(PackedHeader.byteCount + 8 * indexCount, to: Self.matrixAlignment)
        var end = payloadOffset
        items = entries.map { entry in
            let item = Self.place(entry.kind, path: entry.path, after: end, format: entry.format)
            end = item.offset + item.byteCount
            return item
        }
        totalBytes = end
        self.key = key
        self.family = family
    }

    private static func place(
        _ kind: WeightEntry.Kind,
        path: String,
        after end: Int,
        format: WeightFormat
    ) -> Item {
        switch kind {
        case .matrix(let outputs, let inputs, _, let order):
            let panelBytes = format.panelBytes(inputs: inputs)
            return Item(
                path: path,
                kind: kind,
                format: format,
                offset: roundedUp(end, to: matrixAlignment),
                byteCount: order.panelCount(outputs: outputs) * panelBytes,
                chunkBytes: max(usualChunkBytes / panelBytes, 1) * panelBytes
            )
        case .vector(let count):
            let byteCount = roundedUp(4 * count, to: WeightFormat.panelAlignment)
            return Item(
                path: path,
                kind: kind,
                format: format,
                offset: roundedUp(end, to: WeightFormat.panelAlignment),
                byteCount: byteCount,
                chunkBytes: byteCount
            )
        }
    }

    private static func key(of weights: MatchedWeights) -> UInt64 {
        var text = "layout \(version)\n"
        for (placed, format) in zip(weights.manifest.placedEntries, weights.formats) {
            switch placed.entry.kind {
            case .matrix(let outputs, let inputs, _, let order):
                text += "matrix \(placed.path) \(outputs) \(inputs) \(format.name) \(order.rawValue)\n"
            case .vector(let count): text += "vector \(placed.path) \(count)\n"
            }
            for (source, name) in zip(placed.entry.sources, placed.sourceNames) {
                text += "  \(name ?? "zeros") \(source.shape) \(source.rows)\n"
            }
        }
        return text.withUTF8 { xxHash64(UnsafeRawBufferPointer($0)) }
    }

    private static func family(of weights: MatchedWeights) -> UInt64 {
        let lines = zip(weights.manifest.placedEntries, weights.formats).flatMap { placed, format in
            placed.sourceNames.compactMap { name in name.map { "\($0) \(format.name)\n" } }
        }
        var text = Set(lines).sorted().joined()
        return text.withUTF8 { xxHash64(UnsafeRawBufferPointer($0)) }
    }
}

/// The least multiple of `multiple` that is not less than `value`.
func roundedUp(_ value: Int, to multiple: Int) -> Int { (value + multiple - 1) / multiple * multiple }
