// Reads the front matter of a model card: licence, base model and languages.
// Not the card's text. YAML's anchors are never expanded: only a few scalars and lists of scalars are looked at.

import Diagnostics
import Yams

/// What a model card states.
struct ModelCard {
    var license: String?
    var baseModel: String?
    var languages: [String] = []

    /// Reads `README.md`; what cannot be read is warned of, since nothing depends on it.
    init(session: ImportSession) {
        guard let bytes = session.files.contents[.readme] else { return }
        let text = String(decoding: bytes, as: UTF8.self)
        guard let frontMatter = Self.frontMatter(of: text) else { return }
        do {
            guard let node = try Yams.compose(yaml: frontMatter), let mapping = node.mapping else { return }
            let license = mapping["license"]?.string
            // A licence that the hub does not list is called "other" and named beside.
            self.license = license == nil || license == "other" ? mapping["license_name"]?.string ?? license : license
            baseModel = Self.strings(mapping["base_model"]).first
            var seen: Set<String> = []
            languages = Self.strings(mapping["language"]).filter { !$0.isEmpty && seen.insert($0).inserted }
        } catch {
            session.diagnostics.report(
                .warning(
                    "the front matter of this model card is not YAML: licence and languages are left out",
                    at: Self.place(of: error, session: session)
                )
            )
        }
    }

    /// The lines between the first line, `---`, and the next such line.
    private static func frontMatter(of text: String) -> String? {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        guard let first = lines.first, first == "---", let end = lines.dropFirst().firstIndex(of: "---") else {
            return nil
        }
        return lines[1..<end].joined(separator: "\n")
    }

    /// The scalars of a list, or one scalar.
    private static func strings(_ node: Node?) -> [String] {
        guard let node else { return [] }
        if let sequence = node.sequence { return sequence.compactMap(\.string) }
        return node.string.map { [$0] } ?? []
    }

    private static func place(of error: any Error, session: ImportSession) -> SourceSpan {
        var place = session.place(of: .readme)
        switch error {
        case YamlError.scanner(_, _, let mark, _), YamlError.parser(_, _, let mark, _),
            YamlError.composer(_, _, let mark, _):
            // The front matter begins on line 2.
            place.start.line = mark.line + 1
            place.start.column = max(mark.column, 1)
            return SourceSpan(place.start)
        default:
            return place
        }
    }
}
