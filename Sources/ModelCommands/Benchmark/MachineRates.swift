// What this machine can do at most with the threads that a model uses, and the least time that work takes on it.
// The loops that measure are in kernels/limits; the work is counted in ModelRuntime/Model/CostPlan.swift.

import MachineLimits
import ModelRuntime
import TensorTypes

/// The limits of a machine.
struct MachineRates: Sendable, Hashable {
    /// Bytes a second that are read from memory.
    var bytesPerSecond: Double
    /// Operations a second in single precision.
    let f32: Double
    /// Operations a second on bf16 pairs; 0 where the machine has no such instruction.
    let bf16: Double
    /// Operations a second on bytes; 0 where the machine has no such instruction.
    let int8: Double

    /// Measures this machine, in about a second.
    static func measured(threads: Int) -> MachineRates {
        let count = Int32(clamping: threads)
        func rate(_ arithmetic: vlmc_arithmetic) -> Double { vlmc_measure_arithmetic_rate(arithmetic, count, 5) }
        return MachineRates(
            bytesPerSecond: readBandwidth(threads: threads),
            f32: rate(VLMC_ARITHMETIC_F32),
            bf16: rate(VLMC_ARITHMETIC_BF16),
            int8: rate(VLMC_ARITHMETIC_INT8)
        )
    }

    /// Bytes a second that are read from memory now; takes a GiB while it measures.
    static func readBandwidth(threads: Int) -> Double {
        vlmc_measure_read_bandwidth(Int32(clamping: threads), 1 << 30, 5)
    }

    /// Operations a second in which products with weights of this format are counted: the fastest dot product for numbers
    /// of that size.
    func operationsPerSecond(_ format: WeightFormat) -> Double {
        if format == .bf16 { return bf16 > 0 ? bf16 : f32 }
        return format.bytesPerWeight < 2 && int8 > 0 ? int8 : f32
    }

    /// Operations a second in which attention over such a cache is counted.
    func operationsPerSecond(_ cache: CacheGeometry.Precision) -> Double {
        operationsPerSecond(cache == .bf16 ? WeightFormat.bf16 : .f32)
    }
}

/// What the least time for some work is made of.
struct LeastTime: Sendable, Hashable {
    /// What takes longest.
    enum Limit: String, Sendable {
        /// Bytes to arrive from memory.
        case bandwidth
        /// Operations to be done.
        case compute
    }

    let bandwidthSeconds: Double
    let computeSeconds: Double

    /// The least time for bytes and operations.
    init(bandwidthSeconds: Double, computeSeconds: Double) {
        self.bandwidthSeconds = bandwidthSeconds
        self.computeSeconds = computeSeconds
    }

    /// The least time for the work of a call: its operations one after the other, bytes arriving meanwhile.
    init(_ work: CallWork, formats: WeightFormats, cache: CacheGeometry.Precision, on machine: MachineRates) {
        bandwidthSeconds = work.bytes / machine.bytesPerSecond
        computeSeconds =
            work.productOperations.reduce(0) { sum, product in
                sum + product.value / machine.operationsPerSecond(formats[product.key])
            } + work.attentionOperations / machine.operationsPerSecond(cache)
    }

    var seconds: Double { max(bandwidthSeconds, computeSeconds) }
    var limit: Limit { bandwidthSeconds >= computeSeconds ? .bandwidth : .compute }
}
