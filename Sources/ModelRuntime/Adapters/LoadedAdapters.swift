// The adapters of a running model, by name: loaded and unloaded while sequences use them.
// Not the model: nothing of it changes. Which sequence uses which is said in its rows (SequenceRows.adapter).

import Synchronization

/// Adapters by name, for one model. Any thread may use it.
///
/// An adapter that is unloaded is gone by its name at once; its memory goes when the last sequence that uses it ends, and
/// counts until then.
public final class LoadedAdapters: Sendable {
    /// How many there may be, and how large.
    public let limits: AdapterLimits
    private let weights: WeightManifest
    private let kernels: CPUKernelSet
    private let state = Mutex(State())

    private struct State {
        var byName: [String: Adapter] = [:]
        /// Names whose adapters are being read.
        var reading: Set<String> = []
        /// All that may be in memory.
        var all: [Living] = []

        /// Forgets what is no longer in memory, and counts the rest.
        mutating func count() -> Int {
            all.removeAll { $0.adapter == nil }
            return all.count + reading.count
        }

        /// Names that are taken, or will be.
        var nameCount: Int { byName.count + reading.count { byName[$0] == nil } }
    }

    /// An adapter as long as anybody holds it.
    private struct Living {
        weak var adapter: Adapter?
    }

    /// No adapters so far.
    ///
    /// - Parameter weights: Those of the model; their formats make no difference.
    public init(for weights: WeightManifest, limits: AdapterLimits, kernels: CPUKernelSet = .best) {
        self.weights = weights
        self.limits = limits
        self.kernels = kernels
    }

    /// The names, sorted.
    public var names: [String] { state.withLock { $0.byName.keys.sorted() } }

    /// The adapter of this name; nil if there is none.
    public subscript(name: String) -> Adapter? { state.withLock { $0.byName[name] } }

    /// Reads the adapter in a folder and gives it a name.
    ///
    /// - Parameter replacing: Whether it may take the name of another, which then goes as if it were unloaded.
    /// - Throws: `AdapterError`, also if the name is taken or all places are; what is loaded stays as it is.
    @discardableResult
    public func load(
        _ name: String,
        from folder: String,
        replacing: Bool = false
    ) throws(AdapterError) -> Adapter {
        let problem: AdapterError.Problem? = state.withLock { state in
            let isNew = state.byName[name] == nil
            if state.reading.contains(name) || !(isNew || replacing) { return .nameTaken(name) }
            if isNew, state.nameCount >= limits.count { return .tooMany(allowed: limits.count) }
            if state.count() >= limits.placeCount { return .tooMany(allowed: limits.placeCount) }
            state.reading.insert(name)
            return nil
        }
        if let problem { throw AdapterError(path: folder, problem) }
        do {
            let adapter = try Adapter(folder: folder, for: weights, mostRank: limits.rank, kernels: kernels)
            state.withLock { state in
                state.reading.remove(name)
                state.byName[name] = adapter
                state.all.append(Living(adapter: adapter))
            }
            return adapter
        } catch {
            state.withLock { state in _ = state.reading.remove(name) }
            throw error
        }
    }

    /// Takes away the name of an adapter, and its memory as soon as nobody uses it; false if there is no such name.
    @discardableResult
    public func unload(_ name: String) -> Bool { state.withLock { $0.byName.removeValue(forKey: name) != nil } }
}
