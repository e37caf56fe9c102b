// `generate`: one prompt, with or without images, one answer.

import ArgumentParser
import Generation
import InputProcessing
import ModelRuntime

/// Answers one prompt.
struct GenerateCommand<Model: CompiledModel>: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "generate",
            abstract: "Answer one prompt, with or without images.",
            discussion: """
                The answer streams to standard output; progress and notices go to standard error, and only to a \
                terminal. With --json there is one JSON object instead: text, tokens, why it ended, token counts, \
                seconds, bytes.

                The prompt becomes the message of a user in the model's chat format; --raw takes it as it is. Images \
                stand before the text, in their order. Without --prompt, it is read from standard input.

                  \(Model.manifest.name) generate --weights DIR --image page1.png --image page2.jpg \
                --prompt "What is the diagnosis?" --max-tokens 200
                """
        )
    }

    @OptionGroup var loading: LoadingArguments
    @OptionGroup var sampling: SamplingArguments

    @Option(name: .shortAndLong, help: "What to answer.")
    var prompt: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("A PNG, JPEG or WebP file; may be repeated.", valueName: "file"))
    var image: [String] = []

    @Option(help: "The system message, instead of the model's own.")
    var system: String?

    @Flag(help: "Take the prompt as it is, special tokens included, without the chat format.")
    var raw = false

    @Flag(help: "Give one JSON object instead of text.")
    var json = false

    func validate() throws {
        if sampling.logprobs != nil, !json { throw ValidationError("--logprobs needs --json.") }
        if raw, system != nil { throw ValidationError("--system has no place in a prompt that is taken as it is.") }
        if !image.isEmpty, Model.manifest.image == nil {
            throw ValidationError("\(Model.manifest.name) reads no images.")
        }
    }

    func run() throws {
        let text = try prompt ?? StandardInput.readAll()
        let loaded = try loading.load(Model.self)
        var images: [PatchedImage] = []
        let clock = ContinuousClock()
        let start = clock.now
        for path in image {
            images.append(
                try loaded.patches(ofImageAt: path) { note in
                    if !loading.quiet { StandardStreams.report("note: \(path): \(note)") }
                }
            )
        }
        let imageSeconds = start.duration(to: clock.now) / .seconds(1)
        let prompt =
            try raw
            ? loaded.prompt(text: text, images: images)
            : loaded.prompt(question: text, images: images, system: system)
        let session = try GenerationSession(loaded)
        var progress = ProgressLine(isQuiet: loading.quiet)
        let result = try session.generate(prompt, sampling.parameters(Model.manifest.generation)) { event in
            switch event {
            case .encodedImages(let done, let total): progress.show("encoding images", done, of: total)
            case .prefilled(let done, let total):
                if done < total { progress.show("reading the prompt", done, of: total) } else { progress.clear() }
            case .text(let text): if !json { StandardStreams.print(text) }
            }
        } isCancelled: {
            Interruption.isRequested
        }
        progress.clear()
        if json {
            StandardStreams.print(try ResultReport.json(result, loaded, imageSeconds: imageSeconds) + "\n")
        } else {
            StandardStreams.print("\n")
            if StandardStreams.errorIsTerminal, !loading.quiet { StandardStreams.report(ResultReport.summary(result)) }
        }
        if result.finishReason == nil { throw ExitCode(Interruption.exitCode) }
    }
}
