// What weights a compiled model needs: declared by generated code, in the order in which packed files keep them.
// Not where they lie in a checkpoint (MatchedWeights.swift), nor in memory (Packing/PackedWeights.swift).

import TensorTypes

/// A class of matrices that are kept in the same format.
public enum WeightClass: String, Sendable, Hashable, CaseIterable {
    /// The matrices of the image encoder.
    case vision
    /// The matrices between encoder and decoder.
    case bridge
    /// The token embedding, which may be the head as well.
    case embeddings
    /// Projections of attention in the decoder.
    case attention
    /// Feed-forward matrices of the decoder.
    case mlp
    /// The matrix that makes logits.
    case head

    /// Whether few bits cost the class so much that they must be asked for by name.
    public var isSensitive: Bool {
        switch self {
        case .vision, .bridge, .embeddings, .head: true
        case .attention, .mlp: false
        }
    }
}

/// The format in which each class of matrices is kept.
public struct WeightFormats: Sendable, Hashable {
    /// The format of classes that `exceptions` does not name.
    public let standard: WeightFormat
    /// Classes with a format of their own.
    public let exceptions: [WeightClass: WeightFormat]

    /// One format for everything but the exceptions.
    public init(_ standard: WeightFormat, exceptions: [WeightClass: WeightFormat] = [:]) {
        self.standard = standard
        self.exceptions = exceptions
    }

    /// One format for everything, but for the classes that lose most by few bits: these keep
    /// `WeightFormat.forSensitiveWeights`.
    public static func standard(_ format: WeightFormat) -> WeightFormats {
        let sensitive = WeightClass.allCases.filter(\.isSensitive).map { ($0, format.forSensitiveWeights) }
        return WeightFormats(format, exceptions: Dictionary(sensitive) { $1 }.filter { $0.value != format })
    }

    /// The format of a class.
    public subscript(weightClass: WeightClass) -> WeightFormat { exceptions[weightClass] ?? standard }
}

/// A tensor of the checkpoint, a range of its rows, or zeros where the checkpoint has none.
public struct TensorSource: Sendable, Hashable {
    /// The name in the checkpoint, in which `{layer}` stands for the number of the layer; nil for zeros.
    public let name: String?
    /// The whole shape in the checkpoint. The first axis counts rows, the others make up a row.
    public let shape: [Int]
    /// The rows that are taken.
    public let rows: Range<Int>

    /// All rows of a tensor, or some of them.
    public static func tensor(_ name: String, _ shape: [Int], rows: Range<Int>? = nil) -> TensorSource {
        TensorSource(name: name, shape: shape, rows: rows)
    }

    /// Zeros, such as the bias of a projection that has none beside projections that have one.
    public static func zeros(_ shape: [Int]) -> TensorSource { TensorSource(name: nil, shape: shape, rows: nil) }

    private init(name: String?, shape: [Int], rows: Range<Int>?) {
        let rowCount = shape.first ?? 1
        let rows = rows ?? 0..<rowCount
        precondition(rows.lowerBound >= 0 && rows.upperBound <= rowCount, "rows \(rows) of \(shape)")
        self.name = name
        self.shape = shape
        self.rows = rows
    }

    /// The elements of a row: the product of all axes but the first.
    public var rowElements: Int { shape.dropFirst().reduce(1, *) }
}

/// A packed matrix or vector, made of tensors of the checkpoint.
public struct WeightEntry: Sendable, Hashable {
    /// How the rows of several sources follow one another.
    public enum RowOrder: String, Sendable, Hashable {
        /// All rows of the first source, then of the second, ...
        case stacked
        /// A panel of the first source, a panel of the second, a panel of the first, ...: gate and up. Each source is
        /// filled up to whole panels with zeros.
        case alternatingPanels = "alternating-panels"
    }

    /// What the entry is.
    public enum Kind: Sendable, Hashable {
        /// A matrix `[outputs, inputs]` in the format of its class.
        case matrix(outputs: Int, inputs: Int, WeightClass, RowOrder)
        /// A vector in single precision.
        case vector(count: Int)
    }

    /// The name in generated code.
    public let name: String
    /// What it is.
    public let kind: Kind
    /// What it is made of.
    public let sources: [TensorSource]

    /// A matrix whose rows are the outputs of a projection. The inner axes of a source are flattened, so that the
    /// kernel of a convolution `[outputs, channels, time, height, width]` is a matrix, too.
    public static func matrix(
        _ name: String,
        outputs: Int,
        inputs: Int,
        _ weightClass: WeightClass,
        order: RowOrder = .stacked,
        from sources: [TensorSource]
    ) -> WeightEntry {
        precondition(outputs > 0 && inputs > 0 && !sources.isEmpty, "\(name) is empty")
        precondition(sources.reduce(0) { $0 + $1.rows.count } == outputs, "\(name): sources of \(outputs) rows")
        precondition(sources.allSatisfy { $0.rowElements == inputs }, "\(name): sources of \(inputs) columns")
        precondition(
            order == .stacked || (sources.count == 2 && sources[0].rows.count == sources[1].rows.count),
            "\(name): panels alternate between two sources of equal size"
        )
        let kind = Kind.matrix(outputs: outputs, inputs: inputs, weightClass, order)
        return WeightEntry(name: name, kind: kind, sources: sources)
    }

    /// A vector: the elements of its sources, one source after the other.
    public static func vector(_ name: String, count: Int, from sources: [TensorSource]) -> WeightEntry {
        let found = sources.reduce(0) { $0 + $1.rows.count * $1.rowElements }
        precondition(count > 0 && found == count, "\(name): sources of \(count) elements")
        return WeightEntry(name: name, kind: .vector(count: count), sources: sources)
    }
}

