// Where choices by measurement are remembered: one small file for each model, its formats, and threads.
// Not what is in it: ModelTuning.swift.

import Glibc

/// A folder of remembered choices.
public struct TuningStore: Sendable {
    /// The folder; nil if the user has none.
    public let folder: String?

    /// The folder of packed weights, if one is named, otherwise `$XDG_CACHE_HOME/vlmc` (or `~/.cache/vlmc`): what was
    /// measured holds for a machine, so that it does not lie beside the checkpoint.
    public init(cacheFolder: String?) {
        folder = cacheFolder ?? userCacheFolder()
    }

    /// The file of a choice, or nil without a folder.
    public func path(_ key: TuningKey) -> String? {
        var text = key.members.map { "\($0.name) \($0.value)\n" }.joined()
        let hash = text.withUTF8 { xxHash64(UnsafeRawBufferPointer($0)) }
        let digits = String(hash, radix: 16)
        let name = "tuning-" + String(repeating: "0", count: 16 - digits.count) + digits + ".json"
        return folder.map { joinedPath($0, name) }
    }

    /// The choice that is remembered, or nil if there is none.
    ///
    /// - Throws: `TuningDamage` if the file cannot be used.
    public func read(_ key: TuningKey) throws(TuningDamage) -> ModelTuning? {
        guard let path = path(key) else { return nil }
        let file: MappedFile
        do {
            file = try MappedFile(path: path)
        } catch {
            if error.isMissing { return nil }
            throw TuningDamage(reason: "\(error)")
        }
        defer { withExtendedLifetime(file) {} }
        guard file.bytes.count <= Self.maximumBytes else {
            throw TuningDamage(reason: "it has \(file.bytes.count) bytes; such a file has at most \(Self.maximumBytes)")
        }
        return try ModelTuning(json: file.bytes, for: key)
    }

    /// Remembers a choice in the place of an older one, and returns the file's path.
    ///
    /// - Throws: `FileError`.
    @discardableResult
    public func write(_ tuning: ModelTuning, for key: TuningKey) throws(FileError) -> String {
        guard let path = path(key) else { throw FileError(.create, "$XDG_CACHE_HOME/vlmc", code: ENOENT) }
        try makeFolders(parentFolder(of: path))
        try writeAtomically(tuning.json(key), to: path)
        return path
    }

    private static let maximumBytes = 1_000_000
}

/// The kernels that a model runs on, and how they came to be chosen.
public struct ChosenKernels: Sendable {
    /// The kernel set.
    public let set: CPUKernelSet
    /// The products that are not read in the standard way.
    public let products: ProductTunings
    /// Whether this is a choice by measurement.
    public let isTuned: Bool

    /// The set that the environment variable `VLMC_CPU` names, with nothing tuned; without it what `tune` has
    /// remembered for this model on this machine; without that the best set for the processor.
    ///
    /// - Parameter onDamage: Is told of a remembered choice that cannot be used, and its path.
    /// - Throws: `UnusableKernelSet` if the variable names none that this CPU can run.
    public init(
        _ key: TuningKey,
        cacheFolder: String?,
        onDamage: (_ path: String, TuningDamage) -> Void
    ) throws(UnusableKernelSet) {
        let store = TuningStore(cacheFolder: cacheFolder)
        let standard = try CPUKernelSet.chosen()
        var tuning: ModelTuning?
        do throws(TuningDamage) {
            if !CPUKernelSet.isNamed { tuning = try store.read(key) }
        } catch {
            onDamage(store.path(key) ?? "", error)
        }
        if let tuning, let tuned = CPUKernelSet.named(tuning.kernels) {
            (set, products, isTuned) = (tuned, tuning.products, true)
        } else {
            (set, products, isTuned) = (standard, [:], false)
        }
    }
}
