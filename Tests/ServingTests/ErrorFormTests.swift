// Errors of what all interfaces share, in the words of one of them.

import ModelRuntime
import ServingEngine
import Testing

@testable import Serving

@Suite struct ErrorFormTests {
    private static let names = ["max_tokens": "max_output_tokens", "stop": "stop_sequences", "messages": "input"]

    @Test func fieldsAreRenamed() {
        let quoted = RequestError.invalid("'messages[0].content' is empty", param: "messages[0].content")
        #expect(quoted.renamed(by: Self.names).message == "'input[0].content' is empty")
        #expect(quoted.renamed(by: Self.names).param == "input[0].content")
        // What a client called a field stays, and so does what the interface calls as all do.
        let unknown = RequestError.invalid(
            "unrecognized request argument: messages",
            param: "messages",
            code: "unknown_parameter"
        )
        #expect(unknown.renamed(by: Self.names).param == "messages")
        let other = RequestError.invalid("'top_p' is 7", param: "top_p")
        #expect(other.renamed(by: Self.names).message == "'top_p' is 7")
        var full = RequestError(.tooManyRequests, "full", param: "messages", code: "queue_full")
        full.retryAfterSeconds = 7
        #expect(full.renamed(by: Self.names).retryAfterSeconds == 7)
        #expect(full.renamed(by: Self.names).code == "queue_full")
    }

    /// Parameters that are out of range are told all at once, a line for each.
    @Test func parametersAreRenamed() throws {
        var parameters = SamplingParameters()
        parameters.temperature = -1
        parameters.maximumTokens = 0
        parameters.stopStrings = ["a", ""]
        let found = #expect(throws: SamplingParametersError.self) { try parameters.validate(vocabularySize: 10) }
        let problems = try #require(found)
        let error = RequestError(AdmissionError.parameters(problems)).renamed(by: Self.names)
        #expect(error.param == "temperature")
        #expect(error.message.contains("temperature is -1.0; allowed"))
        #expect(error.message.contains("\nmax_output_tokens is 0; allowed"))
        #expect(error.message.contains("\nstop_sequences[1] is 0 bytes; allowed"))
        #expect(!error.message.contains("max_tokens is"))
    }
}
