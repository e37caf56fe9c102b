// What came of quantising a checkpoint, and what may be wrong with the wish to.
// Not the work: CheckpointQuantizer.swift.

import JSONText
import TensorTypes

/// A checkpoint that was written.
public struct QuantizedCheckpoint: Sendable, Hashable {
    /// A matrix of a chosen class that stays as it is.
    public struct Kept: Sendable, Hashable {
        /// The tensor.
        public let name: String
        /// Why, as a clause.
        public let reason: String
    }

    /// The folder.
    public let folder: String
    /// What each matrix lost, in the order of the files.
    public let losses: [WeightLoss]
    /// Matrices of the chosen classes that stay as they are.
    public let kept: [Kept]
    /// Bytes of the tensors.
    public let byteCount: Int
    /// Bytes of the tensors before.
    public let sourceByteCount: Int
}

/// A checkpoint that cannot be quantised as wished.
public enum QuantizationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The format has no integers.
    case notAnIntegerFormat(String)
    /// The checkpoint holds integers.
    case alreadyQuantized(String, tensor: String)
    /// No matrix of the chosen classes can be quantised.
    case nothingToQuantize(String)
    /// The folder to be written has something in it.
    case folderNotEmpty(String)
    /// The checkpoint has no configuration to be carried on.
    case configuration(path: String, problem: String)
    /// A file operation failed. Nothing was left behind.
    case file(FileError)
    /// The copy has no room. Nothing was left behind.
    case spaceExhausted(FileError, neededBytes: Int, availableBytes: Int?)
    /// The caller stopped it. Nothing was left behind.
    case cancelled

    /// One sentence.
    public var description: String {
        switch self {
        case .notAnIntegerFormat(let name):
            "checkpoints are quantised to integers: "
                + WeightFormat.all.filter(\.isInteger).map(\.name).joined(separator: ", ") + "; not `\(name)`"
        case .alreadyQuantized(let path, let tensor):
            "\(path) is quantised already (\(tensor)); quantise the checkpoint that it was made from"
        case .nothingToQuantize(let name): "no matrix of the chosen classes can be kept as \(name)"
        case .folderNotEmpty(let path): "\(path) is not empty; name a folder that does not exist yet"
        case .configuration(let path, let problem): "\(path): \(problem)"
        case .file(let error): error.description
        case .spaceExhausted(let error, let needed, let available):
            "\(error). The copy needs \(needed) bytes" + (available.map { ", \($0) are free" } ?? "")
        case .cancelled: "quantising was cancelled"
        }
    }
}
