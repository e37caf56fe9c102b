// An open file that closes itself, and the few system calls on paths that the runtime needs.
// Not public: files are offered as MappedFile, AtomicWriting and PartialFile.

import Glibc

/// An open file; closed when the value goes out of scope.
struct FileDescriptor: ~Copyable, Sendable {
    let number: Int32

    /// Opens a file. Reading never waits: a pipe or a device opens at once and is refused by its kind later.
    init(path: String, flags: Int32, mode: mode_t = 0o666, as operation: FileError.Operation) throws(FileError) {
        number = open(path, flags | O_CLOEXEC | O_NONBLOCK, mode)
        guard number >= 0 else { throw FileError(operation, path) }
    }

    deinit { close(number) }
}

/// `folder/name`, without a second slash.
func joinedPath(_ folder: String, _ name: String) -> String {
    folder.hasSuffix("/") ? folder + name : folder + "/" + name
}

/// The folder that holds `path`.
func parentFolder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// The last part of a path.
func fileName(_ path: String) -> String {
    path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
}

/// The absolute path without links, or `path` itself where that cannot be found out.
func resolvedPath(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
}

/// Creates a folder and those above it. One that exists is fine.
func makeFolders(_ path: String) throws(FileError) {
    if mkdir(path, 0o777) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, parentFolder(of: path) != path else { throw FileError(.create, path) }
    try makeFolders(parentFolder(of: path))
    guard mkdir(path, 0o777) == 0 || errno == EEXIST else { throw FileError(.create, path) }
}

/// Free bytes for this user on the file system that holds `path`, or nil if the system does not say.
func availableBytes(at path: String) -> Int? {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return nil }
    return Int(clamping: status.f_bavail).multipliedReportingOverflow(by: Int(clamping: status.f_frsize)).partialValue
}

/// The value of an environment variable, or nil if it is unset or empty.
func environmentValue(_ name: String) -> String? {
    guard let value = getenv(name), value.pointee != 0 else { return nil }
    return String(cString: value)
}

/// The user's folder for what can be made again: `$XDG_CACHE_HOME/vlmc`, or `~/.cache/vlmc`; nil for a user without home.
func userCacheFolder() -> String? {
    let cache = environmentValue("XDG_CACHE_HOME") ?? environmentValue("HOME").map { joinedPath($0, ".cache") }
    return cache.map { joinedPath($0, "vlmc") }
}

/// The names of the files in a folder; none if it cannot be read.
func fileNames(in folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name != "." && name != ".." { names.append(name) }
    }
    return names
}
