// All tensors of a model as published: one safetensors file, or several with an index.
// Not what a model needs of them: WeightManifest.swift and MatchedWeights.swift.

import JSONText

/// A checkpoint whose files are complete and agree with their index.
public final class Checkpoint: Sendable {
    /// A tensor and the file that holds it.
    public struct Tensor: Sendable {
        /// The tensor.
        public let entry: TensorEntry
        /// The file.
        public let file: SafetensorsFile

        /// Its bytes, valid as long as the file's object.
        public var bytes: UnsafeRawBufferPointer { file.bytes(of: entry) }
    }

    /// The path that was given: a folder, or a single file.
    public let path: String
    /// The folder of the files.
    public let folder: String
    /// The files, sorted by name.
    public let files: [SafetensorsFile]
    /// What `config.json` says of quantised tensors.
    let quantization: QuantizationConvention
    /// The tensors by their names in the files.
    public let tensors: [String: Tensor]

    /// The name of a checkpoint in one file.
    public static let fileName = "model.safetensors"
    /// The name of the index of a checkpoint in several files.
    public static let indexName = "model.safetensors.index.json"

    /// Opens the checkpoint in a folder, or a single safetensors file.
    ///
    /// - Throws: `CheckpointError` with everything that is wrong with its files.
    public init(path: String) throws(CheckpointError) {
        self.path = path
        let single = path.hasSuffix(".safetensors") ? path : joinedPath(path, Self.fileName)
        folder = path.hasSuffix(".safetensors") ? parentFolder(of: path) : path
        var opening = OpeningCheckpoint()
        if Self.exists(single) || path.hasSuffix(".safetensors") {
            opening.open([single])
        } else if Self.exists(joinedPath(path, Self.indexName)) {
            opening.open(folder: path, indexPath: joinedPath(path, Self.indexName))
        } else {
            opening.problems.append(.nothingFound(folder: path, others: Self.otherWeightFiles(in: path)))
        }
        guard opening.problems.isEmpty else { throw CheckpointError(path: path, problems: opening.problems) }
        quantization = QuantizationConvention(readingFrom: folder)
        files = opening.files
        tensors = opening.tensors
    }

    private static func exists(_ path: String) -> Bool { (try? FileIdentity(path: path)) != nil }

    /// Files in a folder that look like weights, for the error that there are none under the right name.
    private static func otherWeightFiles(in folder: String) -> [String] {
        let endings = [".safetensors", ".bin", ".pt", ".pth", ".gguf", ".index.json"]
        return fileNames(in: folder).filter { name in endings.contains { name.hasSuffix($0) } }.sorted()
    }
}

/// A checkpoint while its files are opened.
private struct OpeningCheckpoint {
    var problems = ProblemList<CheckpointError.Problem>()
    private(set) var files: [SafetensorsFile] = []
    private(set) var tensors: [String: Checkpoint.Tensor] = [:]

    /// Opens files and takes all their tensors.
    mutating func open(_ paths: [String]) {
        for path in paths {
            do {
                let file = try SafetensorsFile(path: path)
                files.append(file)
                for entry in file.tensors {
                    if let other = tensors.updateValue(.init(entry: entry, file: file), forKey: entry.name) {
                        problems.append(
                            .tensorTwice(tensor: entry.name, files: [other.file.file.path, file.file.path])
                        )
                    }
                }
            } catch {
                if case .file(let fileError) = error.reason, fileError.isMissing {
                    problems.append(.missingFile(path))
                } else {
                    problems.append(.safetensors(error))
                }
            }
        }
    }

    /// Opens the files of an index and compares.
    mutating func open(folder: String, indexPath: String) {
        let index: CheckpointIndex
        do throws(CheckpointError.Problem) {
            index = try CheckpointIndex(path: indexPath)
        } catch {
            problems.append(error)
            return
        }
        open(index.fileNames.map { joinedPath(folder, $0) })
        guard problems.isEmpty else { return }
        for (tensor, name) in index.fileOfTensor.sorted(by: { $0.key < $1.key }) {
            let path = joinedPath(folder, name)
            if tensors[tensor]?.file.file.path != path {
                problems.append(.tensorNotInFile(tensor: tensor, file: path))
            }
        }
        for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) where index.fileOfTensor[name] == nil {
            problems.append(.tensorNotInIndex(tensor: name, file: tensor.file.file.path))
        }
    }
}

/// A checkpoint whose files cannot be used.
public struct CheckpointError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Something wrong with the files.
    public enum Problem: Error, Sendable, Hashable {
        /// The folder has neither the file nor the index.
        case nothingFound(folder: String, others: [String])
        /// A file cannot be read.
        case file(FileError)
        /// A file that the index names does not exist.
        case missingFile(String)
        /// A safetensors file is damaged.
        case safetensors(SafetensorsError)
        /// The index is too long to be one.
        case indexTooLong(path: String, byteCount: Int)
        /// The index is not JSON of the right form.
        case indexText(path: String, JSONError)
        /// The index names a file outside the folder.
        case indexFileName(path: String, name: String)
        /// A tensor is in two files.
        case tensorTwice(tensor: String, files: [String])
        /// A tensor is not in the file that the index says.
        case tensorNotInFile(tensor: String, file: String)
        /// A tensor is in a file, but not in the index.
        case tensorNotInIndex(tensor: String, file: String)
    }

    /// The checkpoint.
    public let path: String
    /// Everything that is wrong.
    public let problems: ProblemList<Problem>

    /// A line for each problem.
    public var description: String { problems.lines.joined(separator: "\n") }
}

extension CheckpointError.Problem: CustomStringConvertible {
    /// One sentence, with the path.
    public var description: String {
        switch self {
        case .nothingFound(let folder, let others):
            "\(folder): neither \(Checkpoint.fileName) nor \(Checkpoint.indexName) is there"
                + (others.isEmpty ? "" : "; found: \(others.joined(separator: ", "))")
        case .file(let error): error.description
        case .missingFile(let path): "\(path): the file is missing"
        case .safetensors(let error): error.description
        case .indexTooLong(let path, let count):
            "\(path): the index has \(count) bytes; at most \(CheckpointIndex.maximumBytes) are allowed"
        case .indexText(let path, let error): "\(path):\(error)"
        case .indexFileName(let path, let name):
            "\(path): the index names the file '\(name)'; only names of files beside it are allowed"
        case .tensorTwice(let tensor, let files): "\(tensor) is in \(files.joined(separator: " and in "))"
        case .tensorNotInFile(let tensor, let file): "\(tensor) is not in \(file), where the index puts it"
        case .tensorNotInIndex(let tensor, let file): "\(tensor) is in \(file), but not in the index"
        }
    }
}
