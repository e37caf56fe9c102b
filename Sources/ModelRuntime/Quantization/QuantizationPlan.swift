// Which tensors of a checkpoint become integers and which stay, and the files that this makes.
// Not the work: CheckpointQuantizer.swift.

import JSONText
import TensorTypes

/// What a quantised checkpoint is going to hold.
struct QuantizationPlan {
    /// A matrix that becomes integers.
    struct Matrix {
        let source: Checkpoint.Tensor
        /// The entry of the manifest that it is part of.
        let path: String
        let weightClass: WeightClass
        let outputs: Int
        let inputs: Int
    }

    /// A tensor of the written files.
    enum Content {
        /// As it is.
        case copy(Checkpoint.Tensor)
        /// One part of a matrix.
        case part(TensorEncoding.Part, ofMatrix: Int, index: Int)
    }

    /// A written file.
    struct File {
        let name: String
        var contents: [(name: String, content: Content)] = []
    }

    /// Where a tensor belongs in the model.
    private struct Place {
        let path: String
        let weightClass: WeightClass
    }

    let encoding: TensorEncoding
    private let renamed: [String: String]
    private(set) var matrices: [Matrix] = []
    private(set) var files: [File] = []
    /// Matrices of the chosen classes that stay as they are, and why.
    private(set) var kept: [QuantizedCheckpoint.Kept] = []
    /// Matrices that stay as they are, for readers that would look for integers otherwise.
    private(set) var unconvertedModules: [String] = []

    /// Plans the quantisation of the matrices of `classes`.
    ///
    /// - Throws: `QuantizationError` for a checkpoint that is quantised already, or has nothing to quantise.
    init(_ weights: MatchedWeights, _ encoding: TensorEncoding, classes: Set<WeightClass>) throws(QuantizationError) {
        self.encoding = encoding
        renamed = weights.manifest.naming.renamed
        var places: [String: Place] = [:]
        for entry in weights.entries {
            guard case .matrix(_, _, let weightClass, _) = entry.kind else { continue }
            for source in entry.sources {
                if let tensor = source.quantized {
                    throw .alreadyQuantized(weights.checkpoint.path, tensor: tensor.values.entry.name)
                }
                guard let tensor = source.tensors.first.map({ weights.tensors[$0] }) else { continue }
                places[tensor.entry.name] = Place(path: entry.path, weightClass: weightClass)
            }
        }
        for file in weights.checkpoint.files {
            // A file that was named by itself gets the name under which a folder's is found.
            let isSingle = weights.checkpoint.files.count == 1
            var planned = File(name: isSingle ? Checkpoint.fileName : fileName(file.file.path))
            for entry in file.tensors {
                let tensor = Checkpoint.Tensor(entry: entry, file: file)
                if let place = places[entry.name], let matrix = matrix(tensor, place, classes) {
                    for (index, part) in encoding.parts(of: entry.name, outputs: matrix.outputs, inputs: matrix.inputs)
                        .enumerated()
                    {
                        planned.contents.append((part.name, .part(part, ofMatrix: matrices.count, index: index)))
                    }
                    matrices.append(matrix)
                } else {
                    if entry.shape.count > 1 { unconvertedModules.append(Self.module(entry.name)) }
                    planned.contents.append((entry.name, .copy(tensor)))
                }
            }
            files.append(planned)
        }
        guard !matrices.isEmpty else { throw .nothingToQuantize(encoding.format.name) }
        // Readers have a module for a tensor that is left out because another one serves for it.
        let converted = Set(matrices.map(\.source.entry.name))
        for (name, original) in weights.manifest.naming.tied.sorted(by: { $0.key < $1.key })
        where weights.checkpoint.tensors[name] == nil && !converted.contains(original) {
            unconvertedModules.append(Self.module(name))
        }
    }

