// Where the interpreter gets weights: tensors by their names in the checkpoint, put together as the graph says.
// Not a reader of checkpoints: tests have a small one, the runtime has the real one.

import ComputeGraph

/// The tensors of a checkpoint.
public protocol WeightProvider<Element>: Sendable {
    /// The numbers that tensors are made of.
    associatedtype Element: ReferenceElement
    /// The tensor of this name with its shape in the checkpoint, or nil if there is none.
    func tensor(named name: String) throws -> Tensor<Element>?
}

/// Tensors held in memory.
public struct WeightTable<Element: ReferenceElement>: WeightProvider {
    /// The tensors by name.
    public var tensors: [String: Tensor<Element>]

    /// A checkpoint of `tensors`.
    public init(_ tensors: [String: Tensor<Element>]) { self.tensors = tensors }

    /// The tensor of this name, or nil if there is none.
    public func tensor(named name: String) -> Tensor<Element>? { tensors[name] }
}

extension Weight.Source {
    /// The name in the checkpoint for one layer; nil for zeros.
    func tensorName(layer: Int?) -> String? {
        guard let tensor, let layer else { return tensor }
        return tensor.replacing("{layer}", with: String(layer))
    }
}

extension WeightProvider {
    /// The sources of `weight`, stacked, as the graph sees them: `[rows]` or `[rows, columns]`.
    func assembled(_ weight: Weight, layer: Int?) throws -> Tensor<Element> {
        let shape = weight.isVector ? [weight.rows] : [weight.rows, weight.columns]
        let parts = try weight.sources.map { source in
            guard let name = source.tensorName(layer: layer) else {
                return Array<Element>(repeating: 0, count: source.rows * source.rowElements)
            }
            guard let tensor = try tensor(named: name) else { throw InterpretationProblem.missingWeight(name) }
            guard tensor.shape == source.shape else {
                throw InterpretationProblem.weightShape(name, found: tensor.shape, expected: source.shape)
            }
            return tensor.elements
        }
        return try Tensor(shape: shape, elements: parts.count == 1 ? parts[0] : Array(parts.joined()))
    }
}
