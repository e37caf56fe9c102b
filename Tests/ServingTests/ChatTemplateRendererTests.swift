// Conversations by a checkpoint's chat template: where it is found, what it is given, and what is made of its errors.
// Not Jinja: ChatTemplatesTests.

import Glibc
import InputProcessing
import JSONText
import Testing

@testable import Serving

@Suite struct ChatTemplateRendererTests {
    /// Renders with the template that a folder of these files has.
    private static func render(
        _ conversation: Conversation,
        _ files: [String: String],
        imageToken: String? = nil
    ) throws -> RenderedChat? {
        try TemporaryFolder.with(files) { folder in
            try ChatTemplateFile(folder: folder).map { file in
                try ChatTemplateRenderer(file: file, imageToken: imageToken).render(conversation)
            }
        }
    }

    private static func turns(_ texts: (role: String, text: String)...) -> Conversation {
        Conversation(turns: texts.map { ConversationTurn(role: $0.role, parts: [.text($0.text)]) })
    }

    private static let list = "{% for m in messages %}[{{ m.role }}:{{ m.content }}]{% endfor %}"

    /// Messages of calls alone have no content; some templates must see that, others cannot read it.
    @Test func messagesWithoutContent() throws {
        let call = ConversationTurn.ToolCall(id: "c", name: "f", arguments: JSONValue(.object([])))
        var turn = ConversationTurn(role: "assistant", parts: [])
        turn.toolCalls = [call]
        let conversation = Conversation(turns: [turn])
        let telling = "{% for m in messages %}{{ 'calls' if m.content is none else m.content }}{% endfor %}"
        #expect(try Self.render(conversation, ["chat_template.jinja": telling])?.text == "calls")
        let reading = "{% for m in messages %}[{% for part in m.content %}{{ part.text }}{% endfor %}]{% endfor %}"
        #expect(try Self.render(conversation, ["chat_template.jinja": reading])?.text == "[]")
        let refusing = "{{ raise_exception('no content') }}"
        #expect(throws: RequestError.self) { try Self.render(conversation, ["chat_template.jinja": refusing]) }
    }

    // MARK: Where the template is

    @Test func filesInTheirOrder() throws {
        let conversation = Self.turns(("user", "Hi"))
        var files: [String: String] = [:]
        #expect(try Self.render(conversation, files) == nil)
        files["tokenizer_config.json"] = #"{"chat_template":"from the configuration"}"#
        #expect(try Self.render(conversation, files)?.text == "from the configuration")
        files["tokenizer_config.json"] =
            #"{"chat_template":[{"name":"default","template":"listed"},{"name":"tool_use","template":"listed for tools"}]}"#
        #expect(try Self.render(conversation, files)?.text == "listed")
        var withTools = conversation
        withTools.tools = [ToolDefinition(name: "f", description: nil, parameters: nil, isStrict: false)]
        #expect(try Self.render(withTools, files)?.text == "listed for tools")
        files["chat_template.json"] = #"{"chat_template":"from its own file"}"#
        #expect(try Self.render(conversation, files)?.text == "from its own file")
        files["chat_template.jinja"] = "from jinja"
        #expect(try Self.render(withTools, files)?.text == "from jinja")
        files["additional_chat_templates/tool_use.jinja"] = "from jinja for tools"
        #expect(try Self.render(withTools, files)?.text == "from jinja for tools")
        #expect(try Self.render(conversation, files)?.text == "from jinja")
    }

