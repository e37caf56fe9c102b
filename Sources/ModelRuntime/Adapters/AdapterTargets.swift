// The matrices of a model that an adapter may add to, by the names that checkpoints and adapters give them.
// Not an adapter: AdapterMatching.swift looks its modules up here.

/// A source of a matrix: a tensor of the checkpoint that the matrix is made of, alone or with others.
struct AdapterPlace: Hashable, Sendable {
    /// The matrix, counted among all entries of the manifest.
    let entry: Int
    /// The source, counted within the entry.
    let source: Int
}

/// What a name stands for.
struct AdapterTargets {
    /// A matrix as the checkpoint has it, and where it went.
    struct Target {
        /// The shape in the checkpoint.
        let shape: [Int]
        /// All places that hold rows of it.
        var places: [AdapterPlace]
    }

    /// What can be adapted, by the model's names of weights.
    private(set) var targets: [String: Target] = [:]
    /// The names of tables that rows are looked up in, of which a head may have another name.
    private(set) var tables: Set<String> = []
    private let naming: TensorNaming
    private let declared: Set<String>

    /// The targets of a model. An embedding that serves as the head is one by the head's name.
    init(_ manifest: WeightManifest) {
        naming = manifest.naming
        var declared: Set<String> = []
        var tiedTables: [String: Target] = [:]
        for (entry, placed) in manifest.placedEntries.enumerated() {
            declared.formUnion(placed.sourceNames.compactMap(\.self))
            guard case .matrix(_, _, let weightClass, _) = placed.entry.kind else { continue }
            for (source, name) in placed.sourceNames.enumerated() {
                guard let name else { continue }
                let place = AdapterPlace(entry: entry, source: source)
                let target = Target(shape: placed.entry.sources[source].shape, places: [])
                if weightClass == .embeddings {
                    tables.insert(name)
                    tiedTables[name, default: target].places.append(place)
                } else {
                    targets[name, default: target].places.append(place)
                }
            }
        }
        self.declared = declared
        for (name, original) in naming.tied where targets[name] == nil {
            targets[name] = tiedTables[original] ?? targets[original]
        }
    }

    /// The model's name of the weight of a module.
    func weightName(ofModule path: String) -> String {
        naming.modelName(of: path + ".weight", declared: declared)
    }
}
