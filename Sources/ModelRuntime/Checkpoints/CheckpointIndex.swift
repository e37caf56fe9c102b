// The index of a checkpoint in several files: which tensor lies in which file.
// Not the files. The format: model.safetensors.index.json of transformers@5.23.0, modeling_utils.py.

import JSONText

/// The contents of `model.safetensors.index.json`.
struct CheckpointIndex {
    /// The file of each tensor, as the index says.
    let fileOfTensor: [String: String]

    /// The files, each once, sorted by name.
    var fileNames: [String] { Set(fileOfTensor.values).sorted() }

    /// The most bytes that an index may have.
    static let maximumBytes = 100_000_000

    /// Reads the index; file names with folders in them are refused.
    init(path: String) throws(CheckpointError.Problem) {
        let file: MappedFile
        do {
            file = try MappedFile(path: path)
        } catch {
            throw .file(error)
        }
        defer { withExtendedLifetime(file) {} }
        guard file.bytes.count <= Self.maximumBytes else {
            throw .indexTooLong(path: path, byteCount: file.bytes.count)
        }
        do {
            fileOfTensor = try Self.readWeightMap(file.bytes)
        } catch {
            throw .indexText(path: path, error)
        }
        if let name = fileNames.first(where: { !Self.isPlainFileName($0) }) {
            throw .indexFileName(path: path, name: name)
        }
    }

    private static func readWeightMap(_ bytes: UnsafeRawBufferPointer) throws(JSONError) -> [String: String] {
        var reader = try JSONReader(bytes)
        var keys: Set<String> = []
        var map: [String: String]?
        try reader.enterObject()
        while let key = try reader.nextKey() {
            guard keys.insert(key.string).inserted else {
                throw reader.failure(.duplicateKey(key.string), at: key.offset - 1)
            }
            if key == "weight_map" { map = try readNames(&reader) } else { try reader.skipValue() }
        }
        let end = reader.offset
        try reader.finish()
        guard let map else { throw reader.failure(.unexpectedEnd(expected: "the key \"weight_map\""), at: end) }
        return map
    }

    private static func readNames(_ reader: inout JSONReader) throws(JSONError) -> [String: String] {
        var names: [String: String] = [:]
        try reader.enterObject()
        while let key = try reader.nextKey() {
            let tensor = key.string
            let file = try reader.readString().string
            guard names.updateValue(file, forKey: tensor) == nil else {
                throw reader.failure(.duplicateKey(tensor), at: key.offset - 1)
            }
        }
        return names
    }

    private static func isPlainFileName(_ name: String) -> Bool {
        !name.isEmpty && name != "." && name != ".." && !name.utf8.contains(UInt8(ascii: "/"))
            && !name.utf8.contains(0)
    }
}