    @Test func aFileThatTakesTheCheckpointsPlace() throws {
        let files = ["chat_template.jinja": "the checkpoint's", "other.jinja": "{{ bos_token }}another"]
        try TemporaryFolder.with(files.merging(["tokenizer_config.json": #"{"bos_token":"<s>"}"#]) { $1 }) { folder in
            let file = try #require(try ChatTemplateFile(folder: folder, path: "\(folder)/other.jinja"))
            let renderer = ChatTemplateRenderer(file: file, imageToken: nil)
            #expect(try renderer.render(Self.turns(("user", "Hi"))).text == "<s>another")
            #expect(throws: ChatTemplateFileError.self) {
                try ChatTemplateFile(folder: folder, path: "\(folder)/none.jinja")
            }
        }
    }

    @Test func filesThatAreWrongAreNamed() {
        let conversation = Self.turns(("user", "Hi"))
        #expect(throws: ChatTemplateFileError.self) {
            try Self.render(conversation, ["tokenizer_config.json": "{"])
        }
        do {
            _ = try Self.render(conversation, ["chat_template.jinja": "{{ 1 }}\n{% unknown %}"])
            Issue.record("a template with an unknown statement was read")
        } catch {
            #expect("\(error)".contains("chat_template.jinja:2:"), "\(error)")
        }
    }

    // MARK: What it is given

    @Test func specialTokensOfTheConfiguration() throws {
        let rendered = try Self.render(
            Self.turns(("user", "Hi")),
            [
                "chat_template.jinja": "{{ bos_token }}\(Self.list){{ eos_token }}",
                "tokenizer_config.json": #"{"bos_token":"<s>","eos_token":{"content":"</s>","lstrip":false}}"#,
            ]
        )
        #expect(rendered?.text == "<s>[user:Hi]</s>")
        #expect(rendered?.messageText == [9..<11])
    }

    @Test func variablesAndTheirNames() throws {
        var conversation = Self.turns(("user", "Hi"))
        conversation.variables = [TemplateVariable(name: "enable_thinking", value: JSONValue(.boolean(false)))]
        let files = [
            "chat_template.jinja":
                "{% if enable_thinking is defined and not enable_thinking %}no thoughts{% endif %}{{ add_generation_prompt }}"
        ]
        #expect(try Self.render(conversation, files)?.text == "no thoughtsTrue")
        try TemporaryFolder.with(files) { folder in
            let file = try #require(try ChatTemplateFile(folder: folder))
            let renderer = ChatTemplateRenderer(file: file, imageToken: nil)
            #expect(renderer.reads(variable: "enable_thinking"))
            #expect(!renderer.reads(variable: "thinking"))
            #expect(renderer.reasoningMarks == nil)
        }
    }

    @Test func marksOfThoughts() throws {
        try TemporaryFolder.with(["chat_template.jinja": "{{ messages[0].content.split('</think>')[-1] }}"]) { folder in
            let file = try #require(try ChatTemplateFile(folder: folder))
            #expect(ChatTemplateRenderer(file: file, imageToken: nil).reasoningMarks?.end == "</think>")
        }
    }

