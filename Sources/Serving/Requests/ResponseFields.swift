// The table of OpenAI's responses: what the body of /v1/responses may hold.
// Not what becomes of the input: ResponseInput.swift.

import JSONText

/// Fields of `/v1/responses`.
enum ResponseFields {
    private static let noEffect = "Has no effect."

    private static let inputText = ObjectKind(
        "input_text",
        "ResponseInputText",
        [.required("text", .string, "The text.")]
    )

    private static let inputImage = ObjectKind(
        "input_image",
        "ResponseInputImage",
        [
            .required(
                "image_url",
                .string,
                "A data URI such as data:image/png;base64,..., or a URL that the server allows."
            ),
            FieldSchema(
                "detail",
                .choice(["auto", "low", "high", "original"]),
                "Has no effect: images keep their size."
            ),
            RefusedField(name: "file_id", reason: "files are not stored").schema,
        ]
    )

    private static let outputText = ObjectKind(
        "output_text",
        "ResponseOutputText",
        [
            .required("text", .string, "The text."),
            FieldSchema("annotations", .array(.any), noEffect),
            FieldSchema("logprobs", .array(.any), noEffect),
            FieldSchema("parsed", .any, noEffect),
        ]
    )

    private static let refusal = ObjectKind(
        "refusal",
        "ResponseRefusal",
        [.required("refusal", .string, "Why the model did not answer; read as its text.")]
    )

    private static let id = FieldSchema("id", .string, noEffect)
    private static let status = FieldSchema("status", .choice(["in_progress", "completed", "incomplete"]), noEffect)

    private static let message = ObjectKind(
        "message",
        "ResponseMessage",
        isDefault: true,
        [
            .required("role", .choice(["system", "developer", "user", "assistant"]), "Who speaks."),
            .required(
                "content",
                .either([.string, .array(.kinds([inputText, inputImage, outputText, refusal]))]),
                "What is said: text, or parts."
            ),
            FieldSchema("phase", .choice(["commentary", "final_answer"]), noEffect),
            id,
            status,
        ]
    )

    private static let functionCall = ObjectKind(
        "function_call",
        "ResponseFunctionCall",
        [
            .required("call_id", .string, "The name of the call, which its output refers to."),
            .required("name", .string, "The function."),
            .required("arguments", .string, "Its arguments, as JSON."),
            FieldSchema("parsed_arguments", .any, noEffect),
            id,
            status,
        ]
    )

    private static let functionCallOutput = ObjectKind(
        "function_call_output",
        "ResponseFunctionCallOutput",
        [
            .required("call_id", .string, "The call that it answers."),
            .required(
                "output",
                .either([.string, .array(.kinds([inputText, inputImage]))]),
                "What the function gave."
            ),
            id,
            status,
        ]
    )

    private static let reasoning = ObjectKind(
        "reasoning",
        "ResponseReasoning",
        [
            FieldSchema(
                "content",
                .array(
                    .kinds([
                        ObjectKind(
                            "reasoning_text",
                            "ResponseReasoningText",
                            [.required("text", .string, "What the model thought.")]
                        )
                    ])
                ),
                "What the model thought before it spoke."
            ),
            FieldSchema(
                "summary",
                .array(
                    .kinds([
                        ObjectKind("summary_text", "ResponseSummaryText", [.required("text", .string, "The summary.")])
                    ])
                ),
                "The same in short; read if there is no content."
            ),
            FieldSchema("encrypted_content", .any, "Only null: thoughts are told in clear."),
            id,
            status,
        ]
    )

    private static let tool = ObjectKind(
        "function",
        "ResponseFunctionTool",
        [
            .required("name", .string, "The name by which the model calls it."),
            FieldSchema("description", .string, "What it does, for the model."),
            FieldSchema("parameters", .object(ChatFields.anyObject), "A JSON schema of its arguments."),
            FieldSchema("strict", .boolean, "Whether arguments have no members that the schema does not name."),
        ]
    )

    private static let toolChoice = ValueSchema.either([
        .choice(["none", "auto", "required"]),
        .kinds([ObjectKind("function", "ResponseToolChoice", [.required("name", .string, "The function.")])]),
    ])

