// The limits of the machine that the compiler runs on, measured in about a second.

import Foundation
import MachineLimits
import Scheduling

/// Measures this machine.
public enum MeasuredMachine {
    /// The limits of this machine with all its cores: reads of 512 MiB, and single-precision multiply-adds.
    public static func measure() -> Machine {
        let threads = max(1, min(ProcessInfo.processInfo.activeProcessorCount, 256))
        return Machine(
            name: "this machine, measured with \(threads) threads",
            bytesPerSecond: max(vlmc_measure_read_bandwidth(Int32(threads), 512 << 20, 5), 1),
            operationsPerSecond: max(vlmc_measure_arithmetic_rate(VLMC_ARITHMETIC_F32, Int32(threads), 5), 1)
        )
    }
}
