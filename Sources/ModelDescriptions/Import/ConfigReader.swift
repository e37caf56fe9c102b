// Reads the fields of one JSON object by type, and accounts for every one of them: used, irrelevant, or reported.
// Not the meaning of fields: the families say which they have. Read next: ConfigFields.swift.

import Diagnostics
import JSONText

/// An object of a configuration file that is being read.
///
/// `null` counts as absent, as it does in transformers. Where a field is absent the class default takes its place, and
/// the TOML says so in a comment.
final class ConfigReader {
    /// The file that an object belongs to.
    struct File {
        var path: String
        var name: String
        var document: JSONDocument
    }

    let session: ImportSession
    let file: File
    private let offset: Int
    private let members: [JSONMember]
    private var usedKeys: Set<String> = []

    init(_ members: [JSONMember], file: File, offset: Int, session: ImportSession) {
        self.members = members
        self.file = file
        self.offset = offset
        self.session = session
    }

    // MARK: - Places and reports

    /// The keys in the order of the file.
    var keys: [String] { members.map(\.key) }

    /// Where the object begins.
    var span: SourceSpan { span(at: offset) }

    private func span(at offset: Int) -> SourceSpan {
        let position = file.document.position(of: offset)
        return SourceSpan(SourceLocation(file: file.path, line: position.line, column: position.column))
    }

    /// Where the value of `key` stands, or the object if it has none.
    func span(of key: String) -> SourceSpan {
        member(key).map { span(at: $0.value.offset) } ?? span
    }

    func report(_ message: String, at key: String) {
        session.diagnostics.report(.error(message, at: span(of: key)))
    }

    func warn(_ message: String, at key: String) {
        session.diagnostics.report(.warning(message, at: span(of: key)))
    }

    private func reportWrong(_ key: String, _ value: JSONValue, expected: String) {
        report("`\(key)` is \(Self.words(for: value)), but must be \(expected)", at: key)
    }

    /// What a value is, for "… is X, but must be Y".
    static func words(for value: JSONValue) -> String {
        switch value.content {
        case .null: "null"
        case .boolean(let truth): "\(truth)"
        case .number(let number): number.literal.count <= 40 ? number.literal : number.literal.prefix(37) + "..."
        case .string(let text): "the string \(TOMLText.string(text.count <= 40 ? text : text.prefix(37) + "..."))"
        case .array: "an array"
        case .object: "an object"
        }
    }

    // MARK: - Looking up

    private func member(_ key: String) -> JSONMember? { members.first { $0.key == key } }

    /// The value of `key`, accounted for; nil if it is absent or null.
    func value(_ key: String) -> JSONValue? {
        usedKeys.insert(key)
        guard let value = member(key)?.value, !value.isNull else { return nil }
        return value
    }

    /// Whether the object states null for `key`.
    func isNull(_ key: String) -> Bool { member(key)?.value.isNull == true }

    /// Whether the object has `key` with a value other than null.
    func has(_ key: String) -> Bool { member(key).map { !$0.value.isNull } ?? false }

    /// The object at `key`; nil if it is absent, or after having reported that it is none.
    func object(_ key: String) -> ConfigReader? {
        guard let value = value(key) else { return nil }
        guard let members = value.object else {
            reportWrong(key, value, expected: "an object")
            return nil
        }
        return ConfigReader(members, file: file, offset: value.offset, session: session)
    }

    // MARK: - Values

    /// What takes the place of a field that is absent.
    private enum Fallback<Value> {
        /// The field must be there.
        case none
        /// The class default; nil if it follows from a value that was wrong itself.
        case value(Value?)
    }

    /// The value of the first of `keys` that is there, read by `read`, or the fallback; nil only after a report.
    ///
    /// - Parameter keyPath: The key of the TOML that the value becomes.
    private func read<Value>(
        _ keys: [String],
        for keyPath: String?,
        fallback: Fallback<Value>,
        expected: String,
        read: (JSONValue) -> Value?
    ) -> Value? {
        for key in keys {
            guard let value = value(key) else { continue }
            usedKeys.formUnion(keys)
            guard let result = read(value) else {
                reportWrong(key, value, expected: expected)
                return nil
            }
            session.record(keyPath, from: span(of: key))
            return result
        }
        switch fallback {
        case .none:
            session.diagnostics.report(.error("`\(keys[0])` is missing: \(expected)", at: span))
            return nil
        case .value(let value):
            if value != nil { session.recordDefault(keyPath, missingFrom: file.name) }
            return value
        }
    }

    func integer(_ keys: String..., for keyPath: String?, default fallback: Int?) -> Int? {
        read(keys, for: keyPath, fallback: .value(fallback), expected: "an integer") { $0.integer }
    }

