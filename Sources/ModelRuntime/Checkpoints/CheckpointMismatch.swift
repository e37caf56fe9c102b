// Everything in which a checkpoint differs from what a model needs, in one error.
// Layers that differ in the same way share a line: model.layers.{0...35}.mlp.up_proj.weight.

import Diagnostics
import TensorTypes

/// A checkpoint that is not one of the model.
public struct CheckpointMismatch: Error, Sendable, Hashable {
    /// A tensor that is there and should not be, or the other way round.
    public struct Absence: Sendable, Hashable {
        /// The tensor.
        public let name: String
        /// Its shape.
        public let shape: [Int]
    }

    /// A tensor of another shape than the model needs.
    public struct Misshape: Sendable, Hashable {
        /// The tensor, as the checkpoint calls it.
        public let name: String
        /// Its shape in the checkpoint.
        public let found: [Int]
        /// The shape that the model needs.
        public let expected: [Int]
    }

    /// A tensor whose elements are no floating-point numbers.
    public struct WrongType: Sendable, Hashable {
        /// The tensor, as the checkpoint calls it.
        public let name: String
        /// The type of its elements.
        public let found: ElementType
    }

    /// Two tensors that would both be the same tensor of the model.
    public struct Ambiguity: Sendable, Hashable {
        /// The model's name.
        public let name: String
        /// The checkpoint's names.
        public let found: [String]
    }

    /// The checkpoint.
    public let path: String
    /// Tensors that the model needs and the checkpoint lacks.
    public internal(set) var missing: [Absence] = []
    /// Tensors that the checkpoint has and the model does not read.
    public internal(set) var surplus: [Absence] = []
    /// Tensors of another shape.
    public internal(set) var misshaped: [Misshape] = []
    /// Tensors of a type that weights cannot have.
    public internal(set) var wrongType: [WrongType] = []
    /// Quantised matrices that cannot be read.
    public internal(set) var unreadable: [UnreadableQuantization] = []
    /// Names that stand for two tensors.
    public internal(set) var ambiguous: [Ambiguity] = []
    /// For patterns of missing names (the layer as `*`), the nearest pattern of a surplus name.
    private(set) var hints: [String: String] = [:]

    init(path: String) { self.path = path }

    /// Whether anything differs.
    var hasProblems: Bool {
        !(missing.isEmpty && surplus.isEmpty && misshaped.isEmpty && wrongType.isEmpty && unreadable.isEmpty
            && ambiguous.isEmpty)
    }

    /// The most patterns that are compared with each other.
    private static let comparedPatterns = 64

    /// The same with guesses which surplus tensor was meant by a missing one.
    func withHints() -> CheckpointMismatch {
        var result = self
        let candidates = distinctPatterns(of: surplus)
        for pattern in distinctPatterns(of: missing) {
            result.hints[pattern] = Self.hint(for: pattern, among: candidates)
        }
        return result
    }

    /// The candidate that has another prefix only, or that differs in one part by a few letters.
    ///
    /// Names of tensors have long parts in common, so whole names are always near one another.
    private static func hint(for name: String, among candidates: [String]) -> String? {
        if let other = candidates.first(where: { $0.hasSuffix("." + name) || name.hasSuffix("." + $0) }) {
            return other
        }
        let parts = name.split(separator: ".")
        return candidates.first { candidate in
            let others = candidate.split(separator: ".").map(String.init)
            guard others.count == parts.count else { return false }
            let differing = parts.indices.filter { others[$0] != parts[$0] }
            guard differing.count == 1, let index = differing.first else { return false }
            return nearestName(to: parts[index], among: [others[index]]) != nil
        }
    }

    private func distinctPatterns(of tensors: [Absence]) -> [String] {
        var patterns: [String] = []
        var seen: Set<String> = []
        for tensor in tensors where patterns.count < Self.comparedPatterns {
            let pattern = NumberedName(tensor.name).pattern
            if seen.insert(pattern).inserted { patterns.append(pattern) }
        }
        return patterns
    }
}

extension CheckpointMismatch: CustomStringConvertible {
    /// A line for each way in which tensors differ.
    public var description: String {
        var lines = ["\(path): the checkpoint does not fit the model"]
        func add(_ names: [(name: String, note: String)], _ kind: String) {
            for group in NumberedName.groups(names) { lines.append("  \(kind): \(group)") }
        }
        add(
            missing.map { tensor in
                let hint = hints[NumberedName(tensor.name).pattern].map { "; did you mean \($0)?" } ?? ""
                return (tensor.name, "\(tensor.shape)\(hint)")
            },
            "missing"
        )
        add(surplus.map { ($0.name, "\($0.shape)") }, "surplus")
        add(misshaped.map { ($0.name, "\($0.found), but the model needs \($0.expected)") }, "wrong shape")
        add(
            wrongType.map { ($0.name, "\($0.found.safetensorsName), but weights are F64, F32, F16 or BF16") },
            "wrong type"
        )
        add(unreadable.map { ($0.name, $0.problem) }, "quantised")
        add(ambiguous.map { ($0.name, "both \($0.found.joined(separator: " and "))") }, "ambiguous")
        return lines.joined(separator: "\n")
    }
}