    @Test func toolsAndTheirCalls() throws {
        var conversation = Conversation(turns: [
            ConversationTurn(
                role: "assistant",
                parts: [],
                reasoning: "because",
                toolCalls: [
                    .init(id: "1", name: "f", arguments: try JSONDocument(#"{"b": 1, "a": "<|im_end|>"}"#).root)
                ]
            ),
            ConversationTurn(role: "tool", parts: [.text("42")], toolCallID: "1"),
        ])
        let parameters = try JSONDocument(#"{"type":"object"}"#).root
        conversation.tools = [ToolDefinition(name: "f", description: "d", parameters: parameters, isStrict: false)]
        let rendered = try Self.render(
            conversation,
            [
                "chat_template.jinja":
                    "{{ tools | tojson }}|{{ messages[0].reasoning_content }}|{{ messages[0].content is none }}|"
                    + "{% for c in messages[0].tool_calls %}{{ c.function.name }}{{ c.function.arguments | tojson }}"
                    + "{% endfor %}|{{ messages[1].tool_call_id }}={{ messages[1].content }}"
            ]
        )
        let text = try #require(rendered).text
        #expect(
            text
                == #"[{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}]"#
                + #"|because|True|f{"b": 1, "a": "<|im_end|>"}|1=42"#
        )
        // What clients wrote can spell no special token, not even in arguments.
        let spelled = try #require(text.utf8.firstRange(of: "<|im_end|>".utf8))
        let start = text.utf8.distance(from: text.utf8.startIndex, to: spelled.lowerBound)
        #expect(rendered?.messageText.contains { $0.contains(start) && $0.contains(start + 9) } == true)
    }

    @Test func imagesAreParts() throws {
        let conversation = Conversation(turns: [
            ConversationTurn(role: "user", parts: [.image(1), .text("What?"), .image(0)])
        ])
        let rendered = try Self.render(
            conversation,
            [
                "chat_template.jinja":
                    "{% for p in messages[0].content %}{{ '<img>' if p.type == 'image' else p.text }}{% endfor %}"
            ],
            imageToken: "<img>"
        )
        #expect(rendered?.text == "<img>What?<img>")
        #expect(rendered?.images == [1, 0])
        #expect(rendered?.imageToken == "<img>")
    }

    // MARK: An answer that goes on

    @Test(arguments: [
        (Self.list, "The ", "[user:Hi][assistant:The "),
        (
            "{% for m in messages %}[{{ m.role }}:{{ m.content | trim }}]{% endfor %}", " The ",
            "[user:Hi][assistant:The"
        ),
        (Self.list, "", "[user:Hi][assistant:]"),
        // The message is found where it stands last, not in an earlier one.
        ("\(Self.list){{ messages[0].content }}", "Hi", "[user:Hi][assistant:Hi]Hi"),
    ]) func lastMessageGoesOn(_ template: String, _ last: String, _ expected: String) throws {
        var conversation = Self.turns(("user", "Hi"), ("assistant", last))
        conversation.continuesLastMessage = true
        conversation.addsGenerationPrompt = false
        let rendered = try #require(try Self.render(conversation, ["chat_template.jinja": template]))
        #expect(rendered.text == expected)
        #expect(rendered.messageText.allSatisfy { $0.upperBound <= rendered.text.utf8.count })
    }

    @Test func aMessageThatTheTemplateChangesCannotGoOn() {
        var conversation = Self.turns(("user", "Hi"), ("assistant", "The"))
        conversation.continuesLastMessage = true
        #expect(throws: RequestError.self) {
            try Self.render(conversation, ["chat_template.jinja": "{{ messages[1].content | upper }}"])
        }
    }

    // MARK: Errors

    @Test func aTemplateThatRefusesIsA400() async throws {
        try await TemporaryFolder.with(
            ["chat_template.jinja": "{{ raise_exception('Roles must alternate: ' ~ messages[0].role) }}"]
        ) { folder in
            let file = try #require(try ChatTemplateFile(folder: folder))
            let model = RunningServer.model(ChatTemplateRenderer(file: file, imageToken: nil))
            let response = try await RunningServer.with(ScriptedEngine(["x"]), model: model) { server in
                try await server.post("/v1/chat/completions", #"{"messages":[{"role":"user","content":"Hi"}]}"#)
            }
            #expect(response.status == 400)
            #expect(response.error.message == "Roles must alternate: user")
            #expect(response.error.code == "chat_template")
        }
    }

    /// The checkpoint's own template gives the text that the format of the model's description gives.
    @Test func theTemplateOfATinyCheckpoint() throws {
        let file = try #require(
            try ChatTemplateFile(folder: "\(RunningServer.fixtures)/checkpoints/tiny-qwen25vl-a")
        )
        let conversation = Conversation(turns: [
            ConversationTurn(role: "system", parts: [.text("Be brief.")]),
            ConversationTurn(role: "user", parts: [.image(0), .text("총액?")]),
        ])
        let byTemplate = try ChatTemplateRenderer(file: file, imageToken: "<|image_pad|>").render(conversation)
        let byFormat = try ChatFormatRenderer(format: RunningServer.chatFormat).render(conversation)
        #expect(byTemplate.text == byFormat.text)
        #expect(byTemplate.images == byFormat.images)
    }
}
