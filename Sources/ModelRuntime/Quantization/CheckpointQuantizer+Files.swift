// What a quantised copy of a checkpoint has beside its tensors: configuration, index, tokenizer and the like.
// Not the tensors: CheckpointQuantizer.swift.

import Glibc
import JSONText

extension CheckpointQuantizer {
    /// The configuration of the checkpoint with `quantization_config`.
    func configuration() throws(QuantizationError) -> [UInt8] {
        let path = joinedPath(checkpoint.folder, "config.json")
        let file: MappedFile
        do {
            file = try MappedFile(path: path)
        } catch {
            throw .configuration(path: path, problem: error.description)
        }
        defer { withExtendedLifetime(file) {} }
        let members: [JSONMember]
        do throws(JSONError) {
            members = try JSONDocument(file.bytes).root.object ?? []
        } catch {
            throw .configuration(path: path, problem: "\(error)")
        }
        var writer = JSONWriter(layout: .indented)
        writer.object { writer in
            for member in members where member.key != "quantization_config" {
                writer.key(member.key)
                writer.value(member.value)
            }
            writer.key("quantization_config")
            plan.writeConfiguration(to: &writer)
        }
        return writer.utf8 + [UInt8(ascii: "\n")]
    }

    func index(_ layouts: [SafetensorsLayout]) -> [UInt8] {
        var writer = JSONWriter(layout: .indented)
        writer.object { writer in
            writer.key("metadata")
            writer.object { writer in
                writer.key("total_size")
                writer.integer(layouts.reduce(0) { $0 + $1.dataBytes })
            }
            writer.key("weight_map")
            writer.object { writer in
                let places = plan.files.flatMap { file in file.contents.map { ($0.name, file.name) } }
                for (tensor, file) in places.sorted(by: { $0.0 < $1.0 }) {
                    writer.key(tensor)
                    writer.string(file)
                }
            }
        }
        return writer.utf8 + [UInt8(ascii: "\n")]
    }

    /// Endings of files that hold weights, in this or another form.
    private static let weightEndings = [
        ".safetensors", ".safetensors.index.json", ".bin", ".bin.index.json", ".pt", ".pth", ".gguf", ".h5", ".msgpack",
    ]

    /// Copies tokenizer, templates, configurations and whatever else lies beside the weights.
    func copySmallFiles(to staging: String) throws(FileError) {
        for name in fileNames(in: checkpoint.folder).sorted() where name != "config.json" && !name.hasPrefix(".") {
            if Self.weightEndings.contains(where: { name.hasSuffix($0) }) { continue }
            let path = joinedPath(checkpoint.folder, name)
            var status = stat()
            guard stat(path, &status) == 0 else { throw FileError(.inspect, path) }
            guard status.st_mode & S_IFMT == S_IFREG else { continue }
            let file = try MappedFile(path: path, access: .sequential)
            defer { withExtendedLifetime(file) {} }
            try writeAtomically(file.bytes, to: joinedPath(staging, name))
        }
    }
}
