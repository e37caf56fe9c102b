// Text from ids as they are made: what has come out never changes, and no character comes out in part.
// Not buffered output. Next: Stages/TokenDecoder.swift.

/// Decodes ids one by one.
///
/// The pieces that `append` and `finish` return, joined, are exactly what `Tokenizer.decode` returns for all the ids.
/// Bytes that are not a whole character yet are held back. With a byte-fallback tokenizer a whole run of byte tokens is
/// held back until another token ends it, because only then is it known to be valid.
public struct StreamingDecoder: Sendable {
    private let tokenizer: Tokenizer
    private let skipsSpecialTokens: Bool
    private var state: TokenDecoder.State

    init(tokenizer: Tokenizer, skipsSpecialTokens: Bool) {
        self.tokenizer = tokenizer
        self.skipsSpecialTokens = skipsSpecialTokens
        state = tokenizer.parts.decoder.makeState()
    }

    /// Takes the next id and returns the text that is certain after it, often empty. An id that stands for no token
    /// adds nothing.
    public mutating func append(_ id: Int32) -> String {
        var output: [UInt8] = []
        append(id, to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    /// Returns the text that was held back; the decoder is then as new.
    public mutating func finish() -> String {
        var output: [UInt8] = []
        finish(to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    mutating func append(_ id: Int32, to output: inout [UInt8]) {
        guard let token = tokenizer.parts.decodedToken(id, skipsSpecialTokens: skipsSpecialTokens) else { return }
        tokenizer.parts.decoder.push(token, &state, to: &output)
    }

    mutating func finish(to output: inout [UInt8]) {
        tokenizer.parts.decoder.finish(&state, to: &output)
        state = tokenizer.parts.decoder.makeState()
    }
}
