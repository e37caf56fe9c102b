// The text of an answer as it grows: tokens to complete characters, held back where a stop string may begin.

import InputProcessing
import ModelRuntime

/// An answer in the making.
public struct AnswerText {
    private var decoder: StreamingDecoder
    private var matcher: StopMatcher
    /// The text so far that is certain.
    public private(set) var text = ""
    /// The tokens so far.
    public private(set) var tokens: [Int32] = []
    /// The log probabilities so far, if asked for.
    public private(set) var logProbabilities: [LogProbabilities] = []
    /// The stop string that ended it.
    public private(set) var stop: String?

    /// The beginning of an answer.
    public init(_ parameters: SamplingParameters, tokenizer: Tokenizer, skipsSpecialTokens: Bool = true) {
        decoder = tokenizer.makeStreamingDecoder(skipSpecialTokens: skipsSpecialTokens)
        matcher = StopMatcher(parameters.stopStrings, includesStop: parameters.includesStopString)
    }

    /// Takes a token; gives the text that is certain with it.
    public mutating func append(_ sampled: SampledToken, endsAnswer: Bool, allowsStop: Bool) -> String {
        tokens.append(sampled.token)
        if let logProbabilities = sampled.logProbabilities { self.logProbabilities.append(logProbabilities) }
        if endsAnswer { return "" }
        let output = matcher.append(decoder.append(sampled.token), allowsStop: allowsStop)
        stop = output.stop
        text += output.text
        return output.text
    }

    /// The text that was held back, when no more follows.
    public mutating func finish() -> String {
        guard stop == nil else { return "" }
        let last = matcher.append(decoder.finish())
        let rest = last.text + matcher.finish()
        text += rest
        return rest
    }
}