    private mutating func matrix(
        _ tensor: Checkpoint.Tensor,
        _ place: Place,
        _ classes: Set<WeightClass>
    ) -> Matrix? {
        guard classes.contains(place.weightClass) else { return nil }
        let shape = tensor.entry.shape
        let obstacle: String?
        if shape.count != 2 || !tensor.entry.name.hasSuffix(".weight") {
            obstacle = "it is no linear map"
        } else {
            obstacle = encoding.obstacle(outputs: shape[0], inputs: shape[1])
        }
        if let obstacle {
            kept.append(.init(name: tensor.entry.name, reason: obstacle))
            return nil
        }
        return Matrix(
            source: tensor,
            path: place.path,
            weightClass: place.weightClass,
            outputs: shape[0],
            inputs: shape[1]
        )
    }

    private static func module(_ tensor: String) -> String {
        tensor.hasSuffix(".weight") ? String(tensor.dropLast(".weight".count)) : tensor
    }

    // MARK: What config.json says

    /// The shortest beginnings of the names of modules that stay, such that no module that was quantised contains one.
    var unconvertedPrefixes: [String] {
        let converted = matrices.map { Self.module($0.source.entry.name) }
        var prefixes: [String] = []
        for module in unconvertedModules {
            let parts = module.split(separator: ".", omittingEmptySubsequences: false)
            let lengths = 1...max(parts.count, 1)
            let shortest = lengths.lazy.map { parts.prefix($0).joined(separator: ".") }
                .first { prefix in !converted.contains { Self.contains($0, prefix) } }
            for prefix in otherNames(shortest ?? module) where !prefixes.contains(prefix) { prefixes.append(prefix) }
        }
        return prefixes.sorted()
    }

    /// A name, and what readers call it whose modules are named otherwise.
    private func otherNames(_ name: String) -> [String] {
        [name]
            + renamed.filter { name.hasPrefix($0.value) && !name.hasPrefix($0.key) }
            .map { $0.key + name.dropFirst($0.value.count) }
    }

    private static func contains(_ text: String, _ part: String) -> Bool {
        let (text, part) = (Array(text.utf8), Array(part.utf8))
        guard part.count <= text.count else { return false }
        return (0...(text.count - part.count)).contains { text[$0..<$0 + part.count].elementsEqual(part) }
    }

    /// Writes the value of `quantization_config`.
    func writeConfiguration(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.key("quant_method")
            switch encoding.layout {
            case .awq: writeAWQ(to: &writer)
            case .packed: writePacked(to: &writer)
            }
        }
    }

    private func writeAWQ(to writer: inout JSONWriter) {
        writer.string("awq")
        writer.key("version")
        writer.string("gemm")
        writer.key("bits")
        writer.integer(encoding.format.weightBits)
        writer.key("group_size")
        writer.integer(encoding.format.scaleInputs ?? -1)
        writer.key("zero_point")
        writer.boolean(true)
        writer.key("modules_to_not_convert")
        writer.array { writer in for prefix in unconvertedPrefixes { writer.string(prefix) } }
    }

    private func writePacked(to writer: inout JSONWriter) {
        writer.string("compressed-tensors")
        writer.key("format")
        writer.string("pack-quantized")
        writer.key("quantization_status")
        writer.string("compressed")
        writer.key("config_groups")
        writer.object { writer in
            writer.key("group_0")
            writer.object { writer in
                writer.key("targets")
                writer.array { $0.string("Linear") }
                writer.key("weights")
                writer.object { writer in
                    writer.key("num_bits")
                    writer.integer(encoding.format.weightBits)
                    writer.key("type")
                    writer.string("int")
                    writer.key("symmetric")
                    writer.boolean(true)
                    writer.key("dynamic")
                    writer.boolean(false)
                    writer.key("strategy")
                    writer.string(encoding.format.scaleInputs == nil ? "channel" : "group")
                    if let group = encoding.format.scaleInputs {
                        writer.key("group_size")
                        writer.integer(group)
                    }
                }
                writer.key("input_activations")
                writer.null()
                writer.key("output_activations")
                writer.null()
            }
        }
        writer.key("ignore")
        let wholeModules = Set(unconvertedModules.flatMap(otherNames))
        writer.array { writer in
            for prefix in unconvertedPrefixes {
                let isModule = wholeModules.contains(prefix)
                let escaped = prefix.map { $0 == "." ? "\\." : String($0) }.joined()
                writer.string(isModule ? prefix : "re:(.*\\.)?\(escaped)\\..*")
            }
        }
    }
}
