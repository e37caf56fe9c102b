// How many threads are worth starting: the physical cores that this process may use.
// Not the pool: ThreadPool.swift.

import CPUKernels
import Glibc

/// The cores that this process may use.
public enum AvailableCores {
    /// Physical cores among the CPUs that the process may run on, and no more than its control group's quota; at least 1.
    ///
    /// A second hardware thread of a core adds little to arithmetic and nothing to memory bandwidth. A thread beyond
    /// the quota makes the system stop all of them for a while.
    public static func count() -> Int {
        let siblings = { (cpu: Int) in contents("/sys/devices/system/cpu/cpu\(cpu)/topology/thread_siblings_list") }
        let cores = physicalCores(of: allowedCPUs(), siblings: siblings)
        let quota = CPUQuota.ofThisProcess(contents: contents)
        return max(1, Int(min(Double(cores), quota ?? .infinity)))
    }

    private static func allowedCPUs() -> [Int] {
        let count = vlmc_allowed_cpus(nil, 0)
        guard count > 0 else { return Array(0..<max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }
        var cpus = [Int32](repeating: 0, count: Int(count))
        let found = vlmc_allowed_cpus(&cpus, count)
        return cpus.prefix(Int(found)).map(Int.init)
    }

    /// Counts CPUs, those of one core once. `siblings` gives the CPUs of a CPU's core in the kernel's list format, or nil
    /// if it is not known.
    static func physicalCores(of cpus: [Int], siblings: (Int) -> String?) -> Int {
        var covered: Set<Int> = []
        var cores = 0
        for cpu in cpus where !covered.contains(cpu) {
            cores += 1
            covered.insert(cpu)
            if let list = siblings(cpu).flatMap(parseCPUList) { covered.formUnion(list) }
        }
        return cores
    }

    /// Reads lists such as `0,4-6`; nil if `text` is none.
    static func parseCPUList(_ text: String) -> [Int]? {
        var cpus: [Int] = []
        for part in text.split(whereSeparator: \.isWhitespace).joined().split(separator: ",") {
            let bounds = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard let first = bounds.first ?? nil, let last = bounds.last ?? nil, bounds.count <= 2,
                first >= 0, first <= last, last < 1 << 16
            else { return nil }
            cpus += first...last
        }
        return cpus
    }

    /// The first kilobytes of a file of the system, or nil if it cannot be read.
    private static func contents(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = read(file, &bytes, bytes.count)
        return count < 0 ? nil : String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}
