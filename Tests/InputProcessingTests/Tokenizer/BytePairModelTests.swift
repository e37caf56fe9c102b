// The merging itself against a plain statement of it, unknown characters, affixes, tables, and the cache under threads.
// Not whole tokenizers: TokenizerFixtureTests.swift.

import Testing

@testable import InputProcessing

@Suite struct BytePairModelTests {
    /// Both ways of merging against repeated search for the lowest rank, on words of every length.
    @Test func mergesTheLowestRankFirst() {
        var fuzzer = TextFuzzer(seed: 41)
        for round in 0..<300 {
            // Symbols 0...4 are letters; every further symbol is a random merge of two earlier ones.
            var merges: [(left: Int32, right: Int32)] = []
            var table = PairTable(capacityFor: 60)
            for rank in 0..<Int.random(in: 1...60, using: &fuzzer) {
                let bound = Int32(5 + merges.count)
                let pair = (Int32.random(in: 0..<bound, using: &fuzzer), Int32.random(in: 0..<bound, using: &fuzzer))
                guard !merges.contains(where: { $0 == pair }) else { continue }
                table.set(
                    PairTable.key(UInt32(pair.0), UInt32(pair.1)),
                    to: UInt64(rank) << 32 | UInt64(5 + merges.count)
                )
                merges.append(pair)
            }
            let length =
                round < 200 ? Int.random(in: 0...40, using: &fuzzer) : Int.random(in: 200...400, using: &fuzzer)
            let word = (0..<length).map { _ in Int32.random(in: 0..<fuzzer.pick([2, 5]), using: &fuzzer) }
            var scratch = BytePairMerger.Scratch()
            scratch.symbols = word
            var merged: [Int32] = [-7]
            BytePairMerger(merges: table).merge(&scratch, to: &merged)
            #expect(merged == [-7] + plainlyMerged(word, merges))
        }
    }

    private func plainlyMerged(_ word: [Int32], _ merges: [(left: Int32, right: Int32)]) -> [Int32] {
        var symbols = word
        while true {
            let candidates = symbols.indices.dropLast().compactMap { place in
                merges.firstIndex { $0 == (symbols[place], symbols[place + 1]) }.map { (rank: $0, place: place) }
            }
            guard let best = candidates.min(by: { ($0.rank, $0.place) < ($1.rank, $1.place) }) else { return symbols }
            symbols.replaceSubrange(best.place...best.place + 1, with: [Int32(5 + best.rank)])
        }
    }

