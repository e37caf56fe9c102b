// Calls of tools as models write them, as constraints: at will, required, of one function, one or several.
// Not the reading of calls in an answer. Next: TaggedText.swift.

import JSONText

/// A function that a model may call.
public struct CallableTool: Hashable, Sendable {
    /// Its name.
    public var name: String
    /// What its arguments must be.
    public var parameters: JSONSchema

    /// Makes a tool.
    public init(name: String, parameters: JSONSchema) {
        self.name = name
        self.parameters = parameters
    }
}

/// How a family of models writes a call.
public struct ToolCallFormat: Hashable, Sendable {
    /// The text by which a call is known in free text.
    public var trigger: String
    /// The texts before the name (a JSON string), between name and arguments (JSON), and after the arguments. The first
    /// begins with the trigger.
    public var beforeName: String, beforeArguments: String, afterArguments: String
    /// What stands between calls where there is no free text.
    public var separator: String

    /// Makes a format.
    public init(
        trigger: String,
        beforeName: String,
        beforeArguments: String,
        afterArguments: String,
        separator: String
    ) {
        self.trigger = trigger
        self.beforeName = beforeName
        self.beforeArguments = beforeArguments
        self.afterArguments = afterArguments
        self.separator = separator
    }

    /// `<tool_call>` with a JSON object in it, as Qwen2.5, Qwen3 and Hermes write it.
    public static let hermes = ToolCallFormat(
        trigger: "<tool_call>",
        beforeName: "<tool_call>\n{\"name\": ",
        beforeArguments: ", \"arguments\": ",
        afterArguments: "}\n</tool_call>",
        separator: "\n"
    )

    func tag(_ tool: CallableTool) -> TaggedText.Tag {
        let name = String(decoding: JSONGrammar.quoted(tool.name), as: UTF8.self)
        return TaggedText.Tag(
            begin: beforeName + name + beforeArguments,
            content: .named("tool \(name)", .jsonSchema(tool.parameters)),
            end: afterArguments
        )
    }
}

/// Whether and what a model must call.
public enum ToolChoice: Hashable, Sendable {
    /// Text, calls, or both.
    case automatic
    /// At least one call of any tool.
    case required
    /// At least one call, and of this function only.
    case function(String)
}

extension Constraint {
    /// An answer that may or must call tools.
    ///
    /// - Parameters:
    ///   - tools: the functions that may be called.
    ///   - choice: whether and what must be called.
    ///   - allowsParallelCalls: whether there may be several calls; with one allowed, the answer ends after it.
    ///   - allowsText: whether free text may stand around calls that must come; where calls are at will, it always may.
    ///   - format: how calls are written.
    /// - Throws: `ConstraintError` if there is no tool to call.
    public static func toolCalls(
        _ tools: [CallableTool],
        choice: ToolChoice,
        allowsParallelCalls: Bool = true,
        allowsText: Bool = false,
        format: ToolCallFormat = .hermes
    ) throws(ConstraintError) -> Constraint {
        var callable = tools
        if case .function(let name) = choice {
            callable = tools.filter { $0.name.utf8.elementsEqual(name.utf8) }
            guard !callable.isEmpty else {
                let names = tools.map(\.name.debugDescription).joined(separator: ", ")
                throw ConstraintError(.whole, "there is no tool \(name.debugDescription); tools are \(names)")
            }
        }
        guard !callable.isEmpty else { throw ConstraintError(.whole, "there is no tool to call") }
        let tags = callable.map(format.tag)
        if allowsText || choice == .automatic {
            let atLeast = choice == .automatic ? 0 : 1
            let atMost = allowsParallelCalls ? nil : 1
            return .taggedText(
                TaggedText(triggers: [format.trigger], tags: tags, atLeast: atLeast, atMost: atMost)
            )
        }
        let call = Constraint.anyOf(tags.map(\.constraint))
        guard allowsParallelCalls else { return call }
        let more = Constraint.sequence([.literal(format.separator), call])
        return .sequence([call, .repeated(more, atLeast: 0, atMost: nil)])
    }
}

extension TaggedText.Tag {
    /// The tag alone.
    public var constraint: Constraint { .sequence([.literal(begin), content, .literal(end)]) }
}
