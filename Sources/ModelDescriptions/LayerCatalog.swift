// The layer kinds that a reader knows, as a value: whoever reads a description passes the catalog that it needs.
// Not the kinds themselves: those are one file each in Layers/.

/// A set of layer kinds with distinct names.
public struct LayerCatalog: Sendable {
    /// The kinds, in the order in which messages list them.
    public private(set) var kinds: [any LayerParameters.Type] = []

    /// The kinds of the families that this version covers.
    public static let standard = LayerCatalog([
        RMSNorm.self, LayerNorm.self,
        PatchProjection.self, LearnedGridPositions.self,
        SelfAttention.self, SegmentAttention.self,
        GatedMLP.self, MLP.self,
        PatchMerger.self,
    ])

    /// A catalog of `kinds`; of two kinds with one name the later one replaces the earlier.
    public init(_ kinds: [any LayerParameters.Type]) {
        for kind in kinds { add(kind) }
    }

    /// Adds `kind`, in place of a kind with the same name if there is one.
    public mutating func add(_ kind: any LayerParameters.Type) {
        if let index = kinds.firstIndex(where: { $0.kind == kind.kind }) {
            kinds[index] = kind
        } else {
            kinds.append(kind)
        }
    }

    /// The kind called `name`, or nil if there is none.
    public func kind(named name: String) -> (any LayerParameters.Type)? {
        kinds.first { $0.kind == name }
    }

    /// The kinds that can take the place `role`.
    public func kinds(for role: LayerRole) -> [any LayerParameters.Type] {
        kinds.filter { $0.role == role }
    }
}
