// One small number per Unicode scalar value, looked up in two loads.
// Not a place for data: the callers fill it from ranges. Next: NormalForm.swift and ../Pattern/PatternAutomaton.swift.

/// A map from every scalar value to an `Element`, stored as shared blocks of 256 scalars.
struct ScalarTable<Element: FixedWidthInteger & Sendable>: Sendable {
    private let blockStarts: [UInt32]
    private let elements: [Element]

    /// The table whose runs are `runs`, ascending and disjoint; scalars outside every run have `fallback`.
    init(runs: [(scalars: ClosedRange<UInt32>, element: Element)], fallback: Element) {
        var starts: [UInt32] = []
        var elements: [Element] = []
        var known: [[Element]: UInt32] = [:]
        var uniform: [Element: UInt32] = [:]
        var run = 0
        starts.reserveCapacity(0x1100)
        func start(of block: [Element]) -> UInt32 {
            if let start = known[block] { return start }
            let start = UInt32(elements.count)
            elements += block
            known[block] = start
            return start
        }
        for first in stride(from: UInt32(0), to: 0x110000, by: 256) {
            while run < runs.count, runs[run].scalars.upperBound < first { run += 1 }
            let isOutside = run == runs.count || runs[run].scalars.lowerBound > first + 255
            if isOutside || runs[run].scalars.contains(first) && runs[run].scalars.upperBound >= first + 255 {
                let element = isOutside ? fallback : runs[run].element
                if let start = uniform[element] {
                    starts.append(start)
                } else {
                    let start = start(of: Array(repeating: element, count: 256))
                    uniform[element] = start
                    starts.append(start)
                }
                continue
            }
            var block = Array(repeating: fallback, count: 256)
            var index = run
            while index < runs.count, runs[index].scalars.lowerBound <= first + 255 {
                let range = runs[index].scalars.clamped(to: first...(first + 255))
                for scalar in range { block[Int(scalar - first)] = runs[index].element }
                index += 1
            }
            starts.append(start(of: block))
        }
        self.blockStarts = starts
        self.elements = elements
    }

    /// The element of a scalar value.
    subscript(scalar: UInt32) -> Element {
        elements[Int(blockStarts[Int(scalar >> 8)]) + Int(scalar & 255)]
    }

    /// Lends the table as raw storage for a hot loop.
    func withUnsafeStorage<Result>(_ body: (Storage) -> Result) -> Result {
        blockStarts.withUnsafeBufferPointer { starts in
            elements.withUnsafeBufferPointer { elements in body(Storage(blockStarts: starts, elements: elements)) }
        }
    }

    /// The table without bounds checks; scalars must be below 0x110000.
    struct Storage {
        fileprivate let blockStarts: UnsafeBufferPointer<UInt32>
        fileprivate let elements: UnsafeBufferPointer<Element>

        /// The element of a scalar value.
        subscript(scalar: UInt32) -> Element {
            elements[Int(blockStarts[Int(scalar >> 8)]) + Int(scalar & 255)]
        }
    }
}
