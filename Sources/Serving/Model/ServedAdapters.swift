// The adapters of a server by name: those it was started with, and those that come and go while it runs.
// Not what they compute (ModelRuntime), and not HTTP (../Endpoints/Adapters.swift).

import Glibc
import ModelRuntime
import ServingEngine
import Synchronization

/// Adapters as requests see them.
final class ServedAdapters: Sendable {
    /// An adapter in the list of models.
    struct Listed: Sendable {
        let name: String
        let adapter: Adapter
        /// The name of the model that it belongs to.
        let parent: String
        /// When it was loaded, in seconds since 1970.
        let loadedAt: Int
    }

    private struct Details {
        let parent: String
        let loadedAt: Int
    }

    private let loaded: LoadedAdapters
    private let modelNames: [String]
    /// The folder below which adapters may be loaded while the server runs; nil if none may.
    private let updatesBelow: String?
    /// Reads adapters one at a time, so that memory is needed for one only, and no request waits for it.
    private let reader: WorkerThreads?
    /// What is told of adapters, by their identities.
    private let details: Mutex<[UInt64: Details]>

    /// The adapters of a model that was loaded with some of them.
    ///
    /// - Parameters:
    ///   - modelNames: The names of the model, which no adapter may have.
    ///   - parents: The names of the model that adapters belong to, where that is not the first.
    /// - Throws: `ThreadRefused`.
    init(
        _ loaded: LoadedAdapters,
        modelNames: [String],
        parents: [String: String] = [:],
        updatesBelow: String? = nil
    ) throws(ThreadRefused) {
        self.loaded = loaded
        self.modelNames = modelNames
        self.updatesBelow = updatesBelow
        reader = updatesBelow == nil ? nil : try WorkerThreads("adapters", count: 1)
        let now = WallClock.seconds
        var details: [UInt64: Details] = [:]
        for name in loaded.names {
            guard let adapter = loaded[name] else { continue }
            details[adapter.identity] = Details(parent: parents[name] ?? modelNames[0], loadedAt: now)
        }
        self.details = Mutex(details)
    }

    /// Adapters that may be loaded at a time.
    var maximumCount: Int { loaded.limits.count }

    /// The names, sorted.
    var names: [String] { loaded.names }

    /// The adapter of this name, which whoever asks keeps until it is done.
    subscript(name: String) -> NamedAdapter? { loaded[name].map { NamedAdapter(name: name, adapter: $0) } }

    /// What is told of the adapter of this name.
    func listed(_ name: String) -> Listed? {
        loaded[name].map { adapter in
            let known = details.withLock { $0[adapter.identity] }
            return Listed(
                name: name,
                adapter: adapter,
                parent: known?.parent ?? modelNames[0],
                loadedAt: known?.loadedAt ?? WallClock.seconds
            )
        }
    }

    // MARK: While the server runs

    /// Loads an adapter from a folder, on a thread for that alone.
    ///
    /// - Parameter replaces: Whether it may take the place of one with the same name.
    func load(_ name: String, from path: String, replaces: Bool) async throws {
        guard let reader, let updatesBelow else { throw Self.fixed }
        guard !name.isEmpty, name.utf8.count <= 1024 else {
            throw RequestError.invalid("'lora_name' must have 1 to 1024 bytes", param: "lora_name")
        }
        guard !modelNames.contains(name) else {
            throw RequestError.invalid("'\(name)' is a name of the model itself", param: "lora_name")
        }
        try await reader.run { [self] in
            // On this thread nothing else takes the name; reading would tell so, too, but later.
            if loaded[name] != nil, !replaces {
                throw RequestError.invalid(
                    "an adapter called '\(name)' is loaded already; 'load_inplace' replaces it",
                    param: "lora_name",
                    code: "adapter_exists"
                )
            }
            guard let folder = Self.folder(path, below: updatesBelow) else { throw RequestError.unknownAdapter(path) }
            let adapter: Adapter
            do throws(AdapterError) {
                adapter = try loaded.load(name, from: folder, replacing: replaces)
            } catch {
                throw RequestError(error, path: path)
            }
            let kept = Set(loaded.names.compactMap { loaded[$0]?.identity })
            details.withLock { details in
                details = details.filter { kept.contains($0.key) }
                details[adapter.identity] = Details(parent: modelNames[0], loadedAt: WallClock.seconds)
            }
        }
    }

    /// Takes an adapter's name away. Requests that use it go on with it.
    func unload(_ name: String) throws(RequestError) {
        guard updatesBelow != nil else { throw Self.fixed }
        guard loaded.unload(name) else {
            throw RequestError(
                .notFound,
                "no adapter is called '\(name)'",
                type: "not_found_error",
                param: "lora_name",
                code: "adapter_not_found"
            )
        }
    }

    /// The answer where adapters cannot be changed.
    static let fixed = RequestError(
        .notFound,
        "the adapters of this server are fixed; with --allow-runtime-lora-updating they come and go",
        type: "not_found_error",
        code: "adapters_fixed"
    )

    /// The real folder that a path leads to, if that is below `root`. Links are followed first, so that none leads out.
    private static func folder(_ path: String, below root: String) -> String? {
        guard let root = realPath(root), let real = realPath(path.hasPrefix("/") ? path : "\(root)/\(path)"),
            root == "/" || real == root || real.utf8.starts(with: "\(root)/".utf8)
        else { return nil }
        return real
    }

    private static func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}

extension RequestError {
    /// A folder without an adapter; the same where there is none and where nobody may know.
    static func unknownAdapter(_ path: String) -> RequestError {
        RequestError(
            .notFound,
            "there is no adapter at '\(path)' in the folder that this server may read",
            type: "not_found_error",
            param: "lora_path",
            code: "adapter_not_found"
        )
    }

    /// Why an adapter was not loaded.
    init(_ error: AdapterError, path: String) {
        switch error.problems.shown.first {
        case .tooMany: self = .invalid("\(error)", param: "lora_name", code: "too_many_adapters")
        case .memory: self.init(.serviceUnavailable, "\(error)", type: "unavailable_error", code: "memory")
        case .file(let problem) where problem.isMissing: self = .unknownAdapter(path)
        default: self = .invalid("\(error)", param: "lora_path", code: "invalid_adapter")
        }
    }
}
