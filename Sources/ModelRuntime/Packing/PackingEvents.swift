// What happens while weights are opened: progress, notices, errors.
// Not how it happens: PackedWeights+Opening.swift.

/// What a caller is told while weights are opened.
public enum PackingEvent: Sendable, Hashable {
    /// A part of the work is done.
    case progress(Phase, doneBytes: Int, totalBytes: Int)
    /// Something worth telling the user.
    case notice(PackingNotice)

    /// A part of the work.
    public enum Phase: String, Sendable, Hashable {
        /// Packed weights that changed on disk are compared with their checksums.
        case verifying
        /// A checkpoint that changed on disk is compared with what was packed.
        case comparing
        /// Weights are packed.
        case packing
        /// A quantised copy of a checkpoint is written.
        case quantizing
    }
}

/// Something worth telling the user while weights are opened.
public enum PackingNotice: Sendable, Hashable, CustomStringConvertible {
    /// A packed file is rebuilt because it is damaged.
    case damaged(path: String, PackedFileDamage)
    /// A packed file is rebuilt because the checkpoint has changed.
    case checkpointChanged(path: String)
    /// A packed file was removed because the same weights have been packed by a newer version.
    case superseded(path: String)
    /// Packed weights go elsewhere because a folder cannot be written.
    case otherFolder(refused: FileError, used: String)
    /// Another process is packing the same weights.
    case waiting(path: String)
    /// The checks of a packed file cannot be remembered, so that they are repeated at every start.
    case checksNotKept(FileError)
    /// What `tune` has remembered is not used.
    case tuningIgnored(path: String, TuningDamage)
    /// A tensor holds NaN or infinities.
    case nonFinite(tensor: String, count: Int)
    /// A tensor that another one serves for has other values than that one, and is ignored.
    case tiedTensorDiffers(tensor: String, from: String)

    /// One sentence.
    public var description: String {
        switch self {
        case .damaged(let path, let damage): "\(path) is packed again: \(damage)"
        case .checkpointChanged(let path): "\(path) is packed again: the checkpoint has changed"
        case .superseded(let path): "\(path), packed by an older version, was removed"
        case .otherFolder(let refused, let used): "\(refused); packed weights go to \(used)"
        case .waiting(let path): "waiting for another process that packs \(path)"
        case .checksNotKept(let error): "\(error); the packed weights will be checked again at every start"
        case .tuningIgnored(let path, let damage):
            "\(path), which `tune` wrote, is not used: \(damage)"
        case .nonFinite(let tensor, let count):
            "\(tensor) has \(count) elements that are NaN or infinite; the model's answers will be of no use"
        case .tiedTensorDiffers(let tensor, let original):
            "\(tensor) differs from \(original), which the model uses for both"
        }
    }
}

/// How the caller of a long operation hears from it and ends it.
public struct PackingCallbacks {
    /// Is told what happens, on the thread that called.
    public var onEvent: (PackingEvent) -> Void
    /// Is asked about every few milliseconds whether to stop.
    public var isCancelled: () -> Bool

    /// Callbacks; by default nobody listens and nothing is stopped.
    public init(onEvent: @escaping (PackingEvent) -> Void = { _ in }, isCancelled: @escaping () -> Bool = { false }) {
        self.onEvent = onEvent
        self.isCancelled = isCancelled
    }
}

/// Weights that cannot be opened.
public enum PackingError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A file operation failed.
    case file(FileError)
    /// The packed weights have no room. Nothing was left behind.
    case spaceExhausted(FileError, neededBytes: Int, availableBytes: Int?)
    /// No folder for packed weights can be written.
    case noWritableFolder([FileError])
    /// The caller stopped it. Nothing was left behind.
    case cancelled

    /// One or two sentences.
    public var description: String {
        switch self {
        case .file(let error): error.description
        case .spaceExhausted(let error, let needed, let available):
            "\(error). Packed weights need \(needed) bytes"
                + (available.map { ", \($0) are free" } ?? "") + "; --cache names another folder"
        case .noWritableFolder(let errors):
            errors.map(\.description).joined(separator: "; ") + "; --cache names a folder for packed weights"
        case .cancelled: "packing was cancelled"
        }
    }
}
