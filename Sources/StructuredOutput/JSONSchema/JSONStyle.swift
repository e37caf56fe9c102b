// How white space may stand in generated JSON. Bounded in every style, so that no model can go on with it for ever.
// Not white space inside strings. Next: JSONGrammar.swift.

/// Where white space may stand in generated JSON.
public enum JSONStyle: Hashable, Sendable {
    /// None: `{"a":[1,2]}`.
    case compact
    /// One space after commas and colons, always: `{"a": [1, 2]}`.
    case spaced
    /// What models write: after a colon nothing or a space; after an opening bracket, after a comma and before a closing
    /// bracket nothing, a space, or a line end with indentation by at most so many spaces, or a quarter as many tabs.
    case flexible(maximumIndentation: Int)

    /// Flexible, with 32 columns of indentation.
    public static let standard = JSONStyle.flexible(maximumIndentation: 32)
}
