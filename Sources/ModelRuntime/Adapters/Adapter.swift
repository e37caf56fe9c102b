// A LoRA adapter of a compiled model: read from a folder as PEFT writes it, checked, packed.
// Read next: AdapterFields.swift (the configuration), AdapterMatching.swift (the tensors), PackedAdapter.swift (memory).
// Which rows use it: RowAdapters.swift. Several of them by name: LoadedAdapters.swift.

import Synchronization
import TensorTypes

/// Low-rank maps that are added to some matrices of a model, for the rows that use the adapter.
///
/// *Math*: a row `x W^T + b` becomes `x W^T + b + scale (x A^T) B^T`, before whatever follows the product.
/// *Accumulates in*: f32, whatever the format of W is.
///
/// It lives as long as anybody holds it: an adapter that is unloaded serves the sequences that use it to their end.
public final class Adapter: Sendable {
    /// A number that no other adapter of this process has or will have, for whoever keeps what was computed with it.
    public let identity = Adapter.count.add(1, ordering: .relaxed).newValue
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

    private static let count = Atomic<UInt64>(0)

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
        if files.rank > mostRank {
            problems.append(.rank(path: files.folder, found: files.rank, allowed: mostRank))
        }
        if problems.isEmpty { tensors.checkNumbers(&problems) }
        guard problems.isEmpty else { throw AdapterError(path: files.folder, problems: problems) }

        let entries = weights.placedEntries
        let layout = AdapterLayout(weights, ranks: matching.parts.mapValues(\.rank))
        let packed: PackedAdapter
        do {
            packed = try PackedAdapter(layout, entryCount: entries.count, kernels: kernels) {
                place throws(AdapterError.Problem) in
                try tensors.factors(of: matching.parts[place], entries[place.entry].entry.sources[place.source])
            } release: { place in
                if let part = matching.parts[place] { tensors.release(part) }
            }
        } catch {
            throw AdapterError(path: files.folder, error)
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
            file = try SafetensorsFile(path: joinedPath(folder, Adapter.tensorsName), access: .copied)
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
    /// Appends a problem for each half that cannot be read, or has numbers that are not finite.
    fileprivate func checkNumbers(_ problems: inout ProblemList<AdapterError.Problem>) {
        for tensor in modules.flatMap({ [$0.halves.down, $0.halves.up].compactMap(\.self) }) {
            do {
                try load(tensor)
                let count = nonFiniteCount(Checkpoint.Tensor(entry: tensor, file: file))
                if count > 0 { problems.append(.tensor(name: tensor.name, .notFinite(count: count))) }
            } catch {
                // What follows in the file is missing, too.
                return problems.append(error)
            }
            file.file.releaseMemory(of: tensor.byteRange)
        }
    }

    private func load(_ tensor: TensorEntry) throws(AdapterError.Problem) {
        do {
            try file.file.load(tensor.byteRange)
        } catch {
            throw .file(error)
        }
    }

    /// Gives back the memory of the factors of a part.
    fileprivate func release(_ part: AdapterPart) {
        for tensor in [part.down, part.up] { file.file.releaseMemory(of: tensor.byteRange) }
    }

    /// The factors of a part, copied from the file.
    fileprivate func factors(
        of part: AdapterPart?,
        _ source: TensorSource
    ) throws(AdapterError.Problem) -> AdapterFactors {
        guard let part else { preconditionFailure("a layout of parts that were not matched") }
        try load(part.down)
        try load(part.up)
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
