// Rows and columns moved about without arithmetic.
// Every index is checked: indices come from whoever makes up the batch.

/// *Shapes* x `[n, width]`; result `[n, count]`.
@specialized(where Element == Double)
@specialized(where Element == Float)
func columns<Element: ReferenceElement>(of x: Tensor<Element>, from: Int, count: Int) -> Tensor<Element> {
    var result: [Element] = []
    result.reserveCapacity(x.rows * count)
    for row in 0..<x.rows {
        let start = row * x.width + from
        result.append(contentsOf: x.elements[start..<start + count])
    }
    return Tensor([x.rows, count], result)
}

/// *Shapes* x `[n, width]`; result `[n / count, count * width]`.
func joinedRows<Element: ReferenceElement>(
    of x: Tensor<Element>,
    count: Int
) throws(InterpretationProblem) -> Tensor<Element> {
    guard x.rows.isMultiple(of: count) else {
        throw .wrongShape(found: x.shape, expected: "a multiple of \(count) rows")
    }
    return x.reshaped([x.rows / count, count * x.width])
}

/// Groups of `group` consecutive rows in the order of `indices`.
///
/// *Shapes* x `[n, width]`, indices `[m]`, each in `0..<n / group`; result `[m * group, width]`.
@specialized(where Element == Double)
@specialized(where Element == Float)
func gatheredRows<Element: ReferenceElement>(
    of x: Tensor<Element>,
    at indices: Tensor<Int32>,
    group: Int
) throws(InterpretationProblem) -> Tensor<Element> {
    let (size, limit) = (group * x.width, x.rows / group)
    var result: [Element] = []
    result.reserveCapacity(indices.elements.count * size)
    for index in indices.elements.map(Int.init) {
        guard (0..<limit).contains(index) else { throw .indexOutOfRange(index, limit: limit) }
        result.append(contentsOf: x.elements[index * size..<(index + 1) * size])
    }
    return Tensor([indices.elements.count * group, x.width], result)
}

/// *Shapes* x `[n, width]`, replacements `[m, width]`, indices `[m]`, each in `0..<n` and at most once; result as x.
@specialized(where Element == Double)
@specialized(where Element == Float)
func replacingRows<Element: ReferenceElement>(
    of x: Tensor<Element>,
    by replacements: Tensor<Element>,
    at indices: Tensor<Int32>
) throws(InterpretationProblem) -> Tensor<Element> {
    let width = x.width
    var result = x.elements
    var replaced: Set<Int> = []
    for (row, index) in indices.elements.map(Int.init).enumerated() {
        guard (0..<x.rows).contains(index) else { throw .indexOutOfRange(index, limit: x.rows) }
        guard replaced.insert(index).inserted else { throw .repeatedIndex(index) }
        for column in 0..<width { result[index * width + column] = replacements.elements[row * width + column] }
    }
    return Tensor(x.shape, result)
}
