// Prints a description as TOML with every default stated; reading the text back gives an equal description.
// Not the keys: Sections/ and Layers/ write their own. Here is the layout: what stands inline, what gets a heading.

/// Prints model descriptions.
public struct ModelPrinter: Sendable {
    /// Comment lines at the top of the file, without `#`; an empty one stays empty.
    public var header: [String]
    /// Comments by key path, without `#`: beside a key, above a heading.
    public var comments: [String: String]

    /// Tables without tables inside stand inline if the line is no longer than this.
    private static let longestInlineTable = 80
    /// Comments stand beside a key if the line is no longer than this, above it otherwise.
    private static let longestLine = 116

    /// A printer that adds these comments.
    public init(header: [String] = [], comments: [String: String] = [:]) {
        self.header = header
        self.comments = comments
    }

    /// The TOML text of `description`.
    public func print(_ description: ModelDescription) -> String {
        var writer = TableWriter()
        description.write(to: &writer)
        var lines = header.map { $0.isEmpty ? "" : Self.comment($0) }
        printFields(writer.fields, path: "", into: &lines)
        return lines.joined(separator: "\n") + "\n"
    }

    /// Plain values first, then tables under headings, as TOML demands.
    private func printFields(_ fields: [PrintedField], path: String, into lines: inout [String]) {
        var headed: [(path: String, fields: [PrintedField])] = []
        for field in fields {
            let keyPath = TOMLText.keyPath(path, field.key)
            if case .table(let inner) = field.value, Self.needsHeading(field, isTopLevel: path.isEmpty) {
                headed.append((keyPath, inner))
            } else {
                printLine(field, keyPath: keyPath, into: &lines)
            }
        }
        for table in headed {
            lines.append("")
            if let comment = comments[table.path] { lines.append(Self.comment(comment)) }
            lines.append("[\(table.path)]")
            printFields(table.fields, path: table.path, into: &lines)
        }
    }

    private func printLine(_ field: PrintedField, keyPath: String, into lines: inout [String]) {
        let line = "\(TOMLText.key(field.key)) = \(Self.inline(field.value))"
        guard let text = comments[keyPath] else {
            lines.append(line)
            return
        }
        let beside = "\(line)  \(Self.comment(text))"
        if beside.count <= Self.longestLine {
            lines.append(beside)
        } else {
            lines += [Self.comment(text), line]
        }
    }

    private static func needsHeading(_ field: PrintedField, isTopLevel: Bool) -> Bool {
        guard case .table(let inner) = field.value else { return false }
        if isTopLevel { return true }
        let hasTable = inner.contains { field in
            if case .table = field.value { true } else { false }
        }
        return hasTable || "\(TOMLText.key(field.key)) = \(inline(field.value))".count > longestInlineTable
    }

    private static func comment(_ text: String) -> String {
        "# \(text)"
    }

    private static func inline(_ value: PrintedValue) -> String {
        switch value {
        case .string(let text): return TOMLText.string(text)
        case .integer(let number): return "\(number)"
        case .float(let number): return TOMLText.float(number)
        case .boolean(let truth): return "\(truth)"
        case .array(let values): return "[\(values.map(inline).joined(separator: ", "))]"
        case .table(let fields):
            if fields.isEmpty { return "{}" }
            let pairs = fields.map { "\(TOMLText.key($0.key)) = \(inline($0.value))" }
            return "{ \(pairs.joined(separator: ", ")) }"
        }
    }
}

extension ModelDescription {
    /// Writes every key, in the order of the file.
    func write(to writer: inout TableWriter) {
        writer.write("schema", Self.schema)
        writer.write("minimum-vlmc", minimumCompiler.description)
        writer.write("name", name)
        writer.write("source", source)
        writer.write("base-model", baseModel)
        writer.write("license", license)
        if !languages.isEmpty { writer.write("languages", languages) }
        writer.writeTable("checkpoint") { checkpoint.write(to: &$0) }
        if let vision { writer.writeTable("vision") { vision.write(to: &$0) } }
        writer.write("bridge", bridge)
        writer.writeTable("decoder") { decoder.write(to: &$0) }
        writer.writeTable("tokenizer") { tokenizer.write(to: &$0) }
        writer.writeTable("chat") { chat.write(to: &$0) }
        if let image { writer.writeTable("image") { image.write(to: &$0) } }
        writer.writeTable("generation") { generation.write(to: &$0) }
        writer.writeTable("quantization") { quantization.write(to: &$0) }
    }
}
