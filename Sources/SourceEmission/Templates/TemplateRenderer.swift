// Renders the Stencil templates that the compiler carries, and refuses what Stencil would let pass in silence:
// a variable that nobody gives, and a value that no template asks for.
// The templates are in kernels/; Swift code of a model is not made of templates but of syntax (Swift/).

import Stencil

/// A template and its values do not fit together: our own bug, found by the tests of each template.
public struct TemplateMismatch: Error, Sendable, Hashable, CustomStringConvertible {
    /// The path of the template in `kernels/`.
    public let template: String
    /// What is wrong.
    public let message: String

    /// A sentence.
    public var description: String { "template \(template): \(message)" }
}

/// Renders templates.
public struct TemplateRenderer: Sendable {
    /// A renderer of the embedded templates.
    public init() {}

    /// The names of all templates, sorted.
    public static var templates: [String] { EmbeddedTemplates.all.keys.sorted() }

    /// The text of the template `name` with `values` put in.
    ///
    /// - Throws: `TemplateMismatch` if there is no such template, if it reads a variable that `values` lacks, or if
    ///   `values` holds one that it does not read.
    public func render(_ name: String, _ values: [String: any Sendable]) throws -> String {
        guard let text = EmbeddedTemplates.all[name] else {
            throw TemplateMismatch(template: name, message: "there is no such template")
        }
        let read = Self.variables(of: text)
        let missing = read.subtracting(values.keys).sorted()
        let surplus = Set(values.keys).subtracting(read).sorted()
        guard missing.isEmpty, surplus.isEmpty else {
            throw TemplateMismatch(
                template: name,
                message: "it reads \(missing) which nobody gives, and is given \(surplus) unread"
            )
        }
        return try Environment(trimBehaviour: .nothing).renderTemplate(string: text, context: values)
    }

    /// The variables that a template takes from outside: those of `{{ }}` and `{% for in %}` that no loop defines.
    static func variables(of text: String) -> Set<String> {
        var outer: Set<String> = []
        var loops: Set<String> = []
        for token in tokens(of: text) {
            let words = token.content.split(separator: " ").map(String.init)
            if token.isTag {
                guard words.count >= 4, words[0] == "for", words[2] == "in" else { continue }
                loops.insert(words[1])
                outer.insert(root(of: words[3]))
            } else if let variable = words.first {
                outer.insert(root(of: variable))
            }
        }
        return outer.subtracting(loops)
    }

    private static func root(of variable: String) -> String {
        String(variable.prefix { $0 != "." && $0 != "|" })
    }

    private static func tokens(of text: String) -> [(content: String, isTag: Bool)] {
        var tokens: [(String, Bool)] = []
        var rest = Substring(text)
        while let open = rest.firstIndex(of: "{") {
            rest = rest[rest.index(after: open)...]
            guard let kind = rest.first, kind == "{" || kind == "%" else { continue }
            let close = kind == "{" ? "}}" : "%}"
            guard let end = rest.firstRange(of: close) else { break }
            let content = rest[rest.index(after: rest.startIndex)..<end.lowerBound]
            tokens.append((content.trimmingSpaces, kind == "%"))
            rest = rest[end.upperBound...]
        }
        return tokens
    }
}

extension Substring {
    fileprivate var trimmingSpaces: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