    private static let text = ObjectSchema(
        "ResponseTextConfiguration",
        [
            FieldSchema(
                "format",
                .kinds([
                    ObjectKind("text", "ResponseFormatText", []),
                    ObjectKind("json_object", "ResponseFormatJSONObject", []),
                    ObjectKind(
                        "json_schema",
                        "ResponseFormatJSONSchema",
                        [
                            FieldSchema("name", .string, "The name of the schema."),
                            FieldSchema("description", .string, "What it is for."),
                            .required("schema", .object(ChatFields.anyObject), "The schema."),
                            FieldSchema("strict", .boolean, "Whether there are no members that it does not name."),
                        ]
                    ),
                ]),
                "What the answer has to be."
            ),
            FieldSchema("verbosity", .choice(["medium"]), "Only medium: the model says as much as it does."),
        ]
    )

    private static let reasoningOptions = ObjectSchema(
        "ResponseReasoningOptions",
        [
            FieldSchema(
                "effort",
                .choice(["none", "minimal", "low", "medium", "high", "xhigh", "max"]),
                "How much the model thinks, if its chat template can be told; else it has no effect."
            ),
            FieldSchema(
                "summary",
                .choice(["auto", "concise", "detailed"]),
                "Has no effect: thoughts are told whole."
            ),
        ]
    )

    static let logProbabilities = "message.output_text.logprobs"

    static let refused = [
        RefusedField(name: "previous_response_id", reason: "answers are not stored; send the conversation as 'input'"),
        RefusedField(
            name: "conversation",
            reason: "conversations are not stored; send this one as 'input'"
        ),
        RefusedField(name: "background", reason: "answers are not stored, and could not be fetched later"),
        RefusedField(name: "prompt", reason: "prompts are not stored; send its text as 'instructions'"),
        RefusedField(name: "max_tool_calls", reason: "the server calls no tools itself"),
        RefusedField(name: "context_management", reason: "conversations are read as they are"),
    ]

    static let all: [FieldSchema] =
        [
            .required(
                "input",
                .either([
                    .string,
                    .array(.kinds([message, functionCall, functionCallOutput, reasoning]), counts: 1...65536),
                ]),
                "The conversation so far: a text, or items."
            ),
            FieldSchema("model", .string, "The model, or an adapter of it; the server's model without."),
            FieldSchema("instructions", .string, "What the model is told before the conversation."),
            FieldSchema("max_output_tokens", .integer(1...Int.max), "The most tokens of the answer."),
            FieldSchema(
                "include",
                .array(.choice([logProbabilities, "reasoning.encrypted_content"])),
                "What is told besides: log probabilities. Encrypted thoughts are not: they are told in clear."
            ),
            FieldSchema(
                "top_logprobs",
                .integer(0...64),
                "Log probabilities of so many of the most probable tokens, too."
            ),
            FieldSchema("text", .object(text), "What the answer has to be."),
            FieldSchema("tools", .array(.kinds([tool]), counts: 0...1024), "Tools that the model may call."),
            FieldSchema("tool_choice", toolChoice, "Whether it calls them, or which."),
            FieldSchema("parallel_tool_calls", .boolean, "Whether it may call several at once."),
            FieldSchema("reasoning", .object(reasoningOptions), "Whether and how much the model thinks."),
            FieldSchema(
                "truncation",
                .choice(["disabled"]),
                "Only disabled: a conversation that is too long is refused."
            ),
            FieldSchema("metadata", .map(.string), "Is told in the answer; kept by nobody."),
            FieldSchema("store", .boolean, "Only false: answers are not stored."),
            FieldSchema("service_tier", .choice(["auto", "default"]), "Has no effect: there is one tier."),
            FieldSchema("prompt_cache_key", .string, "Has no effect: equal beginnings are always found."),
            FieldSchema("safety_identifier", .string, noEffect),
            FieldSchema(
                "stream_options",
                .object(
                    ObjectSchema(
                        "ResponseStreamOptions",
                        [RefusedField(name: "include_obfuscation", reason: "pieces are sent as they are").schema]
                    )
                ),
                "What is sent besides the answer: nothing."
            ),
        ] + refused.map(\.schema) + sampling

    /// Those of chat completions, save what this interface calls otherwise or does not have.
    private static let sampling = SamplingFields.all.filter { field in
        !["n", "max_tokens", "stream_options"].contains(field.name)
    }
}
