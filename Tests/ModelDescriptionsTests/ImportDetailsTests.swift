// Details of imports: rotary scaling, spellings of one field, chat templates, model cards and names.
// Not whole checkpoints: ImportTests compares those with models/.

import Diagnostics
import Testing

@testable import ModelDescriptions

struct ImportDetailsTests {
    /// Imports a checkpoint of the fixtures after changing the text of its files.
    private func outcome(
        _ checkpoint: String,
        _ edits: [HuggingFaceFiles.Name: [(String, String)]] = [:],
        files added: [HuggingFaceFiles.Name: String?] = [:]
    ) throws -> HuggingFaceImporter.Outcome {
        var files = try ImportCase.files(of: checkpoint)
        for (name, changes) in edits {
            var text = String(decoding: try #require(files.contents[name]), as: UTF8.self)
            for (found, replacement) in changes {
                #expect(text.contains(found), "\(found)")
                text = text.replacing(found, with: replacement)
            }
            files.contents[name] = Array(text.utf8)
        }
        for (name, text) in added { files.contents[name] = text.map { Array($0.utf8) } }
        return HuggingFaceImporter(name: "m").importModel(files)
    }

    private func rope(_ scaling: String) throws -> RotaryEmbedding {
        let outcome = try outcome(
            "tiny-smollm2-d",
            [.config: [("\"rope_scaling\": null", "\"rope_scaling\": \(scaling)")]]
        )
        #expect(outcome.diagnostics == [])
        let attention = try #require(outcome.description?.decoder.attention.parameters as? SelfAttention)
        return attention.rope
    }

    // MARK: - Rotary scaling

    @Test func `linear scaling`() throws {
        #expect(try rope("{\"type\": \"linear\", \"factor\": 2.0}").scaling == .linear(factor: 2))
        #expect(try rope("{\"rope_type\": \"default\"}").scaling == nil)
        #expect(try rope("{}").scaling == nil)
    }

    @Test func `scaling of Llama 3`() throws {
        let text = """
            {"rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, \
            "original_max_position_embeddings": 4096, "rope_theta": 12345.0}
            """
        let rope = try rope(text)
        #expect(rope.theta == 12345)
        let expected = RotaryScaling.Llama3(
            factor: 32,
            lowFrequencyFactor: 1,
            highFrequencyFactor: 4,
            originalContext: 4096
        )
        #expect(rope.scaling == .llama3(expected))
    }

    @Test func `YaRN, with what the paper recommends where nothing is stated`() throws {
        let stated = """
            {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 2048, "beta_fast": 16, \
            "beta_slow": 2, "attention_factor": 1.25, "truncate": false}
            """
        #expect(
            try rope(stated).scaling
                == .yarn(
                    RotaryScaling.YaRN(
                        factor: 4,
                        originalContext: 2048,
                        betaFast: 16,
                        betaSlow: 2,
                        attentionFactor: 1.25,
                        truncate: false
                    )
                )
        )
        guard
            case .yarn(let scaling)? = try rope("{\"rope_type\": \"yarn\", \"factor\": 4.0, \"beta_fast\": 0}").scaling
        else {
            Issue.record("this must be YaRN")
            return
        }
        // 0.1 · ln 4 + 1
        #expect(abs(scaling.attentionFactor - 1.138629436111989) <= 1e-15)
        #expect(scaling.betaFast == 32)
        #expect(scaling.betaSlow == 1)
        #expect(scaling.truncate)
        #expect(scaling.originalContext == 8192)
        let text = "{\"rope_type\": \"yarn\", \"factor\": 4.0, \"mscale\": 0.5, \"mscale_all_dim\": 1.0}"
        guard case .yarn(let scaled)? = try rope(text).scaling else {
            Issue.record("this must be YaRN")
            return
        }
        // (0.05 · ln 4 + 1) / (0.1 · ln 4 + 1)
        #expect(abs(scaled.attentionFactor - 0.939124428143471) <= 1e-15)
    }

    @Test func `interleaved sections`() throws {
        let outcome = try outcome(
            "tiny-qwen25vl-a",
            [
                .config: [
                    ("\"type\": \"mrope\"", "\"type\": \"mrope\", \"mrope_interleaved\": true"),
                    ("      2,\n      3,\n      3\n", "      4,\n      2,\n      2\n"),
                ]
            ]
        )
        let attention = try #require(outcome.description?.decoder.attention.parameters as? SelfAttention)
        #expect(attention.rope.positions == .multimodal(sections: [4, 2, 2], layout: .interleaved))
    }

    // MARK: - Fields that are absent

