// Which of the kernels in kernels/cpu a device uses: one set per instruction set.
// Not what the kernels do: kernels/cpu/include/cpu_kernels.h.

import CPUKernels
import Glibc

/// The kernels for one instruction set of this CPU.
public struct CPUKernelSet: @unchecked Sendable, CustomStringConvertible {
    /// The functions; a constant of the library.
    let table: UnsafePointer<vlmc_cpu_kernels>

    /// The fastest that this CPU can run.
    public static let best = CPUKernelSet(table: vlmc_cpu_kernels_best())

    /// The names of all sets of this build, slowest first, whether or not this CPU can run them.
    public static let allNames: [String] = {
        var names: [String] = []
        while let name = vlmc_cpu_kernels_name(Int32(names.count)) { names.append(String(cString: name)) }
        return names
    }()

    /// The set called `name`, or nil if there is none or this CPU cannot run it.
    public static func named(_ name: String) -> CPUKernelSet? {
        vlmc_cpu_kernels_named(name).map(CPUKernelSet.init(table:))
    }

    /// Whether the environment variable `VLMC_CPU` names a set.
    public static var isNamed: Bool { getenv("VLMC_CPU") != nil }

    /// The set that the environment variable `VLMC_CPU` names, or the best without it.
    ///
    /// - Throws: `UnusableKernelSet` if the variable names none that this CPU can run.
    public static func chosen() throws(UnusableKernelSet) -> CPUKernelSet {
        guard let value = getenv("VLMC_CPU") else { return best }
        let name = String(cString: value)
        guard let set = named(name) else { throw UnusableKernelSet(name: name) }
        return set
    }

    /// The name, such as `avx512`.
    public var description: String { String(cString: table.pointee.name) }
}

/// Kernels were asked for that do not exist, or that this CPU cannot run.
public struct UnusableKernelSet: Error, Sendable, Hashable, CustomStringConvertible {
    /// What was asked for.
    public let name: String

    /// What was asked for, in vain.
    public init(name: String) { self.name = name }

    /// One sentence.
    public var description: String {
        let usable = CPUKernelSet.allNames.filter { CPUKernelSet.named($0) != nil }
        let problem = CPUKernelSet.allNames.contains(name) ? "this CPU cannot run" : "there are no"
        return "VLMC_CPU: \(problem) kernels '\(name)'; usable here: \(usable.joined(separator: ", "))"
    }
}
