// Reads one image with the model of the module Reader: load, ask, stream.
//
//   read-document CHECKPOINT IMAGE QUESTION

import Generation
import ModelRuntime
import Reader

@main
struct ReadDocument {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 4 else {
            print("usage: read-document CHECKPOINT IMAGE QUESTION")
            return
        }
        let loaded = try LoadedModel<TinyQwen25vlA>(LoadingOptions(checkpoint: arguments[1]))
        let page = try loaded.patches(ofImageAt: arguments[2])
        let prompt = try loaded.prompt(question: arguments[3], images: [page])

        var parameters = loaded.manifest.generation.samplingParameters
        parameters.maximumTokens = 64
        let answer = try GenerationSession(loaded).generate(prompt, parameters) { event in
            if case .text(let text) = event { print(text, terminator: "") }
        }
        print("\n\(answer.promptTokens) tokens read, \(answer.tokens.count) tokens written")
    }
}
