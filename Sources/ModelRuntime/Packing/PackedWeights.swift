// The weights of a model as kernels read them, mapped from a packed file.
// Not how the file comes about: PackedWeights+Opening.swift.

import TensorTypes

/// All weights of a model, ready for kernels. Pointers into them are valid as long as this object.
///
/// Generated code asks for each weight by name once, when a model is loaded, and keeps what it gets.
public final class PackedWeights: Sendable {
    /// The weights that were declared.
    public let manifest: WeightManifest
    /// The packed file.
    public let path: String
    /// Bytes of the packed file, and of memory once all of it has been read.
    public let byteCount: Int

    /// What the formats of matrices cost, in the order of the manifest.
    public let losses: [WeightLoss]

    private let file: MappedFile
    private let layout: PackedLayout
    private let placeOfPath: [String: Int]

    /// A file that has been checked against the layout.
    init(_ file: MappedFile, layout: PackedLayout, index: PackedIndex, manifest: WeightManifest) {
        self.file = file
        self.layout = layout
        self.manifest = manifest
        path = file.path
        byteCount = file.identity.byteCount
        losses = zip(layout.items, zip(index.squaredErrors, index.squaredValues)).compactMap { item, sums in
            guard case .matrix(_, _, let weightClass, _) = item.kind else { return nil }
            return WeightLoss(
                name: item.path,
                weightClass: weightClass,
                format: item.format,
                byteCount: item.byteCount,
                squaredError: Double(bitPattern: sums.0),
                squaredValues: Double(bitPattern: sums.1)
            )
        }
        placeOfPath = Dictionary(uniqueKeysWithValues: layout.items.enumerated().map { ($1.path, $0) })
    }

    /// A matrix that stands alone.
    public func matrix(_ name: String) -> PackedMatrix { matrix(at: place(name)) }

    /// A matrix of one layer of a group.
    public func matrix(_ name: String, of group: String, layer: Int) -> PackedMatrix {
        matrix(at: place(WeightManifest.path(name, of: group, layer: layer)))
    }

    /// A vector that stands alone, in single precision; zeros follow it up to a multiple of 16 numbers.
    public func vector(_ name: String) -> UnsafePointer<Float> { vector(at: place(name)) }

    /// A vector of one layer of a group, in single precision; zeros follow it up to a multiple of 16 numbers.
    public func vector(_ name: String, of group: String, layer: Int) -> UnsafePointer<Float> {
        vector(at: place(WeightManifest.path(name, of: group, layer: layer)))
    }

    /// The path of each matrix by where its panels begin.
    var pathOfPanels: [UnsafeRawPointer: String] {
        let matrices = layout.items.filter { if case .matrix = $0.kind { true } else { false } }
        return Dictionary(uniqueKeysWithValues: matrices.map { (address($0), $0.path) })
    }

    private func place(_ path: String) -> Int {
        guard let place = placeOfPath[path] else { preconditionFailure("the manifest has no weight \(path)") }
        return place
    }

    private func address(_ item: PackedLayout.Item) -> UnsafeRawPointer {
        guard let start = file.bytes.baseAddress else { preconditionFailure("a packed file has at least a header") }
        return start + item.offset
    }

    private func matrix(at place: Int) -> PackedMatrix {
        let item = layout.items[place]
        guard case .matrix(let outputs, let inputs, _, let order) = item.kind else {
            preconditionFailure("\(item.path) is a vector")
        }
        return PackedMatrix(
            panels: address(item),
            outputs: order == .alternatingPanels ? outputs / 2 : outputs,
            inputs: inputs,
            format: item.format,
            entry: place
        )
    }

    private func vector(at place: Int) -> UnsafePointer<Float> {
        let item = layout.items[place]
        guard case .vector = item.kind else { preconditionFailure("\(item.path) is a matrix") }
        return address(item).assumingMemoryBound(to: Float.self)
    }
}
