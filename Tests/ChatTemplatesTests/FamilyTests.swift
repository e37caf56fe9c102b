// Whole chat templates in the style of each family of published ones, over many conversations, written and fuzzed.
// Not single features: FeatureTests.swift.

import JSONText
import Testing

@testable import ChatTemplates

/// The templates and conversations of `families.json`.
struct FamilyFixture {
    struct Family {
        let name: String
        let template: String
        let outcomes: [JSONValue]
        /// The ranges in scalars that are generated, where the fixture has them.
        let generation: [JSONValue]?
    }

    let families: [Family]
    private let conversations: [JSONValue]
    private let options: [JSONValue]
    private let tokens: JSONValue
    /// For each outcome, the conversation and the options.
    let pairs: [(conversation: Int, option: Int)]

    init() throws {
        let fixture = try TemplateFixtures.json("families.json")
        conversations = try #require(fixture["conversations"]?.array)
        options = try #require(fixture["options"]?.array)
        tokens = try #require(fixture["tokens"])
        pairs = try #require(fixture["pairs"]?.array).map { pair in
            let indices = pair.array?.compactMap(\.integer) ?? []
            return (try #require(indices.first), try #require(indices.last))
        }
        families = try #require(fixture["families"]?.array).map { family in
            Family(
                name: try #require(family["name"]?.string),
                template: try #require(family["template"]?.string),
                outcomes: try #require(family["outcomes"]?.array),
                generation: family["generation"]?.array
            )
        }
    }

    func variables(_ pair: (conversation: Int, option: Int), isMessageText: Bool) -> [String: TemplateValue] {
        var variables = options[pair.option].variables(isMessageText: isMessageText)
        variables.merge(tokens.variables()) { first, _ in first }
        for name in ["tools", "documents"] where variables[name] == nil { variables[name] = .null }
        variables["messages"] = TemplateValue(conversations[pair.conversation], isMessageText: isMessageText)
        return variables
    }

    /// Calls `body` with each family and each of its conversations.
    func forEach(_ body: (Family, ChatTemplate, Int, (conversation: Int, option: Int)) throws -> Void) throws {
        for family in families {
            let template = try ChatTemplate(family.template, name: family.name)
            for (index, pair) in pairs.enumerated() { try body(family, template, index, pair) }
        }
    }
}

@Suite struct FamilyTests {
    /// FNV-1a, as the fixture's generator hashes long texts.
    private func hash(_ text: String) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    @Test(arguments: [false, true])
    func conversationsGiveWhatTheReferenceGives(isMessageText: Bool) throws {
        let fixture = try FamilyFixture()
        #expect(fixture.families.count >= 14)
        try fixture.forEach { family, template, index, pair in
            let place: Comment = "\(family.name), conversation \(pair.conversation), options \(pair.option)"
            let expected = family.outcomes[index]
            do throws(TemplateError) {
                let variables = fixture.variables(pair, isMessageText: isMessageText)
                let text = try template.render(variables, clock: TemplateFixtures.clock).text
                if let whole = expected.string {
                    #expect(
                        text.utf8.elementsEqual(whole.utf8),
                        "\(place): \(text.debugDescription) not \(whole.debugDescription)"
                    )
                } else if let length = expected["bytes"]?.integer {
                    let start = expected["start"]?.string ?? ""
                    let agrees =
                        text.utf8.count == length && text.utf8.starts(with: start.utf8)
                        && hash(text) == expected["fnv"]?.string
                    #expect(agrees, "\(place): \(text.debugDescription)")
                } else {
                    Issue.record("\(place): the reference raises; this gives \(text.debugDescription)")
                }
            } catch {
                #expect(expected.isNull, "\(place): \(error)")
            }
        }
    }

    @Test func generatedTextIsWhereTheReferenceFindsIt() throws {
        let fixture = try FamilyFixture()
        var found = 0
        try fixture.forEach { family, template, index, pair in
            guard let expected = family.generation?[index].array else { return }
            let rendered = try template.render(
                fixture.variables(pair, isMessageText: true),
                clock: TemplateFixtures.clock
            )
            var generated = Set<Int>()
            var scalar = 0
            var offset = 0
            for character in rendered.text.unicodeScalars {
                if rendered.generation.contains(where: { $0.contains(offset) }) { generated.insert(scalar) }
                scalar += 1
                offset += UTF8.width(character)
            }
            let wanted = Set(
                expected.flatMap { range in
                    (range.array?.first?.integer ?? 0)..<(range.array?.last?.integer ?? 0)
                }
            )
            #expect(generated == wanted, "conversation \(pair.conversation), options \(pair.option)")
            found += wanted.count
        }
        #expect(found > 1_000)
    }

    @Test(arguments: ["qwen2-vl", "qwen2.5-vl", "smollm2"])
    func publishedTemplatesGiveWhatTheReferenceGives(name: String) throws {
        let template = try ChatTemplate(try TemplateFixtures.text("\(name).jinja"), name: name)
        let fixture = try TemplateFixtures.json("\(name).json")
        for item in try #require(fixture["cases"]?.array) {
            let text = try template.render(item.variables(isMessageText: true)).text
            #expect(text.utf8.elementsEqual(item["text"]?.string?.utf8 ?? "?".utf8), "\(text.debugDescription)")
        }
    }
}
