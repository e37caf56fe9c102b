// Selection without sorting, against sorting.

import Testing

@testable import ModelRuntime

@Suite struct LargestValuesTests {
    /// Numbers of all magnitudes, with ties, zeros of both signs and negative infinity.
    private func sampleValues(count: Int, seed: UInt64) -> [Float] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in
            switch generator.next() % 8 {
            case 0: -.infinity
            case 1: 0
            case 2: -0.0
            case 3: Float(Int.random(in: -3...3, using: &generator))
            case 4: Float.random(in: -1e30...1e30, using: &generator)
            case 5: Float.random(in: -1e-38...1e-38, using: &generator)
            default: Float.random(in: -10...10, using: &generator)
            }
        }
    }

    @Test(arguments: [1, 2, 3, 7, 100, 1000]) func kthLargestEqualsSorted(count: Int) {
        for seed in 0..<20 as Range<UInt64> {
            let values = sampleValues(count: count, seed: seed)
            let sorted = values.sorted(by: >)
            for k in Set([1, 2, count / 2, count - 1, count]) where k >= 1 && k <= count {
                #expect(values.withUnsafeBufferPointer { kthLargest(k, of: $0) } == sorted[k - 1])
            }
        }
    }

    @Test func largestIsTheFirstOfEquals() throws {
        let values: [Float] = [-1, 3, 2, 3, -.infinity]
        #expect(try values.withUnsafeBufferPointer(indexOfLargest) == 1)
    }

    @Test func largestRefusesWhatIsNoNumber() {
        #expect(throws: SamplingError.logitNotFinite(token: 2)) {
            try ([1, 5, .nan, 7] as [Float]).withUnsafeBufferPointer(indexOfLargest)
        }
        #expect(throws: SamplingError.logitNotFinite(token: 0)) {
            try ([.infinity, 5] as [Float]).withUnsafeBufferPointer(indexOfLargest)
        }
        #expect(throws: SamplingError.everyTokenExcluded) {
            try ([-.infinity, -.infinity] as [Float]).withUnsafeBufferPointer(indexOfLargest)
        }
        #expect(throws: SamplingError.everyTokenExcluded) {
            try ([] as [Float]).withUnsafeBufferPointer(indexOfLargest)
        }
    }

    @Test(arguments: [0, 1, 2, 3, 10, 257]) func descendingOrderIsAStableSort(count: Int) {
        let values = sampleValues(count: count, seed: 3).map(Double.init)
        var order = DescendingOrder(values)
        var found: [Int] = []
        while let index = order.next() { found.append(index) }
        #expect(found == values.indices.sorted { values[$0] > values[$1] || (values[$0] == values[$1] && $0 < $1) })
    }
}
