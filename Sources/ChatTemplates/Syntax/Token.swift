// What the lexer makes of a template. Next: Lexer.swift.

/// A piece of a template and where it starts.
struct Token {
    enum Kind: Equatable {
        case data([UInt8])
        case blockBegin
        case blockEnd
        case outputBegin
        case outputEnd
        case name(String)
        case string([UInt8])
        case integer(Int)
        case double(Double)
        case symbol(String)
        case end
    }

    let kind: Kind
    let offset: Int

    /// The token as a message names it.
    var description: String {
        switch kind {
        case .data: "text"
        case .blockBegin: "'{%'"
        case .blockEnd: "'%}'"
        case .outputBegin: "'{{'"
        case .outputEnd: "'}}'"
        case .name(let name): "'\(name)'"
        case .string: "a string"
        case .integer(let value): "'\(value)'"
        case .double(let value): "'\(value)'"
        case .symbol(let symbol): "'\(symbol)'"
        case .end: "the end of the template"
        }
    }
}
