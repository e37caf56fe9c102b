// The Jinja of chat templates: loads one, and renders conversations with it.
// Read on: Syntax/ (text to statements), Values/ and Text/ (what expressions handle), Rendering/ (what statements do),
// Library/ (filters, tests, methods, functions).

/// A chat template of a Hugging Face checkpoint.
///
/// *Source*: transformers@5.23.0:utils/chat_template_utils.py with jinja2@3.1.6; texts are the same.
/// *Differs from source*: what is not supported is an error when the template is loaded. Errors when it is rendered are
/// integers that need more than 64 bits, complex numbers, and printing what has an address for its text (methods,
/// iterators) or holds itself.
public struct ChatTemplate: Sendable {
    private let template: ParsedTemplate

    /// Understands a template.
    ///
    /// - Parameters:
    ///   - source: The text of the template.
    ///   - name: The file that errors name.
    /// - Throws: `TemplateError` of kind `syntax`: what was found, where, and what is supported.
    public init(_ source: String, name: String) throws(TemplateError) {
        guard source.utf8.count <= SyntaxLimits.bytes else {
            throw TemplateError(
                kind: .syntax,
                file: name,
                line: 1,
                column: 1,
                message: "the template has \(source.utf8.count) bytes; at most \(SyntaxLimits.bytes) are supported"
            )
        }
        var lexer = Lexer(Array(source.utf8), file: name)
        var parser = Parser(tokens: try lexer.run(), places: lexer.places)
        let statements = try parser.parseTemplate()
        template = ParsedTemplate(
            statements: statements,
            scopes: parser.scopes.declarations(),
            names: parser.scopes.names,
            places: lexer.places
        )
    }

    /// Renders the template.
    ///
    /// - Parameters:
    ///   - variables: What the template may use: `messages`, `tools`, `add_generation_prompt` and so on.
    ///   - limits: How much the rendering may do.
    ///   - clock: What `strftime_now` tells.
    /// - Throws: `TemplateError`; of kind `raised` where the template refuses the conversation.
    public func render(
        _ variables: [String: TemplateValue],
        limits: RenderingLimits = .standard,
        clock: TemplateClock = .system
    ) throws(TemplateError) -> RenderedTemplate {
        try renderer(variables, limits: limits, clock: clock).run()
    }

    /// One rendering that has not begun.
    func renderer(
        _ variables: [String: TemplateValue],
        limits: RenderingLimits = .standard,
        clock: TemplateClock = .system
    ) throws(TemplateError) -> Renderer {
        try Renderer(template, variables: variables, limits: limits, clock: clock)
    }
}

/// What a template made of a conversation.
public struct RenderedTemplate: Hashable, Sendable {
    /// The prompt.
    public let text: String
    /// The UTF-8 ranges of `text` that come from messages, ascending and disjoint. No special token may be read there.
    public let messageText: [Range<Int>]
    /// The UTF-8 ranges of `text` that stand inside `{% generation %}`, ascending and disjoint.
    public let generation: [Range<Int>]

    /// Makes a result.
    public init(text: String, messageText: [Range<Int>], generation: [Range<Int>]) {
        self.text = text
        self.messageText = messageText
        self.generation = generation
    }
}
