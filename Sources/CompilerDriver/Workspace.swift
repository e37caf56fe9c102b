// The cached workspace in which generated packages are built: the runtime is compiled once and stays.
// Not what is generated (SourceEmission); not the build plugin, which builds inside the user's own package.

import Foundation
import ModelDescriptions
import PathKit
import SourceEmission

/// A directory with build products of the runtime, shared by all models that one compiler builds.
public struct Workspace: Sendable {
    /// Where packages are put together and built.
    public let directory: String
    let runtime: RuntimePackage

    /// The workspace for `runtime`, below `cache`.
    ///
    /// - Parameter cache: a directory for caches; nil means `XDG_CACHE_HOME` or `~/.cache`.
    public init(runtime: RuntimePackage, cache: String? = nil, environment: [String: String]) {
        let root: Path
        if let cache {
            root = Path(cache)
        } else if let base = environment["XDG_CACHE_HOME"], !base.isEmpty {
            root = Path(base) + "vlmc"
        } else {
            root = Path(environment["HOME"] ?? ".") + ".cache" + "vlmc"
        }
        let key = "\(CompilerVersion.current)-\(Self.fingerprint(of: runtime.path))"
        directory = (root.absolute() + "workspaces" + key).string
        self.runtime = runtime
    }

    /// Builds the executables `products` of `tree`, one or all of them, and gives their paths.
    ///
    /// Files that did not change are left alone, so that only what changed is compiled again. SwiftPM keeps its plan
    /// until the generated package changes; where files of the runtime came or went since, it is told to plan anew.
    ///
    /// - Parameter log: Receives the build's output, line by line.
    /// - Throws: `WorkspaceError` if the build fails.
    public func build(
        _ tree: SourceTree,
        products: [String],
        log: @escaping @Sendable (String) -> Void
    ) throws -> [String] {
        let package = Path(directory) + "package"
        try Self.synchronise(tree, into: package)
        let scratch = Path(directory) + "build"
        var arguments = [
            "build", "--package-path", package.string, "--scratch-path", scratch.string,
            "--configuration", "release", "--static-swift-stdlib", "-Xlinker", "-s",
        ]
        if products.count == 1 { arguments += ["--product", products[0]] }
        let planned = Path(directory) + "planned-runtime"
        let inputs = try runtime.planInputs()
        let planIsCurrent = (try? planned.read()) == inputs
        if !planIsCurrent { arguments.append("--disable-build-manifest-caching") }
        let status = try Self.run("swift", arguments, log: log)
        guard status == 0 else { throw WorkspaceError.buildFailed(status: status, package: package.string) }
        if !planIsCurrent { try AtomicFile.write(inputs, to: planned) }
        return try products.map { product in
            let binary = scratch + "release" + product
            guard binary.exists else { throw WorkspaceError.noBinary(binary.string) }
            return binary.string
        }
    }

    /// Writes the files of `tree` into `directory`, and removes files that the tree does not have.
    public static func synchronise(_ tree: SourceTree, into directory: Path) throws {
        try AtomicFile.makeFolder(directory.absolute())
        let wanted = Set(tree.files.map(\.path))
        for existing in try directory.recursiveChildren() where existing.isFile {
            let relative = String(existing.string.dropFirst(directory.string.count + 1))
            if !wanted.contains(relative), !relative.hasPrefix("."), relative != "Package.resolved" {
                try existing.delete()
            }
        }
        for file in tree.files {
            let path = directory + file.path
            if path.exists, let text: String = try? path.read(), text == file.text { continue }
            try AtomicFile.write(file.text, to: path)
        }
    }

    /// Runs a command found on the search path and hands its output on.
    private static func run(
        _ command: String,
        _ arguments: [String],
        log: @escaping @Sendable (String) -> Void
    ) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [command] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        var pending = Data()
        while true {
            let data = pipe.fileHandleForReading.availableData
            if data.isEmpty { break }
            pending.append(data)
            while let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                log(String(decoding: pending[pending.startIndex..<end], as: UTF8.self))
                pending.removeSubrange(pending.startIndex...end)
            }
        }
        if !pending.isEmpty { log(String(decoding: pending, as: UTF8.self)) }
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// FNV-1a of a path: names a directory, protects nothing.
    private static func fingerprint(of text: String) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return String(hash, radix: 16)
    }
}

/// A build that did not give a binary.
public enum WorkspaceError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The build ended with this status.
    case buildFailed(status: Int32, package: String)
    /// The build ended well, but there is no binary.
    case noBinary(String)

    /// A sentence.
    public var description: String {
        switch self {
        case .buildFailed(let status, let package):
            "building the generated package failed with status \(status); it is in \(package)"
        case .noBinary(let path): "the build ended without the binary \(path)"
        }
    }
}
