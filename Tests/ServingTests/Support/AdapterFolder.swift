// A folder with a LoRA adapter for a model of one matrix, as PEFT writes it.

import Glibc

@testable import ModelRuntime

/// Folders of adapters below one folder, removed when nobody needs them any more.
final class AdapterFolder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/vlmc-adapters-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil, let real = realpath(template, nil) else {
            throw TestClientError("no temporary folder")
        }
        defer { free(real) }
        path = String(cString: real)
    }

    deinit {
        for name in fileNames(in: path) {
            let inner = joinedPath(path, name)
            // A link is removed, not what it leads to.
            if unlink(inner) == 0 { continue }
            for file in fileNames(in: inner) { unlink(joinedPath(inner, file)) }
            rmdir(inner)
        }
        rmdir(path)
    }

    /// The model: one matrix.
    static let weights = WeightManifest(
        [.matrix("matrix", outputs: 16, inputs: 8, .mlp, from: [.tensor("layer.weight", [16, 8])])],
        formats: WeightFormats(.f32)
    )

    /// Adapters for that model, of which none is loaded.
    static func adapters(_ limits: AdapterLimits) -> LoadedAdapters { LoadedAdapters(for: weights, limits: limits) }

    /// Writes an adapter into a folder in this one, and gives its path.
    @discardableResult
    func add(_ name: String, rank: Int = 2, module: String = "layer") throws -> String {
        let folder = joinedPath(path, name)
        mkdir(folder, 0o700)
        let configuration = #"{"peft_type": "LORA", "r": \#(rank), "lora_alpha": 4}"#
        try writeAtomically(Array(configuration.utf8), to: joinedPath(folder, Adapter.configurationName))
        let (down, up) = (rank * 8 * 4, 16 * rank * 4)
        let prefix = "base_model.model.\(module).lora_"
        let header =
            #"{"\#(prefix)A.weight": {"dtype": "F32", "shape": [\#(rank), 8], "data_offsets": [0, \#(down)]}, "#
            + #""\#(prefix)B.weight": {"dtype": "F32", "shape": [16, \#(rank)], "data_offsets": [\#(down), "#
            + "\(down + up)]}}"
        let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian, Array.init)
        let file = length + Array(header.utf8) + [UInt8](repeating: 0, count: down + up)
        try writeAtomically(file, to: joinedPath(folder, Adapter.tensorsName))
        return folder
    }
}
