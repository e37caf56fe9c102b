// Everything in which a folder is not an adapter of a model, in one error.
// Not a checkpoint of the model itself: CheckpointMismatch.swift. Layers with the same fault share a line there and here.

import JSONText
import TensorTypes

/// An adapter that cannot be used.
public struct AdapterError: Error, Sendable, Hashable {
    /// Something that is wrong.
    public enum Problem: Error, Sendable, Hashable {
        /// A file cannot be read.
        case file(FileError)
        /// The configuration is too long to be one.
        case configurationTooLong(path: String, byteCount: Int)
        /// The configuration is not JSON.
        case configurationText(path: String, JSONError)
        /// A field of the configuration, at this place.
        case field(place: String, String)
        /// The patterns of the configuration take too long.
        case patterns(path: String)
        /// The tensors are damaged.
        case safetensors(SafetensorsError)
        /// A tensor does not fit, for this reason.
        case tensor(name: String, Fault)
        /// There are no tensors of an adapter.
        case noTensors(path: String)
        /// The rank is beyond what memory is planned for.
        case rank(path: String, found: Int, allowed: Int)
        /// As many adapters as memory is planned for are loaded or still in use.
        case tooMany(allowed: Int)
        /// An adapter of this name is there already.
        case nameTaken(String)
        /// There is no memory.
        case memory(MemoryRefused)
    }

    /// Why a tensor does not fit.
    public enum Fault: Sendable, Hashable {
        /// It is no part of a low-rank map.
        case otherKind(String)
        /// The model has no such matrix.
        case noMatrix
        /// The matrix serves to look up embeddings.
        case embedding
        /// Its other half is missing, which would end like this.
        case alone(missing: String)
        /// Two tensors would be the same part of the same matrix.
        case twice(with: String)
        /// It has another shape.
        case shape(found: [Int], expected: [Int])
        /// Its elements are no floating-point numbers.
        case type(ElementType)
        /// The configuration does not name its module.
        case notTargeted
        /// Some of its numbers are infinite or not a number.
        case notFinite(count: Int)
    }

    /// The folder.
    public let path: String
    /// Everything that is wrong.
    public let problems: ProblemList<Problem>

    init(path: String, problems: ProblemList<Problem>) {
        self.path = path
        self.problems = problems
    }

    init(path: String, _ problem: Problem) {
        var problems = ProblemList<Problem>()
        problems.append(problem)
        self.init(path: path, problems: problems)
    }
}

extension AdapterError: CustomStringConvertible {
    /// A line for each problem; tensors of several layers with the same fault share one.
    public var description: String {
        var lines = ["\(path): the adapter cannot be used"]
        var tensors: [(name: String, note: String)] = []
        for problem in problems.shown {
            if case .tensor(let name, let fault) = problem {
                tensors.append((name, fault.description))
            } else {
                lines += problem.description.split(separator: "\n").map { "  \($0)" }
            }
        }
        lines += NumberedName.groups(tensors).map { "  \($0)" }
        if problems.count > problems.shown.count { lines.append("  and \(problems.count - problems.shown.count) more") }
        return lines.joined(separator: "\n")
    }
}

extension AdapterError.Problem: CustomStringConvertible {
    /// One sentence, with the path.
    public var description: String {
        switch self {
        case .file(let error): error.description
        case .configurationTooLong(let path, let count):
            "\(path): the configuration has \(count) bytes; at most \(AdapterFields.mostBytes) are allowed"
        case .configurationText(let path, let error): "\(path):\(error)"
        case .field(let place, let problem): "\(place): \(problem)"
        case .patterns(let path): "\(path): its patterns take too long to match; names of modules do not"
        case .safetensors(let error): error.description
        case .tensor(let name, let fault): "\(name) \(fault)"
        case .noTensors(let path): "\(path): no tensor is called base_model.model.<module>.lora_A.weight"
        case .rank(let path, let found, let allowed):
            "\(path): the rank is \(found); memory is planned for ranks up to \(allowed) (--max-lora-rank)"
        case .tooMany(let allowed):
            "\(allowed) adapter\(allowed == 1 ? " is" : "s are") loaded or still in use, and memory is planned for no "
                + "more (--max-loras)"
        case .nameTaken(let name): "an adapter called \(name.debugDescription) is loaded already"
        case .memory(let error): error.description
        }
    }
}

extension AdapterError.Fault: CustomStringConvertible {
    /// What follows the tensor's name.
    public var description: String {
        switch self {
        case .otherKind(let what): "is \(what), which is not computed here"
        case .noMatrix: "belongs to no matrix of the model"
        case .embedding: "belongs to the embedding; of the tables only the head is adapted, as lm_head"
        case .alone(let missing): "has no \(missing) beside it"
        case .twice(let other): "is the same part of the model as \(other)"
        case .shape(let found, let expected): "has the shape \(found), but \(expected) is right"
        case .type(let element): "is \(element.safetensorsName); adapters are F64, F32, F16 or BF16"
        case .notTargeted: "belongs to a module that the configuration does not target"
        case .notFinite(let count): "has \(count) numbers that are infinite or not a number"
        }
    }
}