    @Test func `class defaults take the place of absent fields, and the text says so`() throws {
        let outcome = try outcome("tiny-smollm2-d", [.config: [("  \"mlp_bias\": false,\n", "")]])
        #expect(outcome.diagnostics == [])
        #expect(outcome.text?.contains("bias = false  # not in config.json: default of transformers 5.23.0\n") == true)
    }

    @Test func `null means as many key heads as query heads`() throws {
        let outcome = try outcome(
            "tiny-qwen25vl-a",
            [.config: [("\"num_key_value_heads\": 2", "\"num_key_value_heads\": null")]]
        )
        #expect((outcome.description?.decoder.attention.parameters as? SelfAttention)?.kvHeads == 4)
    }

    @Test func `a tied head may be stated in the text configuration alone`() throws {
        let outcome = try outcome(
            "tiny-qwen25vl-f",
            [
                .config: [
                    ("  \"tie_word_embeddings\": true,\n", ""),
                    ("\"use_cache\": true", "\"use_cache\": true, \"tie_word_embeddings\": true"),
                ]
            ]
        )
        #expect(outcome.diagnostics == [])
        #expect(outcome.description?.decoder.tiedEmbeddings == true)
    }

    @Test func `without generation_config.json the model is greedy`() throws {
        let outcome = try outcome("tiny-smollm2-a", files: [.generationConfig: nil])
        #expect(outcome.diagnostics == [])
        #expect(outcome.description?.generation == ModelDescription.Generation())
        #expect(outcome.description?.tokenizer.endOfText == ["<|im_end|>"])
    }

    @Test func `temperature 0 is greedy`() throws {
        let outcome = try outcome(
            "tiny-qwen25vl-a",
            [.generationConfig: [("\"temperature\": 1e-06", "\"temperature\": 0")]]
        )
        #expect(outcome.diagnostics == [])
        #expect(outcome.description?.generation.sample == false)
        #expect(outcome.description?.generation.temperature == 1)
    }

    @Test func `a bound of new tokens is imported`() throws {
        let outcome = try outcome("tiny-smollm2-a", [.generationConfig: [("{", "{\"max_new_tokens\": 77, ")]])
        #expect(outcome.description?.generation.maximumTokens == 77)
    }

    // MARK: - Image processors

    @Test(arguments: [
        "\"min_pixels\": 3136, \"max_pixels\": 94080",
        "\"size\": {\"shortest_edge\": 3136, \"longest_edge\": 94080}",
        "\"size\": {\"min_pixels\": 3136, \"max_pixels\": 94080}",
        "\"min_pixels\": 3136, \"size\": {\"shortest_edge\": 3136, \"longest_edge\": 94080}",
    ])
    func `limits of area have several spellings`(spelling: String) throws {
        let text = "{\"image_processor_type\": \"Qwen2VLImageProcessor\", \(spelling)}"
        let expected = try outcome("tiny-qwen25vl-a").description?.image
        #expect(try outcome("tiny-qwen25vl-a", files: [.preprocessorConfig: text]).description?.image == expected)
        let nested = "{\"image_processor\": \(text), \"processor_class\": \"Qwen2_5_VLProcessor\"}"
        let outcome = try outcome("tiny-qwen25vl-a", files: [.preprocessorConfig: nil, .processorConfig: nested])
        #expect(outcome.description?.image == expected)
    }

    // MARK: - Chat templates

