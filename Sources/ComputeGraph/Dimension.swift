// Sizes of tensor axes: known when compiling, or known only when a batch arrives.
// Not shapes of values (ValueType.swift) nor the rules that relate them (ShapeRules.swift).

/// A size that a compiled model learns only when it is given a batch.
public enum DimensionSymbol: String, Sendable, Hashable, CaseIterable, Comparable {
    /// Token rows of one step, over all sequences of the batch.
    case rows
    /// Rows of the step whose embedding is replaced by an image feature.
    case imageRows = "image-rows"
    /// Rows of the step whose logits are wanted.
    case logitRows = "logit-rows"
    /// Patches of all images of one encoder call.
    case patches
    /// Keys that a query may see: tokens of its sequence in the cache, the step's own included.
    case context

    /// Orders symbols by their spelling, so that printed plans are stable.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// The size of one axis: a number, or a symbol multiplied and divided by numbers.
public struct Dimension: Sendable, Hashable {
    /// The symbol, or nil for a size that is known when compiling.
    public let symbol: DimensionSymbol?
    /// What the symbol (or one, if there is none) is multiplied by.
    public let factor: Int
    /// What the product is divided by. Batches are checked to make this exact.
    public let divisor: Int

    init(symbol: DimensionSymbol?, factor: Int, divisor: Int) {
        let common = greatestCommonDivisor(factor, divisor)
        self.symbol = symbol
        self.factor = factor / common
        self.divisor = divisor / common
    }

    /// A size that is known when compiling.
    public static func constant(_ size: Int) -> Dimension { Dimension(symbol: nil, factor: size, divisor: 1) }

    /// The size that a batch gives to `symbol`.
    public static func symbolic(_ symbol: DimensionSymbol) -> Dimension {
        Dimension(symbol: symbol, factor: 1, divisor: 1)
    }

    /// The number, if the size is known when compiling.
    public var constant: Int? { symbol == nil ? factor / divisor : nil }

    /// The size for given sizes of the symbols; nil if the symbol has none there, or if the division is not exact.
    public func size(with sizes: [DimensionSymbol: Int]) -> Int? {
        guard let symbol else { return factor / divisor }
        guard let size = sizes[symbol], (size * factor) % divisor == 0 else { return nil }
        return size * factor / divisor
    }

    /// A size `divisor` times smaller.
    public static func / (dimension: Dimension, divisor: Int) -> Dimension {
        Dimension(symbol: dimension.symbol, factor: dimension.factor, divisor: dimension.divisor * divisor)
    }

    /// A size `factor` times larger.
    public static func * (dimension: Dimension, factor: Int) -> Dimension {
        Dimension(symbol: dimension.symbol, factor: dimension.factor * factor, divisor: dimension.divisor)
    }
}

extension Dimension: ExpressibleByIntegerLiteral {
    /// A size that is known when compiling.
    public init(integerLiteral value: Int) { self = .constant(value) }
}

extension Dimension: CustomStringConvertible {
    /// The size as the printer writes it: `2048`, `rows`, `patches/4`.
    public var description: String {
        guard let symbol else { return String(factor / divisor) }
        let product = factor == 1 ? symbol.rawValue : "\(factor)*\(symbol.rawValue)"
        return divisor == 1 ? product : "\(product)/\(divisor)"
    }
}

private func greatestCommonDivisor(_ left: Int, _ right: Int) -> Int {
    var (a, b) = (abs(left), abs(right))
    while b != 0 { (a, b) = (b, a % b) }
    return max(a, 1)
}