    func double(_ key: String, for keyPath: String?) -> Double? {
        read([key], for: keyPath, fallback: .none, expected: "a number") { $0.double }
    }

    func double(_ key: String, for keyPath: String?, default fallback: Double?) -> Double? {
        read([key], for: keyPath, fallback: .value(fallback), expected: "a number") { $0.double }
    }

    func boolean(_ key: String, for keyPath: String?, default fallback: Bool) -> Bool? {
        read([key], for: keyPath, fallback: .value(fallback), expected: "true or false") { $0.boolean }
    }

    func string(_ key: String, for keyPath: String?, default fallback: String) -> String? {
        read([key], for: keyPath, fallback: .value(fallback), expected: "a string") { $0.string }
    }

    func integers(_ key: String, for keyPath: String?, default fallback: [Int]) -> [Int]? {
        read([key], for: keyPath, fallback: .value(fallback), expected: "an array of integers") { value in
            Self.elements(of: value) { $0.integer }
        }
    }

    func doubles(_ key: String, for keyPath: String?, default fallback: [Double]) -> [Double]? {
        read([key], for: keyPath, fallback: .value(fallback), expected: "an array of numbers") { value in
            Self.elements(of: value) { $0.double }
        }
    }

    /// A number or an array of equal numbers: transformers allows a size for each axis, these families do not.
    func square(_ key: String, for keyPath: String?, default fallback: Int) -> Int? {
        let expected = "an integer, or an array of equal integers"
        return read([key], for: keyPath, fallback: .value(fallback), expected: expected) { value in
            guard let sides = Self.elements(of: value, { $0.integer }) else { return value.integer }
            return Set(sides).count == 1 ? sides.first : nil
        }
    }

    /// A value that may be absent; nil also after having reported a wrong one.
    func optional<Value>(
        _ key: String,
        for keyPath: String?,
        expected: String,
        _ convert: (JSONValue) -> Value?
    ) -> Value? {
        read([key], for: keyPath, fallback: .value(nil), expected: expected, read: convert)
    }

    /// One token or several; empty if the field is absent, or after having reported a wrong one.
    func tokens(_ key: String) -> [ImportedToken] {
        let numbers = optional(key, for: nil, expected: "a token number, or an array of them") { value in
            value.integer.map { [$0] } ?? Self.elements(of: value) { $0.integer }
        }
        return (numbers ?? []).map { ImportedToken(number: $0, span: span(of: key)) }
    }

    /// One token; `fallback` is the class default.
    func token(_ key: String, default fallback: Int?) -> ImportedToken? {
        read([key], for: nil, fallback: .value(fallback), expected: "a token number") { $0.integer }
            .map { ImportedToken(number: $0, span: span(of: key)) }
    }

    private static func elements<Element>(
        of value: JSONValue,
        _ convert: (JSONValue) -> Element?
    ) -> [Element]? {
        guard let array = value.array else { return nil }
        let elements = array.compactMap(convert)
        return elements.count == array.count ? elements : nil
    }

    // MARK: - Accounting

    /// Reports every field that was not read and that `fields` does not know.
    func finish(_ fields: ConfigFields) {
        for member in members where !usedKeys.contains(member.key) && !member.value.isNull {
            let key = member.key
            if fields.irrelevant[key] != nil { continue }
            if let uncovered = fields.uncovered[key] {
                if !uncovered.allows(member.value) {
                    report(
                        "`\(key)` is \(Self.words(for: member.value)): \(uncovered.effect), which is not covered; "
                            + "only \(uncovered.neutralWords) can be imported",
                        at: key
                    )
                }
                continue
            }
            session.diagnostics.report(
                .warning(
                    "`\(key)` is not known: what it states is left out",
                    at: span(at: member.keyOffset)
                )
            )
        }
    }

    /// Counts fields as accounted for that another object, which has been read, states in their place; says where the
    /// two differ.
    func supersede(_ keys: Set<String>, by other: ConfigReader, named name: String) {
        for member in members where keys.contains(member.key) && !usedKeys.contains(member.key) {
            usedKeys.insert(member.key)
            guard !member.value.isNull else { continue }
            guard let counterpart = other.member(member.key)?.value, !counterpart.isNull else {
                warn("`\(member.key)` has no effect here: `\(name)` counts, and does not state it", at: member.key)
                continue
            }
            guard counterpart != member.value else { continue }
            warn(
                "`\(member.key)` is \(Self.words(for: member.value)) here, but "
                    + "\(Self.words(for: counterpart)) in `\(name)`, which counts",
                at: member.key
            )
        }
    }
}
