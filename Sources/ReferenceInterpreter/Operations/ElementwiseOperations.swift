// Functions of every element, sums and products, and the two functions of whole rows: norms and softmax.
// Written as their formulas; kernels are the ones that are clever.

import ComputeGraph
import ModelDescriptions
import RealModule

/// *Math* RMS norm: x / sqrt(mean(x^2) + epsilon) * gain.
/// Layer norm: (x - mean(x)) / sqrt(mean((x - mean(x))^2) + epsilon) * gain + shift.
/// *Shapes* x `[..., width]`, gain and shift `[width]`; result as x.
/// *Accumulates in* Element.
@specialized(where Element == Double)
@specialized(where Element == Float)
func normalised<Element: ReferenceElement>(
    _ x: Tensor<Element>,
    _ norm: Normalization,
    gain: Tensor<Element>,
    shift: Tensor<Element>?
) -> Tensor<Element> {
    let width = x.width
    let epsilon = Element(norm.epsilon)
    var result = x.elements
    for start in stride(from: 0, to: result.count, by: max(width, 1)) {
        let columns = start..<start + width
        var mean: Element = 0
        if norm.kind == .layer {
            for index in columns { mean += result[index] }
            mean /= Element(width)
        }
        var square: Element = 0
        for index in columns { square += (result[index] - mean) * (result[index] - mean) }
        let deviation = Element.sqrt(square / Element(width) + epsilon)
        for index in columns {
            let scaled = (result[index] - mean) / deviation * gain.elements[index - start]
            result[index] = scaled + (shift?.elements[index - start] ?? 0)
        }
    }
    return Tensor(x.shape, result)
}

/// *Math* exp(x - max) / sum over the innermost axis. Minus infinity becomes 0.
/// *Accumulates in* Element.
@specialized(where Element == Double)
@specialized(where Element == Float)
func softmax<Element: ReferenceElement>(_ x: Tensor<Element>) -> Tensor<Element> {
    var result = x.elements
    for start in stride(from: 0, to: result.count, by: max(x.width, 1)) {
        softmax(&result, start..<start + x.width)
    }
    return Tensor(x.shape, result)
}

/// Softmax of some elements, in place.
@specialized(where Element == Double)
@specialized(where Element == Float)
func softmax<Element: ReferenceElement>(_ elements: inout [Element], _ range: Range<Int>) {
    var largest = -Element.infinity
    for index in range where elements[index] > largest { largest = elements[index] }
    var total: Element = 0
    for index in range {
        elements[index] = Element.exp(elements[index] - largest)
        total += elements[index]
    }
    for index in range { elements[index] /= total }
}

/// *Math* see `Activation`. The normal distribution function is erfc(-x / sqrt(2)) / 2, which keeps its digits where
/// x is far below zero.
@specialized(where Element == Double)
@specialized(where Element == Float)
func activated<Element: ReferenceElement>(_ x: Tensor<Element>, _ function: Activation) -> Tensor<Element> {
    let elements: [Element] =
        switch function {
        case .silu: x.elements.map { $0 * logistic($0) }
        case .gelu: x.elements.map { $0 * Element.erfc(-$0 / Element.sqrt(2)) / 2 }
        case .geluTanh:
            x.elements.map { x in
                let inner = Element.sqrt(2 / Element.pi) * (x + Element(0.044715) * x * x * x)
                return x / 2 * (1 + Element.tanh(inner))
            }
        case .quickGELU: x.elements.map { $0 * logistic(Element(1.702) * $0) }
        case .relu: x.elements.map { $0 < 0 ? 0 : $0 }
        }
    return Tensor(x.shape, elements)
}

@inline(__always)
private func logistic<Element: ReferenceElement>(_ x: Element) -> Element { 1 / (1 + Element.exp(-x)) }

/// Elementwise sum.
@specialized(where Element == Double)
@specialized(where Element == Float)
func sum<Element: ReferenceElement>(_ left: Tensor<Element>, _ right: Tensor<Element>) -> Tensor<Element> {
    Tensor(left.shape, zip(left.elements, right.elements).map { $0 + $1 })
}

/// Elementwise product.
@specialized(where Element == Double)
@specialized(where Element == Float)
func product<Element: ReferenceElement>(_ left: Tensor<Element>, _ right: Tensor<Element>) -> Tensor<Element> {
    Tensor(left.shape, zip(left.elements, right.elements).map { $0 * $1 })
}
