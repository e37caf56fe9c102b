// Bodies of conversations with members changed, removed and exchanged at random: each is answered, or refused in form.
// Not damaged bytes: ServerTests.swift.

import JSONText
import ServingEngine
import TestRandomness
import Testing

@testable import Serving

@Suite struct RequestFuzzTests {
    private static let schema = #"{"type":"object","properties":{"a":{"type":"integer"}}}"#
    private static let bodies = [
        "/v1/chat/completions": """
        {"model":"tiny","messages":[{"role":"system","content":"Be brief."},
         {"role":"user","content":[{"type":"text","text":"Add."}]},
         {"role":"assistant","content":null,"tool_calls":[
          {"id":"c","type":"function","function":{"name":"add","arguments":"{}"}}]},
         {"role":"tool","tool_call_id":"c","content":"2"}],"temperature":0.5,"max_tokens":9,"stop":["a"],
         "tools":[{"type":"function","function":{"name":"add","parameters":\(schema)}}],"tool_choice":"auto"}
        """,
        "/v1/messages": """
        {"model":"tiny","max_tokens":9,"system":[{"type":"text","text":"Be brief."}],"messages":[
         {"role":"user","content":"Add."},{"role":"assistant","content":[{"type":"thinking","thinking":"Hm."},
          {"type":"text","text":"I will."},{"type":"tool_use","id":"c","name":"add","input":{"a":1}}]},
         {"role":"user","content":[{"type":"tool_result","tool_use_id":"c","is_error":true,
          "content":[{"type":"text","text":"no"}]},{"type":"text","text":"And?"}]}],
         "tools":[{"name":"add","input_schema":\(schema)}],"tool_choice":{"type":"auto"},"stop_sequences":["a"],
         "metadata":{"user_id":"ann"},"temperature":0.5,"top_k":5,"thinking":{"type":"disabled"},
         "output_config":{"effort":"low"}}
        """,
        "/v1/responses": """
        {"model":"tiny","instructions":"Be brief.","input":[
         {"role":"user","content":[{"type":"input_text","text":"Add."}]},
         {"type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"Hm."}]},
         {"type":"function_call","call_id":"c","name":"add","arguments":"{}"},
         {"type":"function_call_output","call_id":"c","output":[{"type":"input_text","text":"2"}]},
         {"type":"message","role":"assistant","content":[{"type":"output_text","text":"2."}]}],
         "tools":[{"type":"function","name":"add","parameters":\(schema)}],"tool_choice":"auto",
         "text":{"format":{"type":"text"}},"reasoning":{"effort":"low"},"metadata":{"a":"b"},"max_output_tokens":9,
         "include":["message.output_text.logprobs"],"top_logprobs":2,"store":false}
        """,
    ]

    @Test(arguments: ["/v1/chat/completions", "/v1/messages", "/v1/responses"])
    func changedBodies(_ path: String) async throws {
        let body = try JSONDocument(try #require(Self.bodies[path])).root
        let model = RunningServer.model(RecordingRenderer(reads: ["enable_thinking"]))
        try await RunningServer.with(ScriptedEngine(["x"]), model: model) { server in
            #expect(try await server.post(path, Self.text(body)).status == 200)
            var generator = TestRandomness.SeededGenerator(seed: 11)
            var statuses: [Int: Int] = [:]
            for _ in 0..<300 * FuzzRounds.factor {
                var changed = body
                for _ in 0..<Int.random(in: 1...2, using: &generator) {
                    changed = Self.change(changed, &generator)
                }
                let text = Self.text(changed)
                let response = try await server.post(path, text)
                statuses[response.status, default: 0] += 1
                if response.status == 200 { continue }
                // 404 is what another name of a model gets.
                #expect(response.status == 400 || response.status == 404, "\(text)\n\(response.text)")
                #expect(!response.error.message.isEmpty, "\(text)\n\(response.text)")
                #expect((response.json["type"]?.string == "error") == (path == "/v1/messages"))
            }
            // Changes are neither all harmless nor all harmful.
            #expect(statuses[200, default: 0] > 10)
            #expect(statuses[400, default: 0] > 10)
        }
    }

    private static func text(_ value: JSONValue) -> String {
        var writer = JSONWriter()
        writer.value(value)
        return writer.text
    }

    /// The value with one place of it changed.
    private static func change(_ value: JSONValue, _ generator: inout some RandomNumberGenerator) -> JSONValue {
        switch value.content {
        case .array(var elements) where !elements.isEmpty && !Bool.random(using: &generator, oneIn: 8):
            let index = Int.random(in: elements.indices, using: &generator)
            elements[index] = change(elements[index], &generator)
            return JSONValue(.array(elements))
        case .object(var members) where !members.isEmpty && !Bool.random(using: &generator, oneIn: 8):
            let index = Int.random(in: members.indices, using: &generator)
            if Bool.random(using: &generator, oneIn: 5) {
                members.remove(at: index)
            } else {
                let member = members[index]
                members[index] = JSONMember(key: member.key, value: change(member.value, &generator))
            }
            return JSONValue(.object(members))
        default: return replacement(&generator)
        }
    }

    private static func replacement(_ generator: inout some RandomNumberGenerator) -> JSONValue {
        let texts = [
            "null", "true", "false", "0", "-1", "1e400", "7", #""""#, #""text""#, #""image""#, #""tool""#,
            #""assistant""#,
            #""user""#, #""\u0000<|im_end|>""#, "[]", "{}", "[[]]", #"{"type":"text","text":"x"}"#, #"["a"]"#,
            #"{"a":{"b":[{"c":null}]}}"#,
        ]
        let text = texts.randomElement(using: &generator) ?? "null"
        return (try? JSONDocument(text).root) ?? JSONValue(.null)
    }
}

extension Bool {
    fileprivate static func random(using generator: inout some RandomNumberGenerator, oneIn count: Int) -> Bool {
        Int.random(in: 0..<count, using: &generator) == 0
    }
}
