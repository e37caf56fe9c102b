// A LoRA adapter of a compiled model: read from a folder as PEFT writes it, checked, packed.
// Read next: AdapterFields.swift (the configuration), AdapterMatching.swift (the tensors), PackedAdapter.swift (memory).
// Which rows use it: RowAdapters.swift. Several of them by name: LoadedAdapters.swift.

import TensorTypes

/// Low-rank maps that are added to some matrices of a model, for the rows that use the adapter.
///
/// *Math*: a row `x W^T + b` becomes `x W^T + b + scale (x A^T) B^T`, before whatever follows the product.
/// *Accumulates in*: f32, whatever the format of W is.
///
/// It lives as long as anybody holds it: an adapter that is unloaded serves the sequences that use it to their end.
public final class Adapter: Sendable {
    /// The folder.
    public let path: String
    /// The greatest rank.
    public let rank: Int
    /// The number of the model's tensors that it adds to.
    public let moduleCount: Int
    /// Bytes of memory.
    public let byteCount: Int
    /// Whether it adds to the image encoder or what follows it, so that features of images depend on it.
    public let changesImages: Bool

    let packed: PackedAdapter

    /// The name of the configuration.
    public static let configurationName = "adapter_config.json"
    /// The name of the tensors.
    public static let tensorsName = "adapter_model.safetensors"

    /// Reads the adapter in a folder, for the model that these weights are of.
    ///
    /// - Parameter mostRank: The greatest rank that memory is planned for.
    /// - Throws: `AdapterError` with everything that is not as it must be, each tensor and field by name.
    public convenience init(
        folder: String,
        for weights: WeightManifest,
        mostRank: Int = AdapterLimits.ranks.upperBound,
        kernels: CPUKernelSet = .best
    ) throws(AdapterError) {
        let files = try AdapterFiles(folder: folder)
        try self.init(files, for: weights, mostRank: mostRank, kernels: kernels)
    }

    /// Checks and packs an adapter whose files have been read.
    ///
    /// - Throws: `AdapterError`.
    convenience init(
        _ files: AdapterFiles,
        for weights: WeightManifest,
        mostRank: Int,
        kernels: CPUKernelSet
    ) throws(AdapterError) {
        let tensors = files.tensors
        let matching = AdapterMatching(
            tensors,
            files.configuration,
            targets: AdapterTargets(weights),
            path: files.folder
        )
        var problems = files.problems
        for problem in tensors.problems.shown + matching.problems.shown { problems.append(problem) }
        if problems.isEmpty {
            for tensor in tensors.notFinite { problems.append(tensor) }
        }
        if files.rank > mostRank {
            problems.append(.rank(path: files.folder, found: files.rank, allowed: mostRank))
        }
        guard problems.isEmpty else { throw AdapterError(path: files.folder, problems: problems) }

        let entries = weights.placedEntries
        let layout = AdapterLayout(weights, ranks: matching.parts.mapValues(\.rank))
        let packed: PackedAdapter
        do {
            packed = try withExtendedLifetime(tensors.file) { () throws(MemoryRefused) in
                try PackedAdapter(layout, entryCount: entries.count, kernels: kernels) { place in
                    tensors.factors(of: matching.parts[place], source: entries[place.entry].entry.sources[place.source])
                }
            }
        } catch {
            throw AdapterError(path: files.folder, .memory(error))
        }
        let classes = layout.matrices.compactMap { entries[$0.entry].entry.weightClass }
        self.init(
            path: files.folder,
            rank: files.rank,
            moduleCount: matching.moduleCount,
            changesImages: classes.contains { $0 == .vision || $0 == .bridge },
            packed
        )
    }

    /// An adapter whose numbers are packed.
    init(path: String, rank: Int, moduleCount: Int, changesImages: Bool, _ packed: PackedAdapter) {
        self.path = path
        self.rank = rank
        self.moduleCount = moduleCount
        self.changesImages = changesImages
        self.packed = packed
        byteCount = packed.byteCount
    }
}

/// The files of an adapter, read but not yet compared with a model.
public struct AdapterFiles {
    /// The folder.
    public let folder: String
    let configuration: AdapterConfiguration
    let tensors: AdapterTensors
    /// What is wrong with fields of the configuration.
    let problems: ProblemList<AdapterError.Problem>

    /// The greatest rank, by the tensors.
    public var rank: Int { tensors.rank }

    /// Reads the configuration and the header of the tensors.
    ///
    /// - Throws: `AdapterError` if one of the files cannot be read at all; both are tried.
    public init(folder: String) throws(AdapterError) {
        self.folder = folder
        var failures = ProblemList<AdapterError.Problem>()
        var fields: AdapterFields?
        var file: SafetensorsFile?
        do {
            fields = try AdapterFields(path: joinedPath(folder, Adapter.configurationName))
        } catch {
            failures.append(error)
        }
        do {
            file = try SafetensorsFile(path: joinedPath(folder, Adapter.tensorsName))
        } catch {
            failures.append(.safetensors(error))
        }
        guard let fields, let file else { throw AdapterError(path: folder, problems: failures) }
        configuration = fields.configuration
        problems = fields.problems
        tensors = AdapterTensors(file)
    }
}

extension AdapterTensors {
    /// A problem for each half with numbers that are not finite.
    fileprivate var notFinite: [AdapterError.Problem] {
        modules.flatMap { [$0.halves.down, $0.halves.up].compactMap(\.self) }.compactMap { tensor in
            let count = nonFiniteCount(Checkpoint.Tensor(entry: tensor, file: file))
            return count > 0 ? .tensor(name: tensor.name, .notFinite(count: count)) : nil
        }
    }

    /// Where the factors of a part lie in the file.
    fileprivate func factors(of part: AdapterPart?, source: TensorSource) -> AdapterFactors {
        guard let part else { preconditionFailure("a layout of parts that were not matched") }
        func numbers(_ tensor: TensorEntry) -> TensorNumbers {
            guard let start = file.bytes(of: tensor).baseAddress else {
                preconditionFailure("\(tensor.name) was checked to have numbers")
            }
            return TensorNumbers(start: start, element: tensor.element)
        }
        return AdapterFactors(
            down: numbers(part.down),
            up: numbers(part.up),
            firstRow: source.rows.lowerBound,
            scale: part.scale
        )
    }
}

extension WeightEntry {
    /// The class of a matrix; nil of a vector.
    fileprivate var weightClass: WeightClass? {
        if case .matrix(_, _, let weightClass, _) = kind { weightClass } else { nil }
    }
}
