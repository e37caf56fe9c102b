// `chat`: a conversation in a terminal, streaming, with images by path.
// Each turn is read from the cache as far as it repeats the conversation before.

import ArgumentParser
import Generation
import InputProcessing
import ModelRuntime

/// Holds a conversation.
struct ChatCommand<Model: CompiledModel>: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "chat",
            abstract: "Hold a conversation; images by path.",
            discussion: """
                Type a message and press return. Lines that begin with a slash are commands:

                  /image FILE    show an image with the next message
                  /system TEXT   begin anew with another system message
                  /clear         begin anew
                  /help          show this list
                  /exit          leave, as the end of the input does

                Ctrl-C ends an answer; pressed again, or at the prompt, it leaves.
                """
        )
    }

    @OptionGroup var loading: LoadingArguments
    @OptionGroup var sampling: SamplingArguments

    @Option(help: "The system message, instead of the model's own.")
    var system: String?

    func run() throws {
        let loaded = try loading.load(Model.self)
        var conversation = try Conversation(loaded, system: system)
        let parameters = sampling.parameters(Model.manifest.generation)
        var input = StandardInput()
        let showsPrompt = StandardStreams.inputIsTerminal && !loading.quiet
        while true {
            Interruption.reset()
            if showsPrompt { StandardStreams.write("> ", to: 2) }
            do {
                guard let line = try input.readLine() else { break }
                switch ChatLine(line) {
                case .empty: continue
                case .exit: return
                case .help: StandardStreams.report(ChatLine.list)
                case .clear: conversation.restart(system: system)
                case .system(let text): conversation.restart(system: text)
                case .image(""): StandardStreams.report("/image needs the path of a file")
                case .image(let path):
                    try conversation.show(imageAt: path) { StandardStreams.report("note: \(path): \($0)") }
                case .unknown(let name): StandardStreams.report("there is no command \(name); /help lists them")
                case .message(let text): try answer(text, in: &conversation, parameters)
                }
            } catch let error as ExitCode {
                throw error
            } catch {
                StandardStreams.report("error: \(error)")
            }
        }
    }

    private func answer(
        _ text: String,
        in conversation: inout Conversation<Model>,
        _ parameters: SamplingParameters
    ) throws {
        var progress = ProgressLine(isQuiet: loading.quiet)
        let result = try conversation.send(text, parameters) { event in
            switch event {
            case .encodedImages(let done, let total): progress.show("encoding images", done, of: total)
            case .prefilled(let done, let total):
                if done < total { progress.show("reading", done, of: total) } else { progress.clear() }
            case .text(let text): StandardStreams.print(text)
            }
        } isCancelled: {
            Interruption.isRequested
        }
        progress.clear()
        StandardStreams.print("\n")
        if StandardStreams.errorIsTerminal, !loading.quiet { StandardStreams.report(ResultReport.summary(result)) }
    }
}

/// A line that a user typed.
enum ChatLine: Equatable {
    case empty
    case exit
    case help
    case clear
    case system(String)
    case image(String)
    case unknown(String)
    case message(String)

    static let list = "/image FILE, /system TEXT, /clear, /help, /exit"

    init(_ line: String) {
        let trimmed = String(line.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
        guard !trimmed.isEmpty else {
            self = .empty
            return
        }
        guard trimmed.first == "/" else {
            self = .message(trimmed)
            return
        }
        let parts = trimmed.split(separator: " ", maxSplits: 1).map(String.init)
        let argument = parts.count > 1 ? parts[1] : ""
        switch parts[0] {
        case "/exit", "/quit", "/bye": self = .exit
        case "/help", "/?": self = .help
        case "/clear": self = .clear
        case "/system": self = .system(argument)
        case "/image": self = .image(argument)
        default: self = .unknown(parts[0])
        }
    }
}
