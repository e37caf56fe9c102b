// Finds packed weights that fit the checkpoint, or packs them: what is looked at, in which order, and where they go.
// Not the packing (WeightPacker.swift) and not the checks of a header (PackedHeader.swift).

extension PackedWeights {
    /// Opens the packed weights of a checkpoint.
    ///
    /// They are looked for in `<checkpoint>/.vlmc`, then in `$XDG_CACHE_HOME/vlmc` (or `~/.cache/vlmc`); or only in
    /// `cacheFolder`, if given. A file found there is used if it is whole and of this checkpoint. Whether it is, is
    /// checked in full once; afterwards it is enough that neither it nor the checkpoint's files have changed on disk.
    /// Otherwise the weights are packed into the first of the folders that can be written, by one process at a time, and
    /// what older versions packed there of the same checkpoint in the same formats is removed.
    ///
    /// - Throws: `PackingError`; nothing half-written stays behind.
    public static func open(
        _ weights: MatchedWeights,
        cacheFolder: String? = nil,
        pool: ThreadPool,
        kernels: CPUKernelSet = .best,
        callbacks: PackingCallbacks = PackingCallbacks()
    ) throws(PackingError) -> PackedWeights {
        let layout = PackedLayout(weights, indexCount: PackedIndex(weights).numbers.count)
        let packer = WeightPacker(weights: weights, layout: layout, pool: pool, kernels: kernels, callbacks: callbacks)
        return try WeightCache(packer, cacheFolder: cacheFolder).open()
    }
}

/// The places where the packed weights of one checkpoint may be, and what is done there.
private struct WeightCache {
    private let weights: MatchedWeights
    private let layout: PackedLayout
    private let packer: WeightPacker
    private let callbacks: PackingCallbacks
    /// Where packed weights may be, the preferred place first.
    private let paths: [String]

    init(_ packer: WeightPacker, cacheFolder: String?) {
        self.packer = packer
        weights = packer.weights
        layout = packer.layout
        callbacks = packer.callbacks
        paths = Self.paths(for: weights.checkpoint, key: layout.key, cacheFolder: cacheFolder)
    }

    /// A folder of several checkpoints tells them apart by the place of the checkpoint; what the files hold is compared
    /// later.
    private static func paths(for checkpoint: Checkpoint, key: UInt64, cacheFolder: String?) -> [String] {
        let place = Array(resolvedPath(checkpoint.path).utf8).withUnsafeBytes { xxHash64($0) }
        let sharedName = PackedFile.name(key: key, place: place)
        if let cacheFolder { return [joinedPath(cacheFolder, sharedName)] }
        var paths = [joinedPath(joinedPath(checkpoint.folder, ".vlmc"), PackedFile.name(key: key))]
        if let cache = userCacheFolder() { paths.append(joinedPath(cache, sharedName)) }
        return paths
    }

    func open() throws(PackingError) -> PackedWeights {
        let seen = paths.map { try? FileIdentity(path: $0) }
        for path in paths {
            if let found = try usable(path) { return found }
        }
        var refusals: [FileError] = []
        for (path, seen) in zip(paths, seen) {
            if let refused = refusals.last {
                callbacks.onEvent(.notice(.otherFolder(refused: refused, used: parentFolder(of: path))))
            }
            do {
                return try pack(path, unless: seen)
            } catch {
                // Some network file systems know no locks.
                guard case .file(let refused) = error, refused.isWriteRefused || refused.operation == .lock else {
                    throw error
                }
                refusals.append(refused)
            }
        }
        throw .noWritableFolder(refusals)
    }

    // MARK: Using what is there

    /// The packed weights at `path` if they are whole and of this checkpoint, or nil.
    private func usable(_ path: String) throws(PackingError) -> PackedWeights? {
        let file: MappedFile
        do {
            file = try MappedFile(path: path, access: .resident)
        } catch {
            if error.isMissing || error.isWriteRefused { return nil }
            throw .file(error)
        }
        defer { withExtendedLifetime(file) {} }
        let index: PackedIndex
        do throws(PackedFileDamage) {
            let indexCount = PackedIndex(weights).numbers.count
            index = PackedIndex(
                weights,
                numbers: try PackedHeader.read(file.bytes, layout: layout, indexCount: indexCount).index
            )
        } catch {
            callbacks.onEvent(.notice(.damaged(path: path, error)))
            return nil
        }
        let current = VerificationStamp(packed: file.identity, checkpoint: weights.checkpoint)
        let known = VerificationStamp(path: PackedFile(path: path).stampPath)
        if known?.packed != current.packed, let damage = try damage(in: file, index) {
            callbacks.onEvent(.notice(.damaged(path: path, damage)))
            return nil
        }
        if known != current {
            // A packed file that changed may come from elsewhere, so the checkpoint is compared then, too.
            guard try isPackedFromCheckpoint(index) else {
                callbacks.onEvent(.notice(.checkpointChanged(path: path)))
                return nil
            }
            keep(current, path)
        }
        reportWeights(index)
        return PackedWeights(file, layout: layout, index: index, manifest: weights.manifest)
    }

