// Amounts that depend on the batch: sums of products of symbols, such as `4096*rows + 512*rows*context`.
// Used for bytes and floating-point operations. What is counted, and why: StepCost.swift.

import ComputeGraph

/// A polynomial in the symbols of a batch.
public struct CostExpression: Sendable, Hashable {
    /// The factor of each product of symbols; the symbols of a product are sorted.
    public private(set) var terms: [[DimensionSymbol]: Double]

    /// A number.
    public init(_ constant: Double = 0) {
        terms = constant == 0 ? [:] : [[]: constant]
    }

    /// A dimension as an amount.
    public init(_ dimension: Dimension) {
        let factor = Double(dimension.factor) / Double(dimension.divisor)
        terms = factor == 0 ? [:] : [[dimension.symbol].compactMap(\.self): factor]
    }

    /// The amount for given sizes; symbols without a size count as 0.
    public func value(with sizes: [DimensionSymbol: Int]) -> Double {
        terms.reduce(0) { sum, term in
            sum + term.key.reduce(term.value) { $0 * Double(sizes[$1] ?? 0) }
        }
    }

    /// The sum of both.
    public static func + (left: Self, right: Self) -> Self {
        var sum = left
        for (symbols, factor) in right.terms { sum.terms[symbols, default: 0] += factor }
        return sum
    }

    /// The product of both.
    public static func * (left: Self, right: Self) -> Self {
        var product = CostExpression()
        for (leftSymbols, leftFactor) in left.terms {
            for (rightSymbols, rightFactor) in right.terms {
                product.terms[(leftSymbols + rightSymbols).sorted(), default: 0] += leftFactor * rightFactor
            }
        }
        return product
    }

    /// Adds `right`.
    public static func += (left: inout Self, right: Self) { left = left + right }
}

extension CostExpression: ExpressibleByIntegerLiteral {
    /// A number.
    public init(integerLiteral value: Int) { self.init(Double(value)) }
}

extension CostExpression: CustomStringConvertible {
    /// The amount as the printer writes it, constant first, then by symbols.
    public var description: String {
        let sorted = terms.sorted { left, right in
            left.key.map(\.rawValue).lexicographicallyPrecedes(right.key.map(\.rawValue))
        }
        let parts = sorted.filter { $0.value != 0 }.map { symbols, factor in
            let number = factor.rounded() == factor && abs(factor) < 1e15 ? String(Int(factor)) : String(factor)
            return ([number] + symbols.map(\.rawValue)).joined(separator: "*")
        }
        return parts.isEmpty ? "0" : parts.joined(separator: " + ")
    }
}
