// What `adapter_config.json` says: rank, scale and modules of a LoRA adapter, as PEFT 0.21 writes them.
// Each field is obeyed, without effect on answers, or refused by name: AdapterFields.swift. Not tensors: AdapterTensors.swift.

/// The configuration of an adapter, as far as answers depend on it.
struct AdapterConfiguration: Sendable {
    /// Modules by name or by pattern.
    enum Modules: Sendable {
        /// All that end with one of these names, whole parts of their paths.
        case named(Set<String>)
        /// All whose whole path matches.
        case matching(ModulePattern)
        /// Every linear map but the head.
        case allLinear

        func contains(_ path: String, _ budget: inout ModulePattern.Budget) -> Bool? {
            switch self {
            case .named(let names): path.lastParts.contains { names.contains(String($0)) }
            case .matching(let pattern): pattern.matches(path, &budget)
            case .allLinear: !path.lastParts.contains("lm_head")
            }
        }
    }

    /// A value for modules whose last parts match a pattern.
    struct Exception<Value: Sendable>: Sendable {
        /// What the last parts of a path must be.
        enum Key: Sendable {
            /// A plain name, whose full stops stand for any character, as they do in patterns.
            case plain([UInt8])
            case pattern(ModulePattern)
        }

        let key: Key
        let value: Value

        func applies(to path: String, _ budget: inout ModulePattern.Budget) -> Bool? {
            switch key {
            case .pattern(let pattern): return pattern.matches(path, &budget)
            case .plain(let name):
                budget.steps -= 1
                guard budget.steps > 0 else { return nil }
                let rest = path.utf8.count - name.count
                guard rest >= 0, rest == 0 || path.utf8.dropFirst(rest - 1).first == UInt8(ascii: ".") else {
                    return false
                }
                return zip(name, path.utf8.dropFirst(rest)).allSatisfy { $0 == $1 || $0 == UInt8(ascii: ".") }
            }
        }
    }

    /// Layers by number.
    struct Layers: Sendable {
        let numbers: Set<Int>
        /// The names of the lists that the numbers count in; empty for any.
        let lists: [String]
    }

    var rank = 8
    var alpha = 8.0
    var isRankStabilized = false
    var ranks: [Exception<Int>] = []
    var alphas: [Exception<Double>] = []
    /// The modules that are adapted; nil if the file leaves it to the tensors.
    var targets: Modules?
    var excluded: Modules?
    var layers: Layers?

    /// What a module is given.
    struct Module: Sendable, Equatable {
        let rank: Int
        /// What the product of both matrices is multiplied by.
        let scale: Double
        /// Whether the file means the module at all.
        let isTargeted: Bool
    }

    /// What the module at `path` is given; nil if the patterns take too long.
    func module(at path: String, _ budget: inout ModulePattern.Budget) -> Module? {
        guard let rank = value(of: ranks, at: path, otherwise: rank, &budget),
            let alpha = value(of: alphas, at: path, otherwise: alpha, &budget),
            let isTargeted = isTargeted(path, &budget)
        else { return nil }
        let divisor = isRankStabilized ? Double(rank).squareRoot() : Double(rank)
        return Module(rank: rank, scale: alpha / divisor, isTargeted: isTargeted)
    }

    private func value<Value>(
        of exceptions: [Exception<Value>],
        at path: String,
        otherwise standard: Value,
        _ budget: inout ModulePattern.Budget
    ) -> Value? {
        for exception in exceptions {
            guard let applies = exception.applies(to: path, &budget) else { return nil }
            if applies { return exception.value }
        }
        return standard
    }

    private func isTargeted(_ path: String, _ budget: inout ModulePattern.Budget) -> Bool? {
        if let excluded {
            guard let isExcluded = excluded.contains(path, &budget) else { return nil }
            if isExcluded { return false }
        }
        guard let targets else { return true }
        guard let isTarget = targets.contains(path, &budget) else { return nil }
        // A module that is named in full is meant whatever its layer.
        if case .named(let names) = targets, names.contains(path) { return true }
        guard isTarget, let layers else { return isTarget }
        return layers.contain(path)
    }
}

extension AdapterConfiguration.Layers {
    /// Whether the first number after a list's name is one of these.
    func contain(_ path: String) -> Bool {
        let parts = path.split(separator: ".", omittingEmptySubsequences: false)
        for index in parts.indices.dropFirst().dropLast() {
            let list = parts[index - 1]
            guard lists.isEmpty ? index >= 2 : lists.contains(String(list)), let number = Int(parts[index]),
                parts[index].utf8.allSatisfy({ (0x30...0x39).contains($0) })
            else { continue }
            return numbers.contains(number)
        }
        return false
    }
}

extension String {
    /// A path and what is left of it when parts are taken from its beginning, one after the other.
    fileprivate var lastParts: [Substring] {
        [self[...]] + utf8.indices.filter { utf8[$0] == UInt8(ascii: ".") }.map { self[utf8.index(after: $0)...] }
    }
}