    @Test(arguments: [
        ("qwen2-vl", "You are a helpful assistant."), ("qwen2.5-vl", "You are a helpful assistant."),
        ("smollm2", "You are a helpful AI assistant named SmolLM, trained by Hugging Face"),
    ])
    func `published templates are known`(template: String, system: String) throws {
        let text = try TestFiles.text(TestFiles.chatTemplates.appendingPathComponent("\(template).jinja"))
        let outcome = try outcome("tiny-qwen25vl-c", files: [.chatTemplate: text])
        #expect(outcome.diagnostics == [])
        let enclosure = template == "smollm2" ? ("", "") : ("<|vision_start|>", "<|vision_end|>")
        #expect(
            outcome.description?.chat
                == ModelDescription.Chat(
                    format: .chatML,
                    defaultSystem: system,
                    imagePrefix: enclosure.0,
                    imageSuffix: enclosure.1
                )
        )
    }

    @Test func `templates of other formats, or with more in them, are pointed out`() throws {
        let other = try outcome("tiny-smollm2-b", files: [.chatTemplate: "[INST] {{ messages[0] }} [/INST]"])
        #expect(
            other.diagnostics.map { "\($0)" } == [
                "chat_template.jinja:1:1: warning: this chat template is of no known format; [chat] has format = \"plain\""
            ]
        )
        #expect(other.description?.chat.format == .plain)
        let more = try outcome(
            "tiny-smollm2-b",
            files: [
                .chatTemplate: "<|im_start|>user\n{{ tools }}<|im_end|>\n<|im_start|>system\n{{ system }}<|im_end|>"
            ]
        )
        #expect(
            more.diagnostics.map { "\($0)" } == [
                "chat_template.jinja:1:1: warning: this chat template also deals with \"tool\", which is left out of [chat]"
            ]
        )
        #expect(more.description?.chat == ModelDescription.Chat(format: .chatML))
    }

    @Test func `the default one of several templates counts`() throws {
        let templates = """
            {"eos_token": {"content": "<|im_end|>"}, "chat_template": [{"name": "tool_use", "template": "x"}, \
            {"name": "default", "template": "<|im_start|>system\\nBe kind.<|im_end|>"}]}
            """
        let outcome = try outcome("tiny-smollm2-a", files: [.tokenizerConfig: templates])
        #expect(outcome.description?.chat == ModelDescription.Chat(format: .chatML, defaultSystem: "Be kind."))
    }

    @Test func `no template means no chat tuning`() throws {
        let outcome = try outcome("tiny-smollm2-b", files: [.chatTemplate: nil])
        #expect(outcome.diagnostics == [])
        #expect(outcome.description?.chat == ModelDescription.Chat(format: .plain))
    }

    // MARK: - Model cards

    private func card(_ text: String) throws -> ModelDescription {
        let outcome = try outcome("tiny-smollm2-a", files: [.readme: text])
        #expect(outcome.diagnostics == [])
        return try #require(outcome.description)
    }

    @Test func `licence, base model and languages come from the model card`() throws {
        let model = try card(
            "---\nlicense: other\nlicense_name: qwen\nlanguage:\n- en\n- no\n- en\nbase_model: a/b\n---\n# Title\n"
        )
        #expect(model.license == "qwen")
        #expect(model.baseModel == "a/b")
        #expect(model.languages == ["en", "no"])
        #expect(try card("---\nlicense: mit\nlanguage: ko\n---\r\n").license == "mit")
        #expect(try card("---\nlicense: other\n---\n").license == "other")
        #expect(try card("---\nlicense_name: own\nbase_model:\n- c/d\n- e/f\n---\n").baseModel == "c/d")
    }

    @Test(arguments: [
        "", "# No front matter", "---\nlicense: mit\nno end", "---\n- a list\n---\n", "---\n---\n", "\u{0}",
    ])
    func `a model card without front matter states nothing`(text: String) throws {
        let model = try card(text)
        #expect(model.license == nil)
        #expect(model.languages == [])
    }

    @Test func `front matter that is not YAML is warned of where it goes wrong`() throws {
        let outcome = try outcome("tiny-smollm2-a", files: [.readme: "---\nlicense: mit\nlanguage: [en\n---\n"])
        #expect(outcome.description != nil)
        let diagnostic = try #require(outcome.diagnostics.first)
        #expect(outcome.diagnostics.count == 1)
        #expect(diagnostic.severity == .warning)
        #expect(diagnostic.location?.file == "README.md")
        #expect((3...4).contains(diagnostic.location?.line ?? 0))
    }

    @Test func `anchors that multiply do not take long`() throws {
        var lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
        for level in 1...60 {
            lines.append("a\(level): &a\(level) [*a\(level - 1), *a\(level - 1), *a\(level - 1), *a\(level - 1)]")
        }
        #expect(try card("---\n\(lines.joined(separator: "\n"))\nlicense: mit\n---\n").license == "mit")
    }

    // MARK: - Names

    @Test(arguments: [
        ("/models/Qwen2.5-VL-3B-Instruct", "qwen2.5-vl-3b-instruct"), ("SmolLM2", "smollm2"), ("a/b c/", "b-c"),
        ("/x/models--Qwen--Qwen2-VL-2B/snapshots/0a1b", "qwen2-vl-2b"), ("/", "model"), ("", "model"), ("123", "model"),
        ("3b-model", "b-model"), ("한국", "model"), ("/models/Serve", "serve-model"), ("vlmc/", "vlmc-model"),
    ])
    func `a name is made from a directory`(directory: String, name: String) {
        #expect(HuggingFaceImporter.name(of: directory) == name)
    }

    @Test(arguments: [
        ("/cache/models--Qwen--Qwen2.5-VL-3B-Instruct/snapshots/abc", "Qwen/Qwen2.5-VL-3B-Instruct"),
        ("/cache/models--a-b--c", "a-b/c"), ("/cache/models--alone", nil), ("/models/Qwen", nil), ("", nil),
    ])
    func `a repository is found in the layout of the hub's cache`(directory: String, repository: String?) {
        #expect(HuggingFaceImporter.repository(of: directory) == repository)
    }
}
