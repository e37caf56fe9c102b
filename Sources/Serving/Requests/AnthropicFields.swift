// The tables of Anthropic's messages: what the bodies of /v1/messages and /v1/messages/count_tokens may hold.
// Not what becomes of the messages: AnthropicConversation.swift.

import JSONText

/// Fields of Anthropic's interface.
enum AnthropicFields {
    private static let cacheControl = FieldSchema(
        "cache_control",
        .any,
        "Has no effect: equal beginnings are always found."
    )

    static let text = ObjectKind(
        "text",
        "AnthropicTextBlock",
        [
            .required("text", .string, "The text."),
            FieldSchema("citations", .any, "Has no effect: the text is all that the model reads."),
            cacheControl,
        ]
    )

    static let image = ObjectKind(
        "image",
        "AnthropicImageBlock",
        [
            .required(
                "source",
                .kinds([
                    ObjectKind(
                        "base64",
                        "AnthropicBase64Source",
                        [
                            .required("data", .string, "The file in base64."),
                            FieldSchema("media_type", .string, "Has no effect: the file's first bytes tell."),
                        ]
                    ),
                    ObjectKind(
                        "url",
                        "AnthropicURLSource",
                        [
                            .required(
                                "url",
                                .string,
                                "A data URI, or a URL that the server allows."
                            )
                        ]
                    ),
                ]),
                "Where the image is."
            ),
            cacheControl,
        ]
    )

    static let toolUse = ObjectKind(
        "tool_use",
        "AnthropicToolUseBlock",
        [
            .required("id", .string, "The name of the call, which its result refers to."),
            .required("name", .string, "The tool."),
            .required("input", .object(ChatFields.anyObject), "Its arguments."),
            cacheControl,
        ]
    )

    static let toolResult = ObjectKind(
        "tool_result",
        "AnthropicToolResultBlock",
        [
            .required("tool_use_id", .string, "The call that it answers."),
            FieldSchema("content", .either([.string, .array(.kinds([text, image]))]), "What the tool gave."),
            FieldSchema("is_error", .boolean, "Whether the tool failed; the model is told so."),
            cacheControl,
        ]
    )

    static let thinking = ObjectKind(
        "thinking",
        "AnthropicThinkingBlock",
        [
            .required("thinking", .string, "What the model thought."),
            FieldSchema("signature", .string, "Has no effect: thoughts are not signed."),
        ]
    )

    static let message = ObjectSchema(
        "AnthropicMessage",
        [
            .required("role", .choice(["user", "assistant", "system"]), "Who speaks."),
            .required(
                "content",
                .either([.string, .array(.kinds([text, image, toolUse, toolResult, thinking]))]),
                "What is said: text, or blocks."
            ),
        ]
    )

    static let tool = ObjectKind(
        "custom",
        "AnthropicTool",
        isDefault: true,
        [
            .required("name", .string, "The name by which the model calls it."),
            FieldSchema("description", .string, "What it does, for the model."),
            .required("input_schema", .object(ChatFields.anyObject), "A JSON schema of its arguments."),
            FieldSchema("strict", .boolean, "Whether arguments have no members that the schema does not name."),
            FieldSchema("eager_input_streaming", .boolean, "Has no effect: arguments are sent as they are made."),
            cacheControl,
        ]
    )

    private static let parallel = FieldSchema(
        "disable_parallel_tool_use",
        .boolean,
        "Whether the model calls one tool at a time."
    )

    private static let toolChoice = ValueSchema.kinds([
        ObjectKind("auto", "AnthropicToolChoiceAuto", [parallel]),
        ObjectKind("any", "AnthropicToolChoiceAny", [parallel]),
        ObjectKind("tool", "AnthropicToolChoiceTool", [.required("name", .string, "The tool."), parallel]),
        ObjectKind("none", "AnthropicToolChoiceNone", []),
    ])

    private static let display = FieldSchema(
        "display",
        .choice(["summarized"]),
        "Has no effect: thoughts are told whole."
    )

    private static let thinkingChoice = ValueSchema.kinds([
        ObjectKind("disabled", "AnthropicThinkingDisabled", []),
        ObjectKind(
            "enabled",
            "AnthropicThinkingEnabled",
            [
                FieldSchema(
                    "budget_tokens",
                    .integer(1...Int.max),
                    "Less than max_tokens, which bounds thoughts and answer together; no bound of its own."
                ),
                display,
            ]
        ),
        ObjectKind("adaptive", "AnthropicThinkingAdaptive", [display]),
    ])

    private static let outputConfiguration = ObjectSchema(
        "AnthropicOutputConfiguration",
        [
            FieldSchema(
                "effort",
                .choice(["low", "medium", "high", "xhigh", "max"]),
                "How much the model thinks, if its chat template can be told."
            ),
            FieldSchema(
                "format",
                .kinds([
                    ObjectKind(
                        "json_schema",
                        "AnthropicJSONFormat",
                        [.required("schema", .object(ChatFields.anyObject), "The schema.")]
                    )
                ]),
                "What the answer has to be."
            ),
        ]
    )

    static let refused = [
        RefusedField(name: "container", reason: "the model runs no code"),
        RefusedField(name: "context_management", reason: "conversations are read as they are"),
        RefusedField(name: "mcp_servers", reason: "this server asks no others"),
    ]

    /// What counting tokens takes, and answering, too.
    static let counted: [FieldSchema] =
        [
            .required("messages", .array(.object(message), counts: 1...65536), "The conversation so far."),
            FieldSchema("model", .string, "The model, or an adapter of it; the server's model without."),
            FieldSchema(
                "system",
                .either([.string, .array(.kinds([text]))]),
                "What the model is told before the conversation."
            ),
            FieldSchema("tools", .array(.kinds([tool]), counts: 0...1024), "Tools that the model may call."),
            FieldSchema("tool_choice", toolChoice, "Whether it calls them, or which."),
            FieldSchema("thinking", thinkingChoice, "Whether it thinks before it speaks; its own way without."),
            FieldSchema("output_config", .object(outputConfiguration), "What the answer has to be, and its effort."),
            cacheControl,
        ] + refused.map(\.schema)

    /// What answering takes.
    static let all: [FieldSchema] =
        counted + [
            .required("max_tokens", .integer(1...Int.max), "The most tokens of the answer."),
            FieldSchema("temperature", .number(), "Divides the logits; 0 takes the most probable token every time."),
            FieldSchema("top_p", .number(), "Keeps the most probable tokens that together have this probability."),
            FieldSchema("top_k", .integer(), "Keeps so many of the most probable tokens; 0 or -1 keeps all."),
            FieldSchema("stop_sequences", .array(.string, counts: 0...64), "Texts that end the answer."),
            FieldSchema("stream", .boolean, "Whether the answer is sent piece by piece as it is made."),
            FieldSchema(
                "metadata",
                .object(
                    ObjectSchema(
                        "AnthropicMetadata",
                        [FieldSchema("user_id", .string, "Whom the work is for; the machine is shared fairly.")]
                    )
                ),
                "Whom the work is for."
            ),
            FieldSchema("service_tier", .choice(["auto", "standard_only"]), "Has no effect: there is one tier."),
        ]
}
