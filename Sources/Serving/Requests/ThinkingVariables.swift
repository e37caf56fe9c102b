// How the chat template is told to let the model think, or not: by variables that many templates share, if this one has
// them. Not how thoughts are told from words: ../Responses/AnswerFormat.swift.

import JSONText

extension ConversationRenderer {
    /// What tells the template whether the model thinks before it speaks; nil if the template cannot be told.
    ///
    /// *Source*: the chat templates of Qwen3, whose variable later families took over.
    func thinkingSwitch(_ isOn: Bool) -> TemplateVariable? {
        let name = "enable_thinking"
        return reads(variable: name) ? TemplateVariable(name: name, value: JSONValue(.boolean(isOn))) : nil
    }

    /// What tells the template how much the model thinks. A template that knows only whether it does, is told that; one
    /// that knows neither, nothing: then an effort has no effect.
    ///
    /// *Source*: `reasoning_effort` of the chat templates of gpt-oss.
    func thinkingVariables(effort: String?) -> [TemplateVariable] {
        guard let effort else { return [] }
        let name = "reasoning_effort"
        if reads(variable: name) { return [TemplateVariable(name: name, value: JSONValue(.string(effort)))] }
        return thinkingSwitch(effort != "none").map { [$0] } ?? []
    }
}
