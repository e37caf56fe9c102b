// The response object of OpenAI's interface of that name, and the items of its output.
// Not the events of streamed ones: ResponseEvents.swift.

import InputProcessing
import JSONText
import ModelRuntime
import ServingEngine

/// Writes the answer to one request.
struct ResponseObjectWriter: Sendable {
    /// Where a response is in its life.
    enum Status: Sendable {
        case inProgress
        /// The answer has ended: completed, or incomplete if the limit of tokens ended it.
        case ended
        case failed(RequestError)
    }

    /// The number of the request, of which the names of the response and of its items are made.
    let requestID: String
    let model: String
    /// Seconds since 1970.
    let created: Int
    /// What was asked, which the response tells again.
    let body: JSONValue
    let tools: ToolPolicy
    let parameters: SamplingParameters
    let tokenizer: Tokenizer

    // MARK: Responses

    /// The response on its own.
    func response(_ status: Status, _ answer: AnswerSegments) -> [UInt8] {
        var writer = JSONWriter()
        write(status, answer, to: &writer)
        return writer.utf8
    }

    /// The response, with what there is of its output.
    func write(_ status: Status, _ answer: AnswerSegments, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("id", "resp_\(requestID)")
            writer.member("object", "response")
            writer.member("created_at", created)
            writeStatus(status, answer, to: &writer)
            writer.member("model", model)
            writer.array("output") { writer in
                for index in answer.segments.indices { writeItem(index, of: answer, to: &writer) }
            }
            writeRequest(to: &writer)
            writer.key("usage")
            if case .ended = status { write(answer.usage, answer, to: &writer) } else { writer.null() }
        }
    }

    private func writeStatus(_ status: Status, _ answer: AnswerSegments, to writer: inout JSONWriter) {
        let isCutOff = answer.finish == .length
        var error: RequestError?
        switch status {
        case .inProgress: writer.member("status", "in_progress")
        case .ended: writer.member("status", isCutOff ? "incomplete" : "completed")
        case .failed(let reason):
            writer.member("status", "failed")
            error = reason
        }
        writer.key("error")
        if let error {
            writer.object { writer in
                writer.member("code", error.code == "invalid_image" ? "invalid_image" : "server_error")
                writer.member("message", error.message)
            }
        } else {
            writer.null()
        }
        writer.key("incomplete_details")
        if case .ended = status, isCutOff {
            writer.object { $0.member("reason", "max_output_tokens") }
        } else {
            writer.null()
        }
    }

    /// What was asked, with what holds where nothing was said.
    private func writeRequest(to writer: inout JSONWriter) {
        writer.member("instructions", tree: body["instructions"])
        writer.member("background", false)
        writer.member("max_output_tokens", tree: body["max_output_tokens"])
        writer.member("max_tool_calls", nil as Int?)
        writer.member("metadata", tree: body["metadata"].flatMap { $0.isNull ? nil : $0 } ?? JSONValue(.object([])))
        writer.member("parallel_tool_calls", tools.allowsParallel)
        writer.member("previous_response_id", nil as String?)
        writer.member("prompt_cache_key", tree: body["prompt_cache_key"])
        writer.object("reasoning") { writer in
            writer.member("effort", tree: body["reasoning"]?["effort"])
            writer.member("summary", nil as String?)
        }
        writer.member("safety_identifier", tree: body["safety_identifier"])
        writer.member("service_tier", "default")
        writer.member("store", false)
        writer.key("temperature")
        writer.finite(parameters.temperature)
        writer.object("text") { writer in
            writer.key("format")
            if let format = body["text"]?["format"], !format.isNull {
                writer.value(format)
            } else {
                writer.object { $0.member("type", "text") }
            }
            writer.member("verbosity", "medium")
        }
        writer.member(
            "tool_choice",
            tree: body["tool_choice"].flatMap { $0.isNull ? nil : $0 } ?? JSONValue(.string("auto"))
        )
        writer.array("tools") { writer in for tool in tools.tools { write(tool, to: &writer) } }
        writer.member("top_logprobs", parameters.topLogProbabilities ?? 0)
        writer.key("top_p")
        writer.finite(parameters.topP)
        writer.member("truncation", "disabled")
        writer.member("user", tree: body["user"])
    }

    private func write(_ tool: ToolDefinition, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("type", "function")
            writer.member("name", tool.name)
            writer.member("description", tree: tool.definition["function"]?["description"])
            writer.member("parameters", tree: tool.parameters)
            writer.member("strict", tool.isStrict)
        }
    }

    private func write(_ usage: TokenUsage, _ answer: AnswerSegments, to writer: inout JSONWriter) {
        let thoughts = answer.segments.filter { $0.kind == .reasoning }
        writer.object { writer in
            writer.member("input_tokens", usage.promptTokens)
            writer.object("input_tokens_details") { writer in
                writer.member("cached_tokens", usage.cachedTokens)
                writer.member("cache_write_tokens", 0)
            }
            writer.member("output_tokens", usage.generatedTokens)
            writer.object("output_tokens_details") { writer in
                writer.member("reasoning_tokens", thoughts.reduce(0) { $0 + $1.tokenCount })
            }
            writer.member("total_tokens", usage.promptTokens + usage.generatedTokens)
        }
    }

    // MARK: Items

    /// The name of an item.
    func itemID(_ index: Int, _ kind: AnswerSegment.Kind) -> String {
        let prefix =
            switch kind {
            case .text: "msg"
            case .reasoning: "rs"
            case .toolCall: "fc"
            }
        return "\(prefix)_\(requestID)-\(index)"
    }

    /// An item with all that it has. The last one of an answer that was cut off is incomplete.
    func writeItem(_ index: Int, of answer: AnswerSegments, to writer: inout JSONWriter) {
        let isCutOff = index == answer.segments.count - 1 && (answer.isOpen || answer.finish == .length)
        writeItem(index, answer.segments[index], status: isCutOff ? "incomplete" : "completed", to: &writer)
    }

    /// An item that begins: nothing is in it yet.
    func writeNewItem(_ index: Int, _ kind: AnswerSegment.Kind, to writer: inout JSONWriter) {
        writeItem(index, AnswerSegment(kind: kind), status: "in_progress", to: &writer)
    }

    private func writeItem(_ index: Int, _ segment: AnswerSegment, status: String, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("id", itemID(index, segment.kind))
            switch segment.kind {
            case .text:
                writer.member("type", "message")
                writer.member("role", "assistant")
                writeContent(of: segment, hasBegun: status != "in_progress", to: &writer)
            case .reasoning:
                writer.member("type", "reasoning")
                writer.array("summary") { _ in }
                writeContent(of: segment, hasBegun: status != "in_progress", to: &writer)
                writer.member("encrypted_content", nil as String?)
            case .toolCall(let name):
                writer.member("type", "function_call")
                writer.member("call_id", "call_\(requestID)-\(index)")
                writer.member("name", name)
                writer.member("arguments", segment.text)
            }
            writer.member("status", status)
        }
    }

    private func writeContent(of segment: AnswerSegment, hasBegun: Bool, to writer: inout JSONWriter) {
        writer.array("content") { writer in if hasBegun { writePart(of: segment, to: &writer) } }
    }

    /// The one part of an item's content.
    func writePart(of segment: AnswerSegment, to writer: inout JSONWriter) {
        writer.object { writer in
            guard segment.kind == .text else {
                writer.member("type", "reasoning_text")
                writer.member("text", segment.text)
                return
            }
            writer.member("type", "output_text")
            writer.member("text", segment.text)
            writer.array("annotations") { _ in }
            writer.key("logprobs")
            writer.tokenLogProbabilities(segment.tokens, tokenizer)
        }
    }
}