extension WeightEntry.RowOrder {
    /// The panels of a matrix with this many outputs, of all sources together.
    func panelCount(outputs: Int) -> Int {
        func panels(_ outputs: Int) -> Int { (outputs + WeightFormat.panelOutputs - 1) / WeightFormat.panelOutputs }
        return switch self {
        case .stacked: panels(outputs)
        case .alternatingPanels: 2 * panels(outputs / 2)
        }
    }

    /// The source, and its row, that is output `lane` of a panel, of sources with so many rows; nil where a panel is filled
    /// up.
    func place(ofPanel panel: Int, lane: Int, rowCounts: [Int]) -> (source: Int, row: Int)? {
        switch self {
        case .alternatingPanels:
            let source = panel % rowCounts.count
            let row = panel / rowCounts.count * WeightFormat.panelOutputs + lane
            return row < rowCounts[source] ? (source, row) : nil
        case .stacked:
            var row = panel * WeightFormat.panelOutputs + lane
            for (source, count) in rowCounts.enumerated() {
                if row < count { return (source, row) }
                row -= count
            }
            return nil
        }
    }
}

/// Entries that repeat for a number of layers.
public struct WeightGroup: Sendable, Hashable {
    /// The name in generated code.
    public let name: String
    /// The numbers that `{layer}` stands for, in order.
    public let layers: [Int]
    /// The entries of one layer.
    public let entries: [WeightEntry]

    /// Entries for each of `layers`.
    public init(_ name: String, layers: some Sequence<Int>, _ entries: [WeightEntry]) {
        self.name = name
        self.layers = Array(layers)
        self.entries = entries
    }
}

extension WeightManifest {
    /// The most inputs of any matrix: what a device's scratch is sized by.
    public var largestInputs: Int {
        (entries + groups.flatMap(\.entries)).reduce(1) { largest, entry in
            if case .matrix(_, let inputs, _, _) = entry.kind { max(largest, inputs) } else { largest }
        }
    }

    /// The layers of the group called `name`; none if there is no such group.
    public func layers(ofGroup name: String) -> [Int] { groups.first { $0.name == name }?.layers ?? [] }
}

/// How the names of a checkpoint lead to those of a model.
public struct TensorNaming: Sendable, Hashable {
    /// Other prefixes found in checkpoints, and the model's own; the longest that fits is replaced, once.
    public let renamed: [String: String]
    /// Tensors that a checkpoint may leave out, and the tensor that serves for each.
    public let tied: [String: String]
    /// Patterns, with `*` for any characters, of tensors that the model does not read.
    public let unused: [String]

    /// Names that are the model's own, but for these.
    public init(renamed: [String: String] = [:], tied: [String: String] = [:], unused: [String] = []) {
        self.renamed = renamed
        self.tied = tied
        self.unused = unused
    }
}

/// All weights of a model.
public struct WeightManifest: Sendable, Hashable {
    /// An entry for one layer, with its name in the whole model.
    struct PlacedEntry: Sendable, Hashable {
        /// `name`, or `group[layer].name`.
        let path: String
        let entry: WeightEntry
        /// The names of the sources with the layer's number in place.
        let sourceNames: [String?]
    }

    /// The entries that stand alone.
    public let entries: [WeightEntry]
    /// The entries that repeat, layer by layer.
    public let groups: [WeightGroup]
    /// The formats of matrices.
    public let formats: WeightFormats
    /// How the names of checkpoints lead to those of the entries.
    public let naming: TensorNaming

    /// The weights of a model. Names of entries and groups must differ.
    public init(
        _ entries: [WeightEntry],
        groups: [WeightGroup] = [],
        formats: WeightFormats,
        naming: TensorNaming = TensorNaming()
    ) {
        precondition(Set(entries.map(\.name)).count == entries.count, "two entries of one name")
        precondition(Set(groups.map(\.name)).count == groups.count, "two groups of one name")
        for group in groups {
            precondition(Set(group.entries.map(\.name)).count == group.entries.count, "two entries of one name")
        }
        self.entries = entries
        self.groups = groups
        self.formats = formats
        self.naming = naming
    }

    /// The same weights in other formats.
    public func with(_ formats: WeightFormats) -> WeightManifest {
        WeightManifest(entries, groups: groups, formats: formats, naming: naming)
    }

    /// The name in the whole model of an entry of a layer.
    static func path(_ name: String, of group: String, layer: Int) -> String { "\(group)[\(layer)].\(name)" }

    /// All entries in their order: those that stand alone, then group by group, layer by layer.
    var placedEntries: [PlacedEntry] {
        let single = entries.map {
            PlacedEntry(path: $0.name, entry: $0, sourceNames: $0.sources.map(\.name))
        }
        let repeated = groups.flatMap { group in
            group.layers.flatMap { layer in
                group.entries.map { entry in
                    PlacedEntry(
                        path: Self.path(entry.name, of: group.name, layer: layer),
                        entry: entry,
                        sourceNames: entry.sources.map { $0.name.map { replacingLayer($0, with: layer) } }
                    )
                }
            }
        }
        return single + repeated
    }
}

/// The name with `layer` in place of each `{layer}`.
private func replacingLayer(_ name: String, with layer: Int) -> String {
    let placeholder = "{layer}"
    var result = ""
    var rest = Substring(name)
    while let first = rest.first {
        if rest.hasPrefix(placeholder) {
            result += String(layer)
            rest = rest.dropFirst(placeholder.count)
        } else {
            result.append(first)
            rest = rest.dropFirst()
        }
    }
    return result
}
