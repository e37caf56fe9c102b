// What callers hand to a template: JSON-like values whose texts know whether they come from a message.
// Not what expressions give while rendering: Values/Value.swift. Next: TemplateText.swift.

import JSONText

/// A variable of a template, or a part of one.
public enum TemplateValue: Sendable {
    /// `none`
    case null
    /// `true` or `false`
    case boolean(Bool)
    /// An integer.
    case integer(Int)
    /// An integer that does not fit `Int`, as its decimal digits; templates can print and compare it.
    case largeInteger(String)
    /// A floating-point number.
    case double(Double)
    /// A text.
    case text(TemplateText)
    /// A list.
    case list([TemplateValue])
    /// A dictionary in its order; of equal keys the last one's value counts.
    case dictionary([Member])

    /// One key of a dictionary with its value.
    public struct Member: Sendable {
        /// The key.
        public let key: TemplateText
        /// The value.
        public let value: TemplateValue

        /// Makes a member.
        public init(key: TemplateText, value: TemplateValue) {
            self.key = key
            self.value = value
        }
    }

    /// A text that is not a message's, such as a role.
    public static func text(_ string: String) -> TemplateValue { .text(TemplateText(string)) }

    /// A dictionary of keys that are not a message's text.
    public static func dictionary(_ members: KeyValuePairs<String, TemplateValue>) -> TemplateValue {
        .dictionary(members.map { Member(key: TemplateText($0.key), value: $0.value) })
    }

    /// The value as Python's json module reads it; `isMessageText` marks all strings in it, keys included.
    public init(_ json: JSONValue, isMessageText: Bool) {
        switch json.content {
        case .null: self = .null
        case .boolean(let value): self = .boolean(value)
        case .number(let number):
            if let integer = number.integer {
                self = .integer(integer)
            } else if number.isInteger {
                self = .largeInteger(number.literal)
            } else {
                // The nearest double of a literal beyond the finite ones is an infinity, as in Python.
                self = .double(Double(number.literal) ?? .infinity)
            }
        case .string(let string): self = .text(TemplateText(string, isMessageText: isMessageText))
        case .array(let elements): self = .list(elements.map { TemplateValue($0, isMessageText: isMessageText) })
        case .object(let members):
            self = .dictionary(
                members.map {
                    Member(
                        key: TemplateText($0.key, isMessageText: isMessageText),
                        value: TemplateValue($0.value, isMessageText: isMessageText)
                    )
                }
            )
        }
    }
}
