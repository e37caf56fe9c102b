// Two verbs over a tokenizer.json: `measure` times loading and encoding, `answer` encodes and decodes what it is asked.
// Not a comparison: ../../measure.py and ../../fuzz.py make that. Next: Measurement.swift and Answers.swift.

import Foundation

let arguments = CommandLine.arguments
do {
    switch (arguments.dropFirst().first, arguments.count) {
    case ("measure", 3...):
        try Measurement(tokenizer: arguments[2], texts: Array(arguments.dropFirst(3))).run()
    case ("answer", 3):
        let answers = try Answers(tokenizer: arguments[2])
        let questions = try FileHandle.standardInput.readToEnd() ?? Data()
        try FileHandle.standardOutput.write(contentsOf: answers.answers(to: Array(questions)))
    default:
        throw UsageError()
    }
} catch {
    try FileHandle.standardError.write(contentsOf: Data("tokenizer-benchmark: \(error)\n".utf8))
    exit(1)
}

/// Says how the program is called.
struct UsageError: Error, CustomStringConvertible {
    var description: String { "expected `measure TOKENIZER.json TEXT...` or `answer TOKENIZER.json`" }
}
