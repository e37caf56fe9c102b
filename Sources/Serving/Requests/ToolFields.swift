// The tools of a chat request: `tools`, `tool_choice`, `parallel_tool_calls`.
// Not the shape of its answers: StructuredOutputFields.swift.

import JSONText

/// Fields of `/v1/chat/completions` about tools and the shape of answers.
enum ToolFields {
    static let function = ObjectSchema(
        "FunctionDefinition",
        [
            .required("name", .string, "The name by which the model calls it."),
            FieldSchema("description", .string, "What it does, for the model."),
            FieldSchema("parameters", .object(ChatFields.anyObject), "A JSON schema of its arguments."),
            FieldSchema("strict", .boolean, "Whether arguments have no members that the schema does not name."),
        ]
    )

    static let tool = ObjectSchema(
        "Tool",
        [
            .required("type", .choice(["function"]), "The kind of tool."),
            .required("function", .object(function), "The function."),
        ]
    )

    static let namedChoice = ObjectSchema(
        "NamedToolChoice",
        [
            .required("type", .choice(["function"]), "The kind of tool."),
            .required(
                "function",
                .object(ObjectSchema("FunctionName", [.required("name", .string, "The function.")])),
                "The function that is called."
            ),
        ]
    )

    static let all: [FieldSchema] = [
        FieldSchema("tools", .array(.object(tool), counts: 0...1024), "Tools that the model may call."),
        FieldSchema(
            "tool_choice",
            .either([.choice(["none", "auto", "required"]), .object(namedChoice)]),
            "Whether it calls them, or which."
        ),
        FieldSchema("parallel_tool_calls", .boolean, "Whether it may call several at once."),
    ]

    /// The tools of a request.
    static func policy(_ body: JSONValue) throws(RequestError) -> ToolPolicy {
        var policy = ToolPolicy()
        for tool in body["tools"]?.array ?? [] {
            policy.tools.append(
                ToolDefinition(
                    name: tool["function"]?["name"]?.string ?? "",
                    parameters: tool["function"]?["parameters"],
                    isStrict: tool["function"]?["strict"]?.boolean ?? false,
                    definition: tool
                )
            )
        }
        policy.allowsParallel = body["parallel_tool_calls"]?.boolean ?? true
        policy.choice = ToolPolicy.Choice(body["tool_choice"]?.string)
        if let name = body["tool_choice"]?["function"]?["name"]?.string { policy.choice = .named(name) }
        try policy.check(field: "tool_choice")
        return policy
    }
}

extension ToolDefinition {
    /// A function, shown to the model as chat completions state it.
    init(name: String, description: String?, parameters: JSONValue?, isStrict: Bool) {
        var function = [JSONMember(key: "name", value: JSONValue(.string(name)))]
        if let description { function.append(JSONMember(key: "description", value: JSONValue(.string(description)))) }
        if let parameters { function.append(JSONMember(key: "parameters", value: parameters)) }
        self.init(
            name: name,
            parameters: parameters,
            isStrict: isStrict,
            definition: JSONValue(
                .object([
                    JSONMember(key: "type", value: JSONValue(.string("function"))),
                    JSONMember(key: "function", value: JSONValue(.object(function))),
                ])
            )
        )
    }
}

extension ToolPolicy.Choice {
    /// What OpenAI's word means; nil for none.
    init(_ word: String?) {
        switch word {
        case "none": self = .never
        case "required": self = .required
        default: self = .auto
        }
    }
}

extension ToolPolicy {
    /// Checks that what has to be called can be.
    func check(field: String) throws(RequestError) {
        switch choice {
        case .never, .auto: return
        case .required:
            guard !tools.isEmpty else {
                throw .invalid("'\(field)' demands a call, but there are no tools", param: field)
            }
        case .named(let name):
            guard tools.contains(where: { $0.name == name }) else {
                throw .invalid("'\(field)' names the tool \"\(name)\", which is not among the tools", param: field)
            }
        }
    }
}
