// Finds the largest of many numbers without sorting them all: the maximum, the k-th largest, and one after another.
// Not about probabilities (CandidateSelection.swift).

/// The first of the largest values. NaN and positive infinity are reported, not compared.
///
/// *Math*: argmax; of equal values the lowest index. One pass.
/// *Throws*: `SamplingError.logitNotFinite`, or `.everyTokenExcluded` if all values are negative infinity or there are
/// none.
func indexOfLargest(_ values: UnsafeBufferPointer<Float>) throws(SamplingError) -> Int {
    var best = -Float.infinity
    var bestIndex: Int?
    for index in values.indices {
        let value = values[index]
        // True for NaN too, so that one comparison per value serves both.
        if !(value <= best) {
            guard value < .infinity else { throw .logitNotFinite(token: Int32(index)) }
            best = value
            bestIndex = index
        }
    }
    guard let bestIndex else { throw .everyTokenExcluded }
    return bestIndex
}

/// The k-th largest value, with `1 <= k <= values.count`, none of them NaN.
///
/// Selects the digits of the answer from the highest to the lowest by counting: one pass over all values, and further
/// ones over those that share the digits found so far.
func kthLargest(_ k: Int, of values: UnsafeBufferPointer<Float>) -> Float {
    precondition(k >= 1 && k <= values.count, "the k-th largest of \(values.count) values, k = \(k)")
    var counts = [Int](repeating: 0, count: 2048)
    for value in values { counts[Int(orderedBits(value) >> 21)] += 1 }
    var (digit, remaining) = digitOfKthLargest(k, counts)
    var found = UInt32(digit) << 21
    var rest: [UInt32] = []
    rest.reserveCapacity(counts[digit])
    for value in values {
        let bits = orderedBits(value)
        if bits >> 21 == UInt32(digit) { rest.append(bits) }
    }
    for shift in [10, 0] as [UInt32] {
        let mask: UInt32 = shift == 10 ? 2047 : 1023
        counts = [Int](repeating: 0, count: 2048)
        for bits in rest { counts[Int(bits >> shift & mask)] += 1 }
        (digit, remaining) = digitOfKthLargest(remaining, counts)
        found |= UInt32(digit) << shift
        rest.removeAll { $0 >> shift & mask != UInt32(digit) }
    }
    return Float(bitPattern: found >> 31 == 1 ? found ^ signBit : ~found)
}

/// The highest digit that at least `k` values reach, and which of the values with that digit the k-th is.
private func digitOfKthLargest(_ k: Int, _ counts: [Int]) -> (digit: Int, remaining: Int) {
    var remaining = k
    var digit = counts.count - 1
    while counts[digit] < remaining {
        remaining -= counts[digit]
        digit -= 1
    }
    return (digit, remaining)
}

private let signBit: UInt32 = 0x8000_0000

/// Bits that compare as unsigned integers as the numbers do.
private func orderedBits(_ value: Float) -> UInt32 {
    let bits = value.bitPattern
    return bits & signBit == 0 ? bits | signBit : ~bits
}

/// Hands out indices from the largest value to the smallest; of equal values the lowest index comes first.
///
/// Building it takes one pass; each index after that a logarithmic number of steps.
struct DescendingOrder {
    private let values: [Double]
    private var heap: [Int32]

    init(_ values: [Double]) {
        self.values = values
        heap = (0..<Int32(values.count)).map { $0 }
        for root in stride(from: heap.count / 2 - 1, through: 0, by: -1) { sink(root) }
    }

    /// Removes and returns the index of the largest value left, or nil if none is left.
    mutating func next() -> Int? {
        guard let largest = heap.first, let last = heap.popLast() else { return nil }
        if !heap.isEmpty {
            heap[0] = last
            sink(0)
        }
        return Int(largest)
    }

    private func precedes(_ left: Int32, _ right: Int32) -> Bool {
        let (leftValue, rightValue) = (values[Int(left)], values[Int(right)])
        return leftValue > rightValue || (leftValue == rightValue && left < right)
    }

    private mutating func sink(_ start: Int) {
        let moving = heap[start]
        var place = start
        while true {
            var child = 2 * place + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, precedes(heap[child + 1], heap[child]) { child += 1 }
            guard precedes(heap[child], moving) else { break }
            heap[place] = heap[child]
            place = child
        }
        heap[place] = moving
    }
}
