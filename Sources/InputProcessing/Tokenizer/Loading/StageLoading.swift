// The members `normalizer`, `pre_tokenizer`, `post_processor` and `decoder` of tokenizer.json, type by type.
// A type or value that is not supported is an error that names it. Next: ../Stages.

/// Reads the stages around the model.
enum StageLoading {
    /// Stages of more steps are refused.
    private static let stepLimit = 64

    /// The members `key` of a sequence, themselves written out; the node alone if it is no sequence.
    private static func flattened(_ node: ComponentNode?, _ key: String) throws(TokenizerError) -> [ComponentNode] {
        guard let node else { return [] }
        guard try node.string("type") == "Sequence" else { return [node] }
        var nodes: [ComponentNode] = []
        for element in try node.required(key, "an array").elements() { nodes += try flattened(element, key) }
        guard nodes.count <= stepLimit else {
            throw node.error(
                .unsupported(found: "a sequence of \(nodes.count) steps", supported: "at most \(stepLimit) steps")
            )
        }
        return nodes
    }

    // MARK: Normalizer

    static func normalizer(_ node: ComponentNode?) throws(TokenizerError) -> Normalizer {
        var steps: [Normalizer.Step] = []
        for node in try flattened(node, "normalizers") {
            let type = try node.required("type", "a string")
            switch try type.string() {
            case "Lowercase": steps.append(.lowercase)
            case "Prepend": steps.append(.prepend(Array(try node.string("prepend").utf8)))
            case "Replace": steps.append(.replace(try node.pattern(), with: Array(try node.string("content").utf8)))
            case "Strip":
                steps.append(.strip(left: try node.boolean("strip_left"), right: try node.boolean("strip_right")))
            case let name:
                guard let form = NormalForm(rawValue: name) else {
                    throw type.unsupported("NFC, NFD, NFKC, NFKD, Lowercase, Prepend, Replace, Strip and Sequence")
                }
                steps.append(.form(form))
            }
        }
        return Normalizer(steps: steps)
    }

    // MARK: Pre-tokenizer

    /// The split of GPT-2, which `ByteLevel` applies unless told otherwise.
    ///
    /// *Source*: openai/gpt-2@master:src/encoder.py.
    private static let byteLevelPattern =
        #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

    static func preTokenizer(_ node: ComponentNode?) throws(TokenizerError) -> (steps: PreTokenizer, isByteLevel: Bool)
    {
        var steps: [PreTokenizer.Step] = []
        var isByteLevel = false
        for node in try flattened(node, "pretokenizers") {
            guard !isByteLevel else {
                throw node.error(
                    .unsupported(found: "a step behind ByteLevel", supported: "ByteLevel as the last step")
                )
            }
            isByteLevel = try append(node, to: &steps)
        }
        return (PreTokenizer(steps: steps), isByteLevel)
    }

    /// Appends the steps of one splitter; returns whether it is `ByteLevel`.
    private static func append(
        _ node: ComponentNode,
        to steps: inout [PreTokenizer.Step]
    ) throws(TokenizerError) -> Bool {
        let type = try node.required("type", "a string")
        switch try type.string() {
        case "ByteLevel":
            if try node.boolean("add_prefix_space") { steps.append(.prefixSpace) }
            if try node.boolean("use_regex", default: true) {
                let pattern = try compile(node) { () throws(PatternError) in
                    try PatternScanner(pattern: byteLevelPattern)
                }
                steps.append(.split(pattern, .isolated, isInverted: false))
            }
            return true
        case "Split":
            let behavior = try node.choice("behavior", of: SplitBehavior.self)
            steps.append(.split(try node.pattern(), behavior, isInverted: try node.boolean("invert")))
        case "Digits":
            let behavior: SplitBehavior = try node.boolean("individual_digits") ? .isolated : .contiguous
            steps.append(.split(try scanner(.set(.numeric), node), behavior, isInverted: false))
        case "Punctuation":
            let behavior =
                try node.optional("behavior") == nil
                ? .isolated : try node.choice("behavior", of: SplitBehavior.self)
            steps.append(.split(try scanner(.set(.punctuation), node), behavior, isInverted: false))
        case "WhitespaceSplit":
            steps.append(.split(try scanner(.set(.whiteSpace), node), .removed, isInverted: false))
        case "Whitespace":
            let word = ScalarSet.wordOfAddedTokens
            let words = PatternNode.alternation([
                .repetition(.set(word), minimum: 1, maximum: nil, isGreedy: true),
                .repetition(
                    .set(word.union(.whiteSpace).inverse),
                    minimum: 1,
                    maximum: nil,
                    isGreedy: true
                ),
            ])
            steps.append(.split(try scanner(words, node), .removed, isInverted: true))
        case "Metaspace":
            try appendMetaspace(node, to: &steps)
        default:
            throw type.unsupported(
                "ByteLevel, Split, Digits, Metaspace, Punctuation, Whitespace, WhitespaceSplit and Sequence"
            )
        }
        return false
    }

