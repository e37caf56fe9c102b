// Encodes the texts and decodes the ids that another program asks about, a batch at a time.
// Not a check: ../../fuzz.py compares the answers with the peer's.

import InputProcessing

/// What a tokenizer answers. Questions and answers are records: four bytes of length, then so many bytes, all numbers
/// little-endian. A question is a letter and its matter:
///
/// - `T` and a text: answered by its ids, its ids with special tokens around it, and the two texts of its ids.
/// - `I` and ids: answered by two texts, with and without special tokens.
struct Answers {
    private let tokenizer: Tokenizer

    /// Loads the tokenizer.
    init(tokenizer path: String) throws {
        tokenizer = try Tokenizer(contentsOf: path)
    }

    /// The answers to a batch of questions, in order.
    func answers(to questions: [UInt8]) throws -> [UInt8] {
        var output: [UInt8] = []
        var index = 0
        while index < questions.count {
            let length = Int(Self.number(questions[index...]))
            let matter = questions[(index + 5)..<(index + 4 + length)]
            switch questions[index + 4] {
            case UInt8(ascii: "T"): answer(text: String(decoding: matter, as: UTF8.self), to: &output)
            case UInt8(ascii: "I"): answer(ids: Self.ids(matter), to: &output)
            case let letter: throw UnknownQuestion(letter: letter)
            }
            index += 4 + length
        }
        return output
    }

    /// A question of another kind.
    struct UnknownQuestion: Error {
        /// Its letter.
        let letter: UInt8
    }

    private func answer(text: String, to output: inout [UInt8]) {
        let ids = tokenizer.encode(text)
        for ids in [ids, tokenizer.encode(text, addSpecialTokens: true)] {
            Self.append(ids.flatMap { Self.bytes(UInt32(bitPattern: $0)) }, to: &output)
        }
        answer(ids: ids, to: &output)
    }

    private func answer(ids: [Int32], to output: inout [UInt8]) {
        Self.append(Array(tokenizer.decode(ids).utf8), to: &output)
        Self.append(Array(tokenizer.decode(ids, skipSpecialTokens: true).utf8), to: &output)
    }

    private static func append(_ record: [UInt8], to output: inout [UInt8]) {
        output += bytes(UInt32(record.count))
        output += record
    }

    private static func bytes(_ number: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    private static func ids(_ bytes: ArraySlice<UInt8>) -> [Int32] {
        stride(from: bytes.startIndex, to: bytes.endIndex, by: 4).map { Int32(bitPattern: number(bytes[$0...])) }
    }
}
