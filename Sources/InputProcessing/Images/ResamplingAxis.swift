// The fixed-point weights with which one axis of an image is resampled. The sums are C: CImageCodecs/resampling.c.
import CImageCodecs

/// For every output position, which source positions it is the weighted sum of.
struct ResamplingAxis: Sendable {
    let sourceSize: Int
    let outputSize: Int
    /// The first source position of each output.
    let first: [Int32]
    /// How many source positions each output has.
    let count: [Int32]
    /// `[outputSize, stride]`: the lower 15 bits of each weight, in units of 2^-22.
    let low: [Int16]
    /// `[outputSize, stride]`: the bits above, with the sign.
    let high: [Int16]
    let stride: Int

    /// Pillow skips the pass of an axis that keeps its size.
    var isIdentity: Bool { sourceSize == outputSize }

    /// *Math:* an output's weights are the filter, stretched by the reduction, at the centres of the source pixels that
    /// it covers; divided by their sum; rounded half away from zero to multiples of 2^-22.
    /// *Source:* Pillow@13.0.0:src/libImaging/Resample.c, precompute_coeffs and normalize_coeffs_8bpc.
    init(sourceSize: Int, outputSize: Int, filter: ResamplingFilter) {
        precondition(sourceSize > 0 && outputSize > 0)
        let scale = Double(sourceSize) / Double(outputSize)
        let reduction = max(scale, 1)
        let support = filter.support * reduction
        let inverseReduction = 1 / reduction
        let longest = Int(support.rounded(.up)) * 2 + 1
        let stride = (longest + 3) / 4 * 4
        var first = [Int32](repeating: 0, count: outputSize)
        var count = [Int32](repeating: 0, count: outputSize)
        var low = [Int16](repeating: 0, count: outputSize * stride)
        var high = [Int16](repeating: 0, count: outputSize * stride)
        var weights = [Double](repeating: 0, count: longest)
        for output in 0..<outputSize {
            let center = (Double(output) + 0.5) * scale
            let start = max(Int(center - support + 0.5), 0)
            let end = min(Int(center + support + 0.5), sourceSize)
            var sum = 0.0
            for tap in 0..<end - start {
                let weight = filter.weight(at: (Double(tap + start) - center + 0.5) * inverseReduction)
                weights[tap] = weight
                sum += weight
            }
            for tap in 0..<end - start {
                let share = sum == 0 ? weights[tap] : weights[tap] / sum
                let scaled = share * Double(1 << 22)
                let weight = Int32(scaled < 0 ? scaled - 0.5 : scaled + 0.5)
                low[output * stride + tap] = Int16(weight & 0x7FFF)
                high[output * stride + tap] = Int16(weight >> 15)
            }
            first[output] = Int32(start)
            count[output] = Int32(end - start)
        }
        self.sourceSize = sourceSize
        self.outputSize = outputSize
        self.first = first
        self.count = count
        self.low = low
        self.high = high
        self.stride = stride
    }

    /// The source positions that the outputs of `range` need together.
    func sources(of range: Range<Int>) -> Range<Int> {
        guard !isIdentity, let last = range.last else { return range }
        return Int(first[range.lowerBound])..<Int(first[last] + count[last])
    }

    func withKernelAxis<Result>(_ body: (vlmc_resampling_axis) -> Result) -> Result {
        first.withUnsafeBufferPointer { first in
            count.withUnsafeBufferPointer { count in
                low.withUnsafeBufferPointer { low in
                    high.withUnsafeBufferPointer { high in
                        body(
                            vlmc_resampling_axis(
                                first: first.baseAddress,
                                count: count.baseAddress,
                                low: low.baseAddress,
                                high: high.baseAddress,
                                stride: Int32(stride)
                            )
                        )
                    }
                }
            }
        }
    }
}
