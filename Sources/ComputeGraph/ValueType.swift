// What a value of the graph is: a tensor, a description of which rows see which, or the key-value cache.
// Not weights' names and places in checkpoints: see Weight.swift.

import TensorTypes

/// The type of a tensor value.
public struct TensorType: Sendable, Hashable, CustomStringConvertible {
    /// `f32` for every real-valued tensor (its storage is chosen by scheduling), `i32` for indices and positions.
    public let element: ElementType
    /// The sizes of the axes, outermost first. Never empty.
    public let shape: [Dimension]

    /// A tensor type.
    public init(_ element: ElementType, _ shape: [Dimension]) {
        self.element = element
        self.shape = shape
    }

    /// Real numbers of this shape.
    public static func real(_ shape: Dimension...) -> TensorType { TensorType(.f32, shape) }
    /// Indices or positions of this shape.
    public static func index(_ shape: Dimension...) -> TensorType { TensorType(.i32, shape) }

    /// The size of the innermost axis.
    public var width: Dimension { shape[shape.count - 1] }
    /// The size of the outermost axis.
    public var rows: Dimension { shape[0] }
    /// The number of elements of one outermost row, where the inner axes are known when compiling.
    public var elementsPerRow: Int? {
        var product = 1
        for dimension in shape.dropFirst() {
            guard let size = dimension.constant else { return nil }
            product *= size
        }
        return product
    }

    /// The type as the printer writes it: `f32[rows, 16, 128]`.
    public var description: String {
        "\(element.rawValue)[\(shape.map(\.description).joined(separator: ", "))]"
    }
}

/// The type of any value of the graph.
public enum ValueType: Sendable, Hashable, CustomStringConvertible {
    /// Numbers.
    case tensor(TensorType)
    /// Consecutive runs of rows; attention looks only within a run. `of` is the number of rows that the runs divide,
    /// `longest` a bound for the keys that a row of a run may see.
    case segments(of: Dimension, longest: Dimension)
    /// The keys and values of all earlier tokens of the sequences of a batch, for one layer or for all.
    case cache

    /// The tensor type, or nil for segments and caches.
    public var tensor: TensorType? {
        if case .tensor(let type) = self { type } else { nil }
    }

    /// Whether a parameter of this type takes a value of type `other`: the same type, or segments with a lower bound.
    public func accepts(_ other: ValueType) -> Bool {
        if case .segments(let rows, let longest) = self, case .segments(let otherRows, let otherLongest) = other {
            return rows == otherRows && (longest.symbol != nil || longest == otherLongest)
        }
        return self == other
    }

    /// The type as the printer writes it.
    public var description: String {
        switch self {
        case .tensor(let type): type.description
        case .segments(let rows, let longest): "segments[\(rows), each at most \(longest)]"
        case .cache: "cache"
        }
    }
}
