// The tensors of `adapter_model.safetensors` by the modules that they belong to: two halves each.
// Not what the halves must look like for a model: AdapterMatching.swift.

/// The tensors of an adapter.
struct AdapterTensors {
    /// The two factors of a low-rank map, as far as they are there.
    struct Halves {
        var down: TensorEntry?
        var up: TensorEntry?
    }

    /// The file, which tensors are views into.
    let file: SafetensorsFile
    /// The halves by the paths of modules, such as `model.layers.0.self_attn.q_proj`, sorted by them.
    private(set) var modules: [(path: String, halves: Halves)] = []
    /// Tensors that are something else.
    private(set) var problems = ProblemList<AdapterError.Problem>()

    /// What PEFT puts before the name that a module has in the model.
    static let prefix = "base_model.model."
    /// The endings of the two halves.
    static let downEnding = ".lora_A.weight"
    static let upEnding = ".lora_B.weight"

    /// What other tensors are, by a part of their names.
    private static let otherKinds = [
        (".lora_embedding_", "a low-rank map of an embedding"), (".lora_magnitude_vector", "a magnitude of DoRA"),
        (".lora_B.bias", "a bias of lora_B"), (".lora_A.", "no weight of lora_A"), (".lora_B.", "no weight of lora_B"),
        (".bias", "a bias"), (".token_adapter.", "trained rows of an embedding"),
    ]

    /// Sorts the tensors of a file.
    init(_ file: SafetensorsFile) {
        self.file = file
        var byPath: [String: Halves] = [:]
        for tensor in file.tensors {
            guard tensor.name.hasPrefix(Self.prefix) else {
                problems.append(.tensor(name: tensor.name, .otherKind("not called \(Self.prefix)<module>…")))
                continue
            }
            let rest = tensor.name.dropFirst(Self.prefix.count)
            if rest.hasSuffix(Self.downEnding) {
                byPath[String(rest.dropLast(Self.downEnding.count)), default: Halves()].down = tensor
            } else if rest.hasSuffix(Self.upEnding) {
                byPath[String(rest.dropLast(Self.upEnding.count)), default: Halves()].up = tensor
            } else {
                let kind = Self.otherKinds.first { tensor.name.contains($0.0) }?.1
                problems.append(.tensor(name: tensor.name, .otherKind(kind ?? "a tensor of a whole module")))
            }
        }
        modules = byPath.map { ($0.key, $0.value) }.sorted { $0.path < $1.path }
    }

    /// The greatest rank of all halves, by their shapes; 0 if there are none.
    var rank: Int { modules.compactMap { $0.halves.down?.shape.first }.max() ?? 0 }
}
