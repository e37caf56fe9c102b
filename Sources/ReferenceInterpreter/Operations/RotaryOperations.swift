// Rotary positions: the table of cosines and sines, and the rotation of heads by it.
// Frequencies are made by ComputeGraph/Layers/RotaryFrequencies.swift; positions by whoever makes up the batch.

import ComputeGraph
import RealModule

/// *Math* cos and sin of position(axis of j) * frequency_j, times the magnitude.
/// *Shapes* positions `[axes, n]`; result `[n, 2 * frequencies]`: all cosines, then all sines.
@specialized(where Element == Double)
@specialized(where Element == Float)
func rotaryTable<Element: ReferenceElement>(
    _ frequencies: RotaryFrequencies,
    positions: Tensor<Int32>
) -> Tensor<Element> {
    let rows = positions.width
    let magnitude = Element(frequencies.magnitude)
    var result: [Element] = []
    result.reserveCapacity(rows * 2 * frequencies.count)
    for row in 0..<rows {
        let angles = zip(frequencies.axes, frequencies.inverseFrequencies).map { axis, frequency in
            Element(positions.elements[axis * rows + row]) * Element(frequency)
        }
        result += angles.map { Element.cos($0) * magnitude }
        result += angles.map { Element.sin($0) * magnitude }
    }
    return Tensor([rows, 2 * frequencies.count], result)
}

/// *Math* for the pair (x_j, x_(j + f)), f the number of frequencies: (x_j cos - x_(j + f) sin, x_(j + f) cos + x_j sin).
/// Columns from 2 f on stay as they are.
/// *Shapes* x `[n, heads, d]`, table `[n, 2 * f]`; result as x.
/// *Source* Su et al., RoFormer, 2021, section 3.4.2, in the arrangement of halves of transformers@5.23.0.
@specialized(where Element == Double)
@specialized(where Element == Float)
func rotated<Element: ReferenceElement>(_ x: Tensor<Element>, table: Tensor<Element>) -> Tensor<Element> {
    let (rows, headDim, frequencies) = (x.rows, x.width, table.width / 2)
    let heads = x.rowElements / max(headDim, 1)
    var result = x.elements
    for row in 0..<rows {
        for head in 0..<heads {
            let start = (row * heads + head) * headDim
            for pair in 0..<frequencies {
                let (first, second) = (start + pair, start + pair + frequencies)
                let cosine = table.elements[row * table.width + pair]
                let sine = table.elements[row * table.width + frequencies + pair]
                result[first] = x.elements[first] * cosine - x.elements[second] * sine
                result[second] = x.elements[second] * cosine + x.elements[first] * sine
            }
        }
    }
    return Tensor(x.shape, result)
}
