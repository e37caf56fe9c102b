// What emission gives back: files as text, with what each was made of.
// Not written to disk here: CompilerDriver does that.

/// Generated files by their path in the package.
public struct SourceTree: Sendable, Hashable {
    /// One generated file.
    public struct File: Sendable, Hashable {
        /// The path in the generated package, with `/` between components.
        public let path: String
        /// The text, in UTF-8, with a line feed at the end.
        public let text: String

        /// One generated file.
        public init(path: String, text: String) {
            self.path = path
            self.text = text
        }
    }

    /// The files, sorted by path.
    public let files: [File]

    /// A tree of `files`.
    public init(_ files: [File]) {
        self.files = files.sorted { $0.path < $1.path }
    }

    /// The text of the file at `path`, or nil.
    public subscript(path: String) -> String? { files.first { $0.path == path }?.text }
}