    private static func appendMetaspace(
        _ node: ComponentNode,
        to steps: inout [PreTokenizer.Step]
    ) throws(TokenizerError) {
        let replacement = try node.character("replacement")
        var scheme = PreTokenizer.PrependScheme.always
        if let given = try node.optional("prepend_scheme") {
            scheme = try node.choice("prepend_scheme", of: PreTokenizer.PrependScheme.self)
            if let prefix = try node.optional("add_prefix_space"), prefix.value.boolean == false, scheme != .never {
                throw given.error(.inconsistent("add_prefix_space is false, but prepend_scheme is not \"never\""))
            }
        } else if try !node.boolean("add_prefix_space", default: true) {
            scheme = .never
        }
        steps.append(.metaspace(replacement: replacement, scheme))
        if try node.boolean("split", default: true) {
            let text = String(decoding: replacement, as: UTF8.self)
            steps.append(.split(try scanner(.literal(text), node), .mergedWithNext, isInverted: false))
        }
    }

    private static func scanner(_ pattern: PatternNode, _ node: ComponentNode) throws(TokenizerError) -> PatternScanner
    {
        try compile(node) { () throws(PatternError) in try PatternScanner(pattern, pattern: "") }
    }

    private static func compile(
        _ node: ComponentNode,
        _ body: () throws(PatternError) -> PatternScanner
    ) throws(TokenizerError) -> PatternScanner {
        do {
            return try body()
        } catch {
            throw node.error(.pattern(error))
        }
    }

    // MARK: Post-processor

    /// The post-processor's effect on ids; `exists` says whether an id stands for a token.
    static func postProcessor(
        _ node: ComponentNode?,
        exists: (Int) -> Bool
    ) throws(TokenizerError) -> PostProcessor {
        var processor = PostProcessor.none
        for node in try flattened(node, "processors") {
            let type = try node.required("type", "a string")
            let pieces: [PostProcessor.Piece]
            switch try type.string() {
            // It only moves offsets, which are not kept here.
            case "ByteLevel": continue
            case "TemplateProcessing": pieces = try template(node, exists: exists)
            case "RobertaProcessing", "BertProcessing":
                pieces = [
                    .tokens([try tokenOfPair(node, "cls", exists: exists)]), .text,
                    .tokens([try tokenOfPair(node, "sep", exists: exists)]),
                ]
            default:
                throw type.unsupported("ByteLevel, TemplateProcessing, RobertaProcessing, BertProcessing and Sequence")
            }
            guard processor.pieces == [.text] else {
                throw node.error(
                    .unsupported(found: "a second processor that adds tokens", supported: "one such processor")
                )
            }
            processor = PostProcessor(pieces: pieces)
        }
        return processor
    }

