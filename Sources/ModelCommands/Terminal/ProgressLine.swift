// One line of progress on a terminal, rewritten in place; nothing in a pipe, so that logs stay clean.

/// A line that says how far something long has come.
struct ProgressLine {
    private let isShown: Bool
    private var shown = ""

    /// A line that is shown only if standard error is a terminal and the user did not ask for quiet.
    init(isQuiet: Bool) { isShown = StandardStreams.errorIsTerminal && !isQuiet }

    /// Shows `done` of `total` of `what`.
    mutating func show(_ what: String, _ done: Int, of total: Int) {
        guard isShown, total > 0 else { return }
        let filled = done * Self.width / total
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: Self.width - filled)
        let line = "\(what) [\(bar)] \(done * 100 / total)%"
        guard line != shown else { return }
        shown = line
        StandardStreams.write("\r\u{1B}[2K\(line)", to: 2)
    }

    /// Takes the line away.
    mutating func clear() {
        guard !shown.isEmpty else { return }
        StandardStreams.write("\r\u{1B}[2K", to: 2)
        shown = ""
    }

    private static let width = 30
}
