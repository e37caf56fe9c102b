// The options of `serve` about adapters, under vLLM's names. What they mean for a loaded model: ../Model/ServedAdapters.swift.

import ArgumentParser
import Generation
import JSONText
import ModelRuntime

/// Which adapters are served.
struct AdapterArguments: ParsableArguments {
    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "LoRA adapters that requests may name as their model: NAME=DIR, or "
                + #"{"name": ..., "path": ..., "base_model_name": ...}."#,
            valueName: "adapter"
        )
    )
    var loraModules: [AdapterModule] = []

    @Flag(inversion: .prefixedNo, help: "Whether adapters are served; what names one turns it on.")
    var enableLora: Bool?

    @Option(
        parsing: .unconditional,
        help: "Adapters that may be loaded at a time; their memory is planned for. Without, those named and at least 4."
    )
    var maxLoras: Int?

    @Option(
        parsing: .unconditional,
        help: "The greatest rank of an adapter; without, 16 or that of the adapters named."
    )
    var maxLoraRank: Int?

    @Flag(help: "Lets adapters be loaded and unloaded while the server runs.")
    var allowRuntimeLoraUpdating = false

    @Option(
        help: ArgumentHelp("The folder below which such adapters lie; / for any that can be read.", valueName: "dir")
    )
    var allowedLoraPath: String?

    func validate() throws {
        func check(_ name: String, _ value: Int?, _ range: ClosedRange<Int>) throws {
            guard let value, !range.contains(value) else { return }
            throw ValidationError("--\(name) is \(value); allowed: \(range.lowerBound) to \(range.upperBound).")
        }
        try check("max-loras", maxLoras, AdapterLimits.counts)
        try check("max-lora-rank", maxLoraRank, AdapterLimits.ranks)
        if enableLora == false, !loraModules.isEmpty || allowRuntimeLoraUpdating {
            throw ValidationError(
                "--no-enable-lora does not go with "
                    + (loraModules.isEmpty ? "--allow-runtime-lora-updating." : "--lora-modules.")
            )
        }
        guard allowRuntimeLoraUpdating == (allowedLoraPath != nil) else {
            throw ValidationError("--allow-runtime-lora-updating and --allowed-lora-path belong together.")
        }
        if let maxLoras, loraModules.count > maxLoras {
            throw ValidationError("--max-loras is \(maxLoras), but --lora-modules names \(loraModules.count).")
        }
        guard loraModules.count <= AdapterLimits.counts.upperBound else {
            throw ValidationError("--lora-modules names more than \(AdapterLimits.counts.upperBound) adapters.")
        }
        var names: Set<String> = []
        for module in loraModules where !names.insert(module.name).inserted {
            throw ValidationError("--lora-modules names \(module.name.debugDescription) twice.")
        }
    }

    /// Refuses adapters that go with none of the names of the model, or have one of them.
    func check(modelNames: [String]) throws {
        for module in loraModules {
            if modelNames.contains(module.name) {
                throw ValidationError("--lora-modules: \(module.name.debugDescription) is a name of the model.")
            }
            if let base = module.baseModelName, !modelNames.contains(base) {
                throw ValidationError(
                    "--lora-modules: the model of \(module.name.debugDescription) is \(base.debugDescription); "
                        + "this server has \(modelNames.joined(separator: ", "))."
                )
            }
        }
    }

    /// The room that is planned for adapters. Who may load none while the server runs has as many as are named.
    ///
    /// - Throws: `AdapterError` if the rank of an adapter cannot be read.
    func limits() throws(AdapterError) -> AdapterLimits {
        let count = allowRuntimeLoraUpdating ? maxLoras ?? max(loraModules.count, 4) : loraModules.count
        guard count > 0 else { return .none }
        var rank = maxLoraRank ?? 16
        if maxLoraRank == nil {
            for module in loraModules { rank = max(rank, try AdapterFiles(folder: module.path).rank) }
        }
        // An impossible rank is refused by name when the adapter is loaded.
        return AdapterLimits(
            count: count,
            rank: min(rank, AdapterLimits.ranks.upperBound),
            spareCount: allowRuntimeLoraUpdating ? 1 : 0
        )
    }
}

/// An adapter as the command line names it.
struct AdapterModule: ExpressibleByArgument, Sendable, Equatable {
    let name: String
    let path: String
    /// The name of the model that it belongs to; nil for the first.
    let baseModelName: String?

    init?(argument: String) {
        if argument.hasPrefix("{") {
            guard let root = try? JSONDocument(Array(argument.utf8)).root, let members = root.object,
                members.allSatisfy({ ["name", "path", "base_model_name"].contains($0.key) }),
                let name = root["name"]?.string, let path = root["path"]?.string
            else { return nil }
            let base = root["base_model_name"]
            guard base == nil || base?.isNull == true || base?.string != nil else { return nil }
            (self.name, self.path, baseModelName) = (name, path, base?.string)
        } else {
            guard let equals = argument.firstIndex(of: "=") else { return nil }
            (name, path) = (String(argument[..<equals]), String(argument[argument.index(after: equals)...]))
            baseModelName = nil
        }
        guard !name.isEmpty, !path.isEmpty else { return nil }
    }
}