    private static func template(
        _ node: ComponentNode,
        exists: (Int) -> Bool
    ) throws(TokenizerError) -> [PostProcessor.Piece] {
        var pieces: [PostProcessor.Piece] = []
        for element in try node.required("single", "an array of pieces").elements() {
            if let sequence = try element.optional("Sequence") {
                let id = try sequence.required("id", "\"A\"")
                guard try id.string() == "A" else { throw id.unsupported("\"A\": only one text is encoded") }
                pieces.append(.text)
            } else if let special = try element.optional("SpecialToken") {
                let name = try special.required("id", "a string")
                let tokens = try node.required("special_tokens", "an object")
                let ids = try tokens.required(try name.string(), "an object with ids").required(
                    "ids",
                    "an array of ids"
                )
                var values: [Int32] = []
                for id in try ids.elements() { values.append(try token(id, exists: exists)) }
                pieces.append(.tokens(values))
            } else {
                throw element.wrong(expected: "an object with \"Sequence\" or \"SpecialToken\"")
            }
        }
        return pieces
    }

    /// The id of a member that is a token and its id.
    private static func tokenOfPair(
        _ node: ComponentNode,
        _ key: String,
        exists: (Int) -> Bool
    ) throws(TokenizerError) -> Int32 {
        let pair = try node.required(key, "an array of a token and its id")
        let elements = try pair.elements()
        guard elements.count == 2 else { throw pair.wrong(expected: "an array of a token and its id") }
        return try token(elements[1], exists: exists)
    }

    private static func token(_ node: ComponentNode, exists: (Int) -> Bool) throws(TokenizerError) -> Int32 {
        let id = try node.integer(in: 0..<Vocabulary.idLimit)
        guard exists(id) else { throw node.wrong(expected: "the id of a token") }
        return Int32(id)
    }

    // MARK: Decoder

    static func decoder(_ node: ComponentNode?) throws(TokenizerError) -> TokenDecoder {
        guard let node else { return TokenDecoder(steps: [.joinWithSpaces]) }
        var steps: [TokenDecoder.Step] = []
        var isFused = false
        for node in try flattened(node, "decoders") {
            let type = try node.required("type", "a string")
            let step = try decoderStep(node, type)
            switch step {
            case .replace, .strip: break
            case .byteLevel, .fuse:
                if isFused { throw unsupportedBehindFuse(node) }
                isFused = true
            case .byteFallback, .metaspace, .wordSuffix, .joinWithSpaces:
                if isFused { throw unsupportedBehindFuse(node) }
            }
            steps.append(step)
        }
        return TokenDecoder(steps: steps)
    }

    private static func unsupportedBehindFuse(_ node: ComponentNode) -> TokenizerError {
        node.error(.unsupported(found: "this step behind Fuse or ByteLevel", supported: "Replace and Strip there"))
    }

    private static func decoderStep(
        _ node: ComponentNode,
        _ type: ComponentNode
    ) throws(TokenizerError) -> TokenDecoder.Step {
        switch try type.string() {
        case "ByteLevel": return .byteLevel
        case "ByteFallback": return .byteFallback
        case "Fuse": return .fuse
        case "Replace": return .replace(try node.pattern(), with: Array(try node.string("content").utf8))
        case "Strip":
            return .strip(
                character: try node.character("content"),
                start: try node.required("start", "an integer").integer(in: 0..<1_024),
                stop: try node.required("stop", "an integer").integer(in: 0..<1_024)
            )
        case "Metaspace":
            var dropsFirst = try node.boolean("add_prefix_space", default: true)
            if try node.optional("prepend_scheme") != nil {
                dropsFirst = try node.choice("prepend_scheme", of: PreTokenizer.PrependScheme.self) != .never
            }
            return .metaspace(replacement: try node.character("replacement"), dropsFirst: dropsFirst)
        case "BPEDecoder": return .wordSuffix(Array(try node.string("suffix").utf8))
        default:
            throw type.unsupported(
                "ByteLevel, ByteFallback, Fuse, Replace, Strip, Metaspace, BPEDecoder and Sequence"
            )
        }
    }
}