    private func damage(in file: MappedFile, _ index: PackedIndex) throws(PackingError) -> PackedFileDamage? {
        var doneBytes = 0
        let totalBytes = layout.items.reduce(0) { $0 + $1.byteCount }
        for (item, checksum) in zip(layout.items, index.checksums) {
            guard try packer.checksum(of: item, in: file.bytes) == checksum else { return .payload(entry: item.path) }
            doneBytes += item.byteCount
            callbacks.onEvent(.progress(.verifying, doneBytes: doneBytes, totalBytes: totalBytes))
        }
        return nil
    }

    /// Whether the checkpoint's tensors have the contents that were packed.
    private func isPackedFromCheckpoint(_ index: PackedIndex) throws(PackingError) -> Bool {
        var doneBytes = 0
        let totalBytes = weights.tensors.reduce(0) { $0 + $1.bytes.count }
        for (tensor, hash) in zip(weights.tensors, index.tensorHashes) {
            guard try packer.contentHash(of: tensor) == hash else { return false }
            doneBytes += tensor.bytes.count
            callbacks.onEvent(.progress(.comparing, doneBytes: doneBytes, totalBytes: totalBytes))
        }
        return true
    }

    // MARK: Packing

    /// Packs the weights, unless another process has done so since the file was `seen`.
    private func pack(_ path: String, unless seen: FileIdentity?) throws(PackingError) -> PackedWeights {
        try attempt { () throws(FileError) in try makeFolders(parentFolder(of: path)) }
        let lock = try lock(path)
        defer { withExtendedLifetime(lock) {} }
        if let current = try? FileIdentity(path: path), current != seen, let found = try usable(path) { return found }

        let output = try attempt { () throws(FileError) in
            try PartialFile(replacing: path, partialPath: PackedFile(path: path).partialPath)
        }
        defer { output.discard() }
        let index = try packer.pack(into: output)
        let file = try attempt { () throws(FileError) in
            try output.commit()
            return try MappedFile(path: path, access: .resident)
        }
        keep(VerificationStamp(packed: file.identity, checkpoint: weights.checkpoint), path)
        for removed in PackedFile(path: path).removeSuperseded(family: layout.family) {
            callbacks.onEvent(.notice(.superseded(path: removed)))
        }
        reportWeights(index)
        return PackedWeights(file, layout: layout, index: index, manifest: weights.manifest)
    }

    private func lock(_ path: String) throws(PackingError) -> FileLock {
        try attempt { () throws(FileError) in
            try FileLock(path: PackedFile(path: path).lockPath) {
                callbacks.onEvent(.notice(.waiting(path: path)))
            } isCancelled: {
                callbacks.isCancelled()
            }
        }
    }

    private func attempt<Value>(_ body: () throws(FileError) -> Value) throws(PackingError) -> Value {
        do {
            return try body()
        } catch {
            throw PackingError(error, neededBytes: layout.totalBytes)
        }
    }

    /// Remembers what has been checked. Without that, the next start checks again.
    private func keep(_ stamp: VerificationStamp, _ path: String) {
        do {
            try stamp.write(to: PackedFile(path: path).stampPath)
        } catch {
            callbacks.onEvent(.notice(.checksNotKept(error)))
        }
    }

    /// Warns of weights that were packed all the same.
    private func reportWeights(_ index: PackedIndex) {
        for (tensor, count) in zip(weights.tensors, index.nonFiniteCounts) where count > 0 {
            callbacks.onEvent(.notice(.nonFinite(tensor: tensor.entry.name, count: Int(clamping: count))))
        }
        for (tied, differs) in zip(weights.tiedCopies, index.tiedDifferences) where differs != 0 {
            callbacks.onEvent(.notice(.tiedTensorDiffers(tensor: tied.name, from: tied.original.entry.name)))
        }
    }
}
