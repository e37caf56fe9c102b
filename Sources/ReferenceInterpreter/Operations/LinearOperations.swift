// Matrix products and table look-ups.
// Functions that other files call state their specialisations: a debug build compiles each file by itself, even with -O.

/// *Math* y_ij = sum_k x_ik w_jk + b_j.
/// *Shapes* x `[n, inputs]`, weight `[outputs, inputs]`, bias `[outputs]`; result `[n, outputs]`.
/// *Accumulates in* Element, in four interleaved sums.
@specialized(where Element == Double)
@specialized(where Element == Float)
func linear<Element: ReferenceElement>(
    _ x: Tensor<Element>,
    weight: Tensor<Element>,
    bias: Tensor<Element>?
) -> Tensor<Element> {
    let (rows, inputs, outputs) = (x.rows, x.width, weight.rows)
    let elements = [Element](unsafeUninitializedCapacity: rows * outputs) { result, count in
        x.elements.withUnsafeBufferPointer { x in
            weight.elements.withUnsafeBufferPointer { weight in
                for row in 0..<rows {
                    for output in 0..<outputs {
                        let value = dotProduct(x, row * inputs, weight, output * inputs, count: inputs)
                        result.initializeElement(
                            at: row * outputs + output,
                            to: value + (bias?.elements[output] ?? 0)
                        )
                    }
                }
            }
        }
        count = rows * outputs
    }
    return Tensor([rows, outputs], elements)
}

/// Sum of products of `count` elements from `leftStart` and `rightStart` on.
///
/// Four sums side by side, because one addition has to wait for the one before it.
@specialized(where Element == Double)
@specialized(where Element == Float)
func dotProduct<Element: ReferenceElement>(
    _ left: UnsafeBufferPointer<Element>,
    _ leftStart: Int,
    _ right: UnsafeBufferPointer<Element>,
    _ rightStart: Int,
    count: Int
) -> Element {
    var (sum0, sum1, sum2, sum3): (Element, Element, Element, Element) = (0, 0, 0, 0)
    var index = 0
    while index + 4 <= count {
        let (a, b) = (leftStart + index, rightStart + index)
        sum0 += left[a] * right[b]
        sum1 += left[a + 1] * right[b + 1]
        sum2 += left[a + 2] * right[b + 2]
        sum3 += left[a + 3] * right[b + 3]
        index += 4
    }
    while index < count {
        sum0 += left[leftStart + index] * right[rightStart + index]
        index += 1
    }
    return (sum0 + sum1) + (sum2 + sum3)
}

/// *Shapes* table `[vocab, hidden]`, indices `[n]`; result `[n, hidden]`.
@specialized(where Element == Double)
@specialized(where Element == Float)
func embeddingRows<Element: ReferenceElement>(
    of table: Tensor<Element>,
    at indices: Tensor<Int32>
) throws(InterpretationProblem) -> Tensor<Element> {
    try gatheredRows(of: table, at: indices, group: 1)
}
