// Lays out calls: on one line if it fits, otherwise one argument a line, as swift-format does.

import SwiftSyntax
import SwiftSyntaxBuilder

/// A call in the making: callee and labelled arguments, each argument as source text.
struct Call {
    /// What is called, such as `cpu.linear`.
    let callee: String
    /// Labels and values; an argument without a label has nil.
    private(set) var arguments: [(label: String?, value: String)] = []

    /// The longest line of generated code.
    static let lineLength = 120

    init(_ callee: String) { self.callee = callee }

    /// Adds an argument; nil as a value leaves it out.
    mutating func add(_ label: String?, _ value: String?) {
        if let value { arguments.append((label, value)) }
    }

    /// The call as syntax, at `indentation` columns.
    func syntax(indentation: Int) -> ExprSyntax { "\(raw: text(indentation: indentation))" }

    /// The call as text, at `indentation` columns.
    func text(indentation: Int) -> String {
        let parts = arguments.map { label, value in label.map { "\($0): \(value)" } ?? value }
        let line = "\(callee)(\(parts.joined(separator: ", ")))"
        if indentation + line.count <= Self.lineLength && !line.contains("\n") { return line }
        return "\(callee)(\n" + parts.map { "    \($0)" }.joined(separator: ",\n") + "\n)"
    }
}
