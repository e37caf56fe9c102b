// The fields of `adapter_config.json`, one by one: what each may be, and what it means for answers.
// Not what is made of them: AdapterConfiguration.swift. The list is that of LoraConfig in peft@0.21.2:tuners/lora/config.py.

import Diagnostics
import JSONText

/// A reader of `adapter_config.json`.
struct AdapterFields {
    /// What is done with a field.
    private enum Meaning {
        /// It is read.
        case obeyed
        /// Answers do not depend on it.
        case withoutEffect
        /// It must be off (null, false or empty): otherwise the adapter is something else than is computed here.
        case refused(String)
    }

    private static let meanings: [String: Meaning] = [
        "peft_type": .obeyed, "r": .obeyed, "lora_alpha": .obeyed, "use_rslora": .obeyed, "rank_pattern": .obeyed,
        "alpha_pattern": .obeyed, "target_modules": .obeyed, "exclude_modules": .obeyed, "layers_to_transform": .obeyed,
        "layers_pattern": .obeyed, "bias": .obeyed, "init_lora_weights": .obeyed,
        // How the adapter was trained, for what and by whom.
        "task_type": .withoutEffect, "auto_mapping": .withoutEffect, "peft_version": .withoutEffect,
        "base_model_name_or_path": .withoutEffect, "revision": .withoutEffect, "inference_mode": .withoutEffect,
        "lora_dropout": .withoutEffect, "eva_config": .withoutEffect, "velora_config": .withoutEffect,
        // How base weights are stored that an adapter is merged into; nothing is merged here.
        "fan_in_fan_out": .withoutEffect,
        // Details of what other fields turn on.
        "loftq_config": .withoutEffect, "corda_config": .withoutEffect, "lora_ga_config": .withoutEffect,
        "qalora_group_size": .withoutEffect, "megatron_core": .withoutEffect,
        "use_dora": .refused("magnitudes of DoRA"), "lora_bias": .refused("biases of lora_B"),
        "use_qalora": .refused("pooled inputs of QA-LoRA"), "use_bdlora": .refused("block-diagonal matrices"),
        "modules_to_save": .refused("whole modules beside the low-rank matrices"),
        "trainable_token_indices": .refused("trained rows of the embedding"),
        "target_parameters": .refused("parameters that belong to no linear map"),
        "layer_replication": .refused("layers that repeat"), "megatron_config": .refused("layers of Megatron"),
        "alora_invocation_tokens": .refused("an adapter that begins in the middle of a prompt"),
        "arrow_config": .refused("routing between adapters"), "kasa_config": .refused("singular values of KaSA"),
        "monteclora_config": .refused("random samples of weights"),
        "ensure_weight_tying": .refused("adapters that embedding and head share"),
    ]

    /// Initialisations that leave the weights of the model as they are. The others subtract from them what the adapter
    /// begins with.
    private static let plainInitialisations = ["gaussian", "eva", "orthogonal", "mica"]

    /// The most bytes of a configuration.
    static let mostBytes = 4_000_000

    private let path: String
    private let document: JSONDocument
    private var members: [String: JSONMember] = [:]
    private(set) var problems = ProblemList<AdapterError.Problem>()
    private(set) var configuration = AdapterConfiguration()

    /// Reads `adapter_config.json` at `path`.
    ///
    /// - Throws: `AdapterError.Problem` if it is no JSON; whatever else is wrong is in `problems`.
    init(path: String) throws(AdapterError.Problem) {
        self.path = path
        let file: MappedFile
        do {
            file = try MappedFile(path: path, access: .copied)
        } catch {
            throw .file(error)
        }
        defer { withExtendedLifetime(file) {} }
        guard file.bytes.count <= Self.mostBytes else {
            throw .configurationTooLong(path: path, byteCount: file.bytes.count)
        }
        do {
            try file.load(0..<file.bytes.count)
        } catch {
            throw .file(error)
        }
        do {
            document = try JSONDocument(file.bytes)
        } catch {
            throw .configurationText(path: path, error)
        }
        guard let object = document.root.object else {
            throw .field(place: "\(path):1:1", "the configuration is no object")
        }
        for member in object { members[member.key] = member }
        for member in object { check(member) }
        readNumbers()
        readModules()
    }

    // MARK: Every field

    private mutating func report(_ member: JSONMember, _ problem: String) {
        problems.append(.field(place: "\(path):\(document.position(of: member.keyOffset))", problem))
    }

    private mutating func check(_ member: JSONMember) {
        switch Self.meanings[member.key] {
        case .obeyed, .withoutEffect: break
        case .refused(let what):
            if !member.value.isOff { report(member, "`\(member.key)` asks for \(what), which is not computed here") }
        case nil:
            guard !member.value.isOff else { return }
            let near = nearestName(to: member.key, among: Self.meanings.keys.sorted())
            report(member, "`\(member.key)` is not known" + (near.map { "; did you mean `\($0)`?" } ?? ""))
        }
    }

