// How many heads attention has, and how wide they are.

/// The heads of attention: query head h reads key and value head `h / (query / keyValue)`.
public struct HeadShape: Sendable, Hashable {
    /// Heads of the query, a multiple of `keyValue`.
    public let query: Int
    /// Heads of the keys, and as many of the values.
    public let keyValue: Int
    /// Numbers in a head: a multiple of 16, at most 256.
    public let width: Int

    /// Heads that the kernels can work on.
    public init(query: Int, keyValue: Int, width: Int) {
        precondition(
            query > 0 && keyValue > 0 && query % keyValue == 0,
            "\(query) query heads on \(keyValue) key heads"
        )
        precondition(width > 0 && width % 16 == 0 && width <= 256, "heads of \(width)")
        self.query = query
        self.keyValue = keyValue
        self.width = width
    }
}
