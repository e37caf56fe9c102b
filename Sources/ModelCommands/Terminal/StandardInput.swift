// Reading of standard input: all of it for a prompt, or line by line in a conversation.

import ArgumentParser

enum StandardInput {
    /// Everything up to the end, without the last line break.
    static func readAll() throws -> String {
        if StandardStreams.inputIsTerminal {
            throw ValidationError("Nothing to answer: state --prompt, or send the prompt through standard input.")
        }
        var text = ""
        while let line = readLine(strippingNewline: false) { text += line }
        if text.last?.isNewline ?? false { text.removeLast() }
        return text
    }
}
