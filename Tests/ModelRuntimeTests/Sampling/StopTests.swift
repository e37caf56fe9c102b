// The end of an answer: by tokens, by length, and by texts that may lie across the borders of tokens.

import Testing

@testable import ModelRuntime

@Suite struct StopRuleTests {
    private func makeRule(
        prompt: Int = 10,
        context: Int = 100,
        _ change: (inout SamplingParameters) -> Void = { _ in }
    ) -> StopRule {
        var parameters = SamplingParameters()
        change(&parameters)
        return StopRule(parameters, endOfSequence: [9], promptTokens: prompt, contextLength: context)
    }

    @Test func endOfSequenceAndStopTokensEnd() {
        var rule = makeRule { $0.stopTokens = [5] }
        #expect(rule.append(1) == nil)
        #expect(rule.append(9) == .stopToken(9))
        var other = makeRule { $0.stopTokens = [5] }
        #expect(other.append(5) == .stopToken(5))
    }

    @Test func ignoredEndOfSequenceGoesOn() {
        var rule = makeRule {
            $0.ignoresEndOfSequence = true; $0.stopTokens = [5]
        }
        #expect(rule.append(9) == nil)
        #expect(rule.append(5) == .stopToken(5))
    }

    @Test func lengthIsTheSmallerLimit() {
        var rule = makeRule { $0.maximumTokens = 2 }
        #expect(rule.append(1) == nil)
        #expect(rule.append(1) == .length)
        #expect(makeRule(prompt: 97).maximumTokens == 3)
        #expect(makeRule(prompt: 97) { $0.maximumTokens = 50 }.maximumTokens == 3)
        #expect(makeRule(prompt: 120).maximumTokens == 0)
    }

    @Test func aStopTokenIsTheReasonAtTheLastPlaceToo() {
        var rule = makeRule { $0.maximumTokens = 1 }
        #expect(rule.append(9) == .stopToken(9))
    }

    @Test func nothingStopsBeforeTheMinimum() {
        var rule = makeRule { $0.minimumTokens = 2 }
        #expect(rule.append(9) == nil)
        #expect(rule.append(1) == nil && !rule.allowsStopString)
        #expect(rule.append(9) == .stopToken(9) && rule.allowsStopString)
    }
}

@Suite struct StopMatcherTests {
    @Test func holdsBackWhatMayBecomeAStop() {
        var matcher = StopMatcher(["</answer>"])
        #expect(matcher.append("yes </ans") == .init(text: "yes ", stop: nil))
        #expect(matcher.append("we") == .init(text: "", stop: nil))
        #expect(matcher.append("ring") == .init(text: "</answering", stop: nil))
        #expect(matcher.append("</answer> more") == .init(text: "", stop: "</answer>"))
        #expect(matcher.append("more") == .init(text: "", stop: nil))
        #expect(matcher.finish() == "")
    }

    @Test func handsOutTheRestAtTheEnd() {
        var matcher = StopMatcher(["abc"])
        #expect(matcher.append("xab").text == "x")
        #expect(matcher.finish() == "ab")
    }

    @Test func keepsTheStopWhenAsked() {
        var matcher = StopMatcher(["\n\n"], includesStop: true)
        #expect(matcher.append("a\n").text == "a")
        #expect(matcher.append("\nb") == .init(text: "\n\n", stop: "\n\n"))
    }

    @Test func beginningsWithinBeginningsAreFound() {
        var matcher = StopMatcher(["aab", "aaab"])
        #expect(matcher.append("aaaab") == .init(text: "a", stop: "aaab"))
    }

    @Test func charactersOfSeveralBytesStayWhole() {
        // 끝 and 나 begin with bytes that other Korean syllables begin with too.
        var matcher = StopMatcher(["끝나다"])
        #expect(matcher.append("일이 끝") == .init(text: "일이 ", stop: nil))
        #expect(matcher.append("나고 끝나다.") == .init(text: "끝나고 ", stop: "끝나다"))
    }

    @Test func aStopThatIsNotAllowedYetIsText() {
        var matcher = StopMatcher(["ab"])
        #expect(matcher.append("abx", allowsStop: false) == .init(text: "abx", stop: nil))
        #expect(matcher.append("a", allowsStop: false) == .init(text: "", stop: nil))
        #expect(matcher.append("b") == .init(text: "", stop: "ab"))
    }

    /// However the text is cut, the result is that of the definition: the stop that is complete first.
    @Test func piecesMakeNoDifference() {
        var generator = SeededGenerator(seed: 31)
        let alphabet: [Character] = ["a", "b", "é", "끝"]
        func text(_ range: ClosedRange<Int>) -> String {
            String(
                (0..<Int.random(in: range, using: &generator)).compactMap { _ in
                    alphabet.randomElement(using: &generator)
                }
            )
        }
        for _ in 0..<500 {
            let whole = text(0...40)
            let stops = (0..<Int.random(in: 1...3, using: &generator)).map { _ in text(1...4) }
            let expected = firstComplete(stops, in: whole)
            var matcher = StopMatcher(stops)
            var found = ""
            var stop: String?
            var rest = Substring(whole)
            while !rest.isEmpty, stop == nil {
                let count = Int.random(in: 1...3, using: &generator)
                let output = matcher.append(String(rest.prefix(count)))
                rest = rest.dropFirst(count)
                found += output.text
                stop = output.stop
            }
            if stop == nil { found += matcher.finish() }
            #expect(found == expected.text)
            #expect(stop == expected.stop)
        }
    }

    private func firstComplete(_ stops: [String], in whole: String) -> (text: String, stop: String?) {
        let characters = Array(whole)
        for end in characters.indices.map({ $0 + 1 }) {
            let head = String(characters[..<end])
            let complete = stops.filter { head.hasSuffix($0) }.max { $0.utf8.count < $1.utf8.count }
            if let complete { return (String(head.dropLast(complete.count)), complete) }
        }
        return (whole, nil)
    }
}
