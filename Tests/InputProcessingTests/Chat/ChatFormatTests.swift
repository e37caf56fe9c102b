// Rendered conversations against transformers' outputs of the published templates, and what a format refuses.
// Not ids: TokenizedPromptTests.swift.

import JSONText
import Testing

@testable import InputProcessing

/// The formats of the published templates under Tests/Fixtures/chat-templates.
enum PublishedFormats {
    static let vision = ChatFormat.ImagePlaceholder(
        prefix: "<|vision_start|>",
        token: "<|image_pad|>",
        suffix: "<|vision_end|>"
    )

    static let all: [String: ChatFormat] = [
        "qwen2-vl": .chatML(defaultSystem: "You are a helpful assistant.", image: vision),
        "qwen2.5-vl": .chatML(defaultSystem: "You are a helpful assistant.", image: vision),
        "smollm2": .chatML(
            defaultSystem: "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
        ),
    ]

    /// The messages of a fixture, images numbered in order; nil if a part is neither text nor image.
    static func messages(_ value: JSONValue?) -> [ChatMessage]? {
        var images = 0
        var messages: [ChatMessage] = []
        for message in value?.array ?? [] {
            guard let role = message["role"]?.string, let content = message["content"] else { return nil }
            if let text = content.string {
                messages.append(ChatMessage(role: role, text: text))
                continue
            }
            var parts: [ChatMessage.Part] = []
            for part in content.array ?? [] {
                if part["video"] != nil { return nil }
                if part["type"]?.string == "image" || part["image"] != nil || part["image_url"] != nil {
                    parts.append(.image(images))
                    images += 1
                } else if let text = part["text"]?.string {
                    parts.append(.text(text))
                } else {
                    return nil
                }
            }
            messages.append(ChatMessage(role: role, content: parts))
        }
        return messages
    }
}

@Suite struct ChatFormatTests {
    @Test(arguments: ["qwen2-vl", "qwen2.5-vl", "smollm2"]) func rendersAsThePublishedTemplate(family: String) throws {
        let format = try #require(PublishedFormats.all[family])
        let cases = try #require(try TokenizerFixtures.json("chat-templates/\(family).json")["cases"]?.array)
        var compared = 0
        for example in cases {
            guard let messages = PublishedFormats.messages(example["messages"]) else { continue }
            let chat = try format.render(
                messages,
                addsGenerationPrompt: example["add_generation_prompt"]?.boolean ?? false,
                numbersImages: example["add_vision_id"]?.boolean ?? false
            )
            let expected = try #require(example["text"]?.string)
            #expect(chat.text.utf8.elementsEqual(expected.utf8), "\(chat.text.debugDescription)")
            compared += 1
        }
        // All but the cases with videos.
        #expect(compared >= cases.count - 4 && compared > 10)
    }

    @Test func saysWhereMessagesAndImagesStand() throws {
        let format = try #require(PublishedFormats.all["qwen2-vl"])
        let chat = try format.render([
            ChatMessage(role: "user", content: [.text("é"), .image(1), .text(""), .image(0), .text("end")]),
            ChatMessage(role: "assistant", text: "ok"),
        ])
        let bytes = Array(chat.text.utf8)
        #expect(chat.messageText.map { String(decoding: bytes[$0], as: UTF8.self) } == ["é", "", "end", "ok"])
        #expect(chat.images == [1, 0])
        #expect(chat.imageToken == "<|image_pad|>")
    }

    @Test func plainFormatsPutNothingBetween() throws {
        let chat = try ChatFormat.plain().render([
            ChatMessage(role: "user", text: "a"), ChatMessage(role: "assistant", text: "b"),
        ])
        #expect(chat.text == "ab")
    }

    @Test func refusesWhatTheFormatLacks() throws {
        let text = try #require(PublishedFormats.all["smollm2"])
        func error(_ messages: [ChatMessage]) -> ChatError? {
            do {
                _ = try text.render(messages)
                return nil
            } catch {
                return error
            }
        }
        #expect(error([]) == .noMessages)
        let roles = ["system", "user", "assistant", "tool"]
        let wrong = [ChatMessage(role: "user", text: ""), ChatMessage(role: "User", text: "")]
        #expect(error(wrong) == .unknownRole("User", message: 1, allowed: roles))
        #expect(
            error(wrong)?.description
                == "message 1: unknown role \"User\"; this model's roles are system, user, assistant, tool"
        )
        #expect(error([ChatMessage(role: "user", content: [.image(0)])]) == .imagesNotSupported(message: 0))
    }
}