    private mutating func readNumbers() {
        if let member = members["peft_type"] {
            if member.value.string != "LORA" { report(member, "`peft_type` is \(member.value.shown); LORA is right") }
        } else {
            problems.append(.field(place: "\(path):1:1", "`peft_type` is missing; LORA is right"))
        }
        if let member = members["bias"], !member.value.isOff, member.value.string != "none" {
            report(member, "`bias` is \(member.value.shown); only \"none\" is computed here")
        }
        if let member = members["init_lora_weights"], member.value.boolean == nil, !member.value.isNull,
            !Self.plainInitialisations.contains(member.value.string ?? "")
        {
            report(
                member,
                "`init_lora_weights` is \(member.value.shown), which changes the weights of the model as well; "
                    + "PEFT's `path_initial_model_for_weight_conversion` saves such an adapter as a plain one"
            )
        }
        if let member = members["use_rslora"] {
            if let value = member.value.boolean {
                configuration.isRankStabilized = value
            } else {
                report(member, "`use_rslora` is \(member.value.shown); true or false is right")
            }
        }
        if let member = members["r"] { configuration.rank = rank(member) ?? 8 }
        if let member = members["lora_alpha"] { configuration.alpha = number(member) ?? 8 }
        configuration.ranks = exceptions("rank_pattern") { $0.rank($1) }
        configuration.alphas = exceptions("alpha_pattern") { $0.number($1) }
    }

    private mutating func rank(_ member: JSONMember) -> Int? {
        if let value = member.value.integer, AdapterLimits.ranks.contains(value) { return value }
        let ranks = AdapterLimits.ranks
        report(
            member,
            "`\(member.key)` is \(member.value.shown); a rank of \(ranks.lowerBound) to \(ranks.upperBound) is right"
        )
        return nil
    }

    private mutating func number(_ member: JSONMember) -> Double? {
        if let value = member.value.double { return value }
        report(member, "`\(member.key)` is \(member.value.shown); a number is right")
        return nil
    }

    private mutating func exceptions<Value>(
        _ field: String,
        _ read: (inout AdapterFields, JSONMember) -> Value?
    ) -> [AdapterConfiguration.Exception<Value>] {
        guard let member = members[field], !member.value.isNull else { return [] }
        guard let object = member.value.object else {
            report(member, "`\(field)` is \(member.value.shown); an object is right")
            return []
        }
        var exceptions: [AdapterConfiguration.Exception<Value>] = []
        for member in object {
            guard let value = read(&self, member) else { continue }
            if member.key.utf8.allSatisfy({ $0.isNameByte }) {
                exceptions.append(.init(key: .plain(Array(member.key.utf8)), value: value))
                continue
            }
            do {
                exceptions.append(.init(key: .pattern(try ModulePattern(lastPartsOf: member.key)), value: value))
            } catch {
                report(member, "the pattern `\(error.pattern)` \(error.problem)")
            }
        }
        return exceptions
    }

    // MARK: Modules

    private mutating func readModules() {
        configuration.targets = modules("target_modules")
        configuration.excluded = modules("exclude_modules")
        guard let member = members["layers_to_transform"], !member.value.isNull else { return }
        let values = member.value.array ?? [member.value]
        let numbers = values.compactMap(\.integer).filter { $0 >= 0 }
        guard numbers.count == values.count else {
            report(member, "`layers_to_transform` is \(member.value.shown); numbers of layers are right")
            return
        }
        let lists = members["layers_pattern"].flatMap { names($0) } ?? []
        for name in lists where !name.utf8.allSatisfy({ $0.isNameByte }) {
            report(member, "`layers_pattern` has \(name.debugDescription); the plain name of a list is right")
        }
        if !numbers.isEmpty { configuration.layers = .init(numbers: Set(numbers), lists: lists) }
    }

    private mutating func modules(_ field: String) -> AdapterConfiguration.Modules? {
        guard let member = members[field], !member.value.isOff else { return nil }
        if let text = member.value.string {
            if text.lowercased() == "all-linear" { return .allLinear }
            do {
                return .matching(try ModulePattern(whole: text))
            } catch {
                report(member, "the pattern `\(error.pattern)` \(error.problem)")
                return nil
            }
        }
        guard let names = names(member) else {
            report(member, "`\(field)` is \(member.value.shown); names of modules or a pattern are right")
            return nil
        }
        return .named(Set(names))
    }

    /// One name or several; nil for anything else.
    private func names(_ member: JSONMember) -> [String]? {
        if let one = member.value.string { return one.isEmpty ? [] : [one] }
        guard let array = member.value.array else { return nil }
        let names = array.compactMap(\.string)
        return names.count == array.count ? names : nil
    }
}

extension UInt8 {
    /// Whether the byte stands for itself in a pattern of modules, as full stops do in effect.
    fileprivate var isNameByte: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}

extension JSONValue {
    /// Whether a feature that the value stands for is not used.
    fileprivate var isOff: Bool {
        switch content {
        case .null, .boolean(false): true
        case .string(let text): text.isEmpty
        case .array(let elements): elements.isEmpty
        case .object(let members): members.isEmpty
        case .boolean(true), .number: false
        }
    }

    /// The value as it is shown to the user.
    fileprivate var shown: String {
        switch content {
        case .null: "null"
        case .boolean(let value): String(value)
        case .number(let number): number.literal
        case .string(let text): text.count <= 80 ? text.debugDescription : "a long string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}
