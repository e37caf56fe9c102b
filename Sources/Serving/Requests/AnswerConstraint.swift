// What the text of an answer has to be: which shape a request asks for and which tools must be called, as one constraint.
// Not which fields say so: StructuredOutputFields.swift, ToolFields.swift. Next: ../Model/ModelConstraints.swift.

import JSONText
import ServingEngine
import StructuredOutput

/// What the text of an answer has to be.
enum AnswerShape: Sendable {
    case text
    /// Any JSON object.
    case jsonObject
    /// JSON of this schema. Strict schemas allow no members that they do not name.
    case jsonSchema(JSONValue, isStrict: Bool)
    /// Something else, and the field that asks for it.
    case constraint(Constraint, field: String)

    /// As a constraint, and the field that asks for it; nil for any text.
    fileprivate var constraint: (Constraint, field: String)? {
        switch self {
        case .text: nil
        case .jsonObject: (.jsonObject(.standard), "response_format")
        case .jsonSchema(let schema, let isStrict):
            (.jsonSchema(JSONSchema(schema, options: isStrict ? .strict : .standard)), "response_format")
        case .constraint(let constraint, let field): (constraint, field)
        }
    }
}

extension ToolPolicy {
    /// The calls that an answer must consist of; nil if it may be any text.
    fileprivate var forcedCalls: ToolChoice? {
        switch choice {
        case .never, .auto: nil
        case .required: .required
        case .named(let name): .function(name)
        }
    }

    /// Tools as constraints know them.
    ///
    /// - Parameter areChecked: whether arguments of tools that are not strict obey their schema, too.
    fileprivate func callable(areChecked: Bool) throws(RequestError) -> [CallableTool] {
        var callable: [CallableTool] = []
        for (index, tool) in tools.enumerated() {
            guard !tool.name.isEmpty else {
                throw .invalid("'tools[\(index)]' has an empty name", param: "tools[\(index)]")
            }
            let schema = areChecked || tool.isStrict ? try tool.objectSchema(at: index) : Self.anyObject
            callable.append(
                CallableTool(
                    name: tool.name,
                    parameters: JSONSchema(schema, options: tool.isStrict ? .strict : .standard)
                )
            )
        }
        return callable
    }

    private static let anyObject = JSONValue(
        .object([JSONMember(key: "type", value: JSONValue(.string("object")))])
    )
}

extension ToolDefinition {
    /// The schema of the arguments, which are an object whether or not the schema says so. A tool without a schema takes
    /// none.
    fileprivate func objectSchema(at index: Int) throws(RequestError) -> JSONValue {
        let object = JSONMember(key: "type", value: JSONValue(.string("object")))
        guard let parameters, !parameters.isNull else {
            let closed = JSONMember(key: "additionalProperties", value: JSONValue(.boolean(false)))
            return JSONValue(.object([object, closed]))
        }
        guard let type = parameters["type"] else { return JSONValue(.object([object] + (parameters.object ?? []))) }
        guard type.string == "object" else {
            throw .invalid(
                "'tools[\(index)]' (\(name)): the schema of its arguments must be of type \"object\"",
                param: "tools[\(index)]"
            )
        }
        return parameters
    }
}

extension ServedModel {
    /// What the answers of a request have to be; nil if they may be any text.
    ///
    /// Calls that must come have the form that `AnswerReader` knows. Calls at will are free, as elsewhere, unless a tool is
    /// strict: then what begins as a call becomes a valid one. With a shape and tools at will, the answer is either.
    /// Thoughts go before all of it and are free.
    func constraint(_ chat: ChatRequest, _ format: AnswerFormat) throws(RequestError) -> (any TokenConstraint)? {
        guard let (constraint, field) = try Self.constraint(chat) else { return nil }
        return try constraints.tokens(format.withThoughts(constraint), field: field)
    }

    /// What a text that goes on has to be; nil if it may be anything.
    func constraint(_ shape: AnswerShape) throws(RequestError) -> (any TokenConstraint)? {
        guard let (constraint, field) = shape.constraint else { return nil }
        return try constraints.tokens(constraint, field: field)
    }

    private static func constraint(_ chat: ChatRequest) throws(RequestError) -> (Constraint, field: String)? {
        let tools = chat.tools
        let shape = chat.shape.constraint
        func calls(_ choice: ToolChoice, areChecked: Bool) throws(RequestError) -> Constraint {
            let callable = try tools.callable(areChecked: areChecked)
            // One function that is called by name is called once.
            var isOne = !tools.allowsParallel
            if case .function = choice { isOne = true }
            do {
                return try .toolCalls(callable, choice: choice, allowsParallelCalls: !isOne)
            } catch {
                throw .constraint(error, field: "tools")
            }
        }
        if let choice = tools.forcedCalls { return (try calls(choice, areChecked: true), "tools") }
        guard !tools.offered.isEmpty else { return shape }
        guard let (constraint, field) = shape else {
            let hasStrict = tools.tools.contains(where: \.isStrict)
            return hasStrict ? (try calls(.automatic, areChecked: false), "tools") : nil
        }
        return (.anyOf([constraint, try calls(.required, areChecked: false)]), field)
    }
}

extension AnswerFormat {
    /// The constraint on an answer whose thoughts are free.
    fileprivate func withThoughts(_ constraint: Constraint) -> Constraint {
        guard let marks = reasoningMarks else { return constraint }
        let thought = Constraint.sequence([
            .freeText(excluding: [marks.end]), .literal(marks.end),
            .repeated(.literal("\n"), atLeast: 0, atMost: 2), constraint,
        ])
        return startsInReasoning ? thought : .anyOf([constraint, .sequence([.literal(marks.begin), thought])])
    }
}
