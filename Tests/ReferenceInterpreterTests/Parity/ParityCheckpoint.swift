// The weights of a tiny checkpoint under the names that its description uses.
// Which files and names there are is said in Tests/Fixtures/README.md.

import ComputeGraph
import Foundation
import ModelDescriptions
import TestSupport

@testable import ReferenceInterpreter

struct ParityCheckpoint: WeightProvider {
    private let tensors: [String: Tensor<Double>]

    /// Reads `Tests/Fixtures/checkpoints/<name of the description>`.
    init(_ description: ModelDescription) throws {
        let folder = ModelFiles.repository.appendingPathComponent("Tests/Fixtures/checkpoints/\(description.name)")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        var tensors: [String: Tensor<Double>] = [:]
        for name in files.sorted() where name.hasSuffix(".safetensors") {
            let file = try SafetensorsFile(folder.appendingPathComponent(name))
            for stored in file.names { tensors[description.checkpoint.ownName(of: stored)] = try file.tensor(stored) }
        }
        self.tensors = tensors
    }

    func tensor(named name: String) -> Tensor<Double>? { tensors[name] }

    /// Tensors of the files that `graph` does not read.
    func unread(by graph: Graph) -> [String] {
        var read: Set<String> = []
        for block in graph.blocks {
            for layer in 0..<block.repetitions {
                for source in block.weights.flatMap(\.weight.sources) {
                    if let name = source.tensorName(layer: layer) { read.insert(name) }
                }
            }
        }
        return tensors.keys.filter { !read.contains($0) }.sorted()
    }
}

extension ModelDescription.Checkpoint {
    /// The name that the model uses for the tensor that files call `stored`.
    fileprivate func ownName(of stored: String) -> String {
        let prefix = renamed.keys.filter { stored.hasPrefix($0) }.max { $0.count < $1.count }
        guard let prefix, let own = renamed[prefix] else { return stored }
        return own + stored.dropFirst(prefix.count)
    }
}