    @Test func unknownCharactersBecomeWhatTheFileSays() throws {
        func tokens(_ text: String, _ options: String, _ extra: [String] = []) throws -> [String?] {
            let model = TokenizerText.model(vocabulary: ["a", "b", "<unk>"] + extra, options: options)
            let tokenizer = try TokenizerText(model: model).load()
            return tokenizer.encode(text).map { tokenizer.token($0) }
        }
        #expect(try tokens("axyb", "") == ["a", "b"])
        #expect(try tokens("axyb", #""unk_token": "<unk>", "#) == ["a", "<unk>", "<unk>", "b"])
        #expect(try tokens("axyb", #""unk_token": "<unk>", "fuse_unk": true, "#) == ["a", "<unk>", "b"])
        let bytes = ["<0xC3>", "<0xA9>", "<0x78>"]
        #expect(try tokens("aéxb", #""byte_fallback": true, "#, bytes) == ["a", "<0xC3>", "<0xA9>", "<0x78>", "b"])
        // A character of which one byte has no token is unknown as a whole.
        #expect(
            try tokens("aéèb", #""byte_fallback": true, "unk_token": "<unk>", "#, bytes) == [
                "a", "<0xC3>", "<0xA9>", "<unk>", "b",
            ]
        )
        #expect(
            try tokens("xéxb", #""byte_fallback": true, "unk_token": "<unk>", "#, ["<0xC3>", "<0xA9>"]) == [
                "<0xC3>", "<0xA9>", "<unk>", "<unk>", "b",
            ]
        )
    }

    @Test func affixesAndWholeWords() throws {
        let vocabulary = ["a", "b", "##b", "ab", "a</w>", "##b</w>", "ab</w>", "abb"]
        func tokens(_ text: String, _ options: String, merges: [(String, String)] = []) throws -> [String?] {
            let model = TokenizerText.model(vocabulary: vocabulary, merges: merges, options: options)
            let tokenizer = try TokenizerText(model: model).load()
            return tokenizer.encode(text).map { tokenizer.token($0) }
        }
        #expect(try tokens("abb", ###""continuing_subword_prefix": "##", "###) == ["a", "##b", "##b"])
        #expect(
            try tokens("abb", ###""continuing_subword_prefix": "##", "###, merges: [("a", "##b")]) == ["ab", "##b"]
        )
        #expect(
            try tokens(
                "ab",
                ###""continuing_subword_prefix": "##", "end_of_word_suffix": "</w>", "###,
                merges: [("a", "##b</w>")]
            ) == ["ab</w>"]
        )
        #expect(try tokens("abb", "") == ["a", "b", "b"])
        #expect(try tokens("abb", #""ignore_merges": true, "#) == ["abb"])
        #expect(try tokens("abba", #""ignore_merges": true, "#) == ["a", "b", "b", "a"])
    }

    /// A line `#version` among merges is no merge and takes no rank; of equal merges the last one counts.
    @Test func oddMergesAsTheReferenceTakesThem() throws {
        var text = TokenizerText.byteLevel()
        let vocabulary = ["a", "b", "c", "ab", "bc"]
        text.model = TokenizerText.model(vocabulary: vocabulary)
        func ids(_ merges: String) throws -> [Int32] {
            var text = text
            text.model = text.model.replacingMerges(with: merges)
            return try text.load().encode("abc")
        }
        #expect(try ids(##"["#version: 0.2", "b c", "a b"]"##) == [0, 4])
        #expect(try ids(#"["a b", "b c"]"#) == [3, 2])
        #expect(try ids(#"["a b", "b c", "a b"]"#) == [0, 4])
        #expect(try ids(#"[["b", "c"], ["a", "b"]]"#) == [0, 4])
    }

    @Test func pairTableAgreesWithADictionary() {
        var fuzzer = TextFuzzer(seed: 42)
        var table = PairTable(capacityFor: 5_000)
        var dictionary: [UInt64: UInt64] = [:]
        for _ in 0..<8_000 {
            let key = PairTable.key(
                UInt32.random(in: 0..<70, using: &fuzzer),
                UInt32.random(in: 0..<70, using: &fuzzer)
            )
            let value = fuzzer.next()
            #expect(table.set(key, to: value) == dictionary.updateValue(value, forKey: key))
        }
        for first in UInt32(0)..<72 {
            for second in UInt32(0)..<72 {
                let key = PairTable.key(first, second)
                #expect(table[key] == dictionary[key])
            }
        }
    }

    /// The cache changes nothing: texts encoded again, by many tasks at once, in any order, give the same ids.
    @Test func theCacheChangesNothing() async throws {
        let tokenizer = try TokenizerFixtures.tokenizer("qwen2")
        var fuzzer = TextFuzzer(seed: 43)
        let texts = (0..<200).map { _ in fuzzer.text(pieces: 60) }
        // A tokenizer of its own for each text: nothing is cached between texts.
        let expected = texts.map { tokenizer.encode($0) }
        let fresh = try texts.prefix(20).map { try TokenizerFixtures.tokenizer("qwen2").encode($0) }
        #expect(Array(expected.prefix(20)) == fresh)
        await withTaskGroup(of: (Int, [Int32]).self) { group in
            for (index, text) in texts.enumerated() {
                for _ in 0..<3 { group.addTask { (index, tokenizer.encode(text)) } }
            }
            for await (index, ids) in group { #expect(ids == expected[index]) }
        }
    }

    /// More different words than the cache keeps.
    @Test func theCacheForgets() throws {
        var configuration = TokenizerText.byteLevel(merges: [("a", "b")])
        configuration.preTokenizer = #"""
            {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, \#(TokenizerText.byteLevel)]}
            """#
        let tokenizer = try configuration.load()
        for start in [0, 40_000, 80_000, 0] {
            let words = (start..<start + 40_000).map { "word\($0)ab" }
            let ids = tokenizer.encode(words.joined(separator: " "))
            #expect(ids.count == words.reduce(0) { $0 + $1.utf8.count - 1 })
            #expect(ids.count { $0 == 256 } == words.count)
        }
    }
}

extension String {
    /// The members of a model with other merges.
    fileprivate func replacingMerges(with merges: String) -> String {
        guard let range = firstRange(of: #""merges": "#) else { return self }
        return self[..<range.upperBound] + merges
    }
}
