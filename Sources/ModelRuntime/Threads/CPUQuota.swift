// The share of the machine that a process's control group allows, as containers set it.
// Not which CPUs it may run on: AvailableCores.swift.

/// Processor time per time, in CPUs.
enum CPUQuota {
    /// The least quota on the way from this process's control group to the root, or nil without any.
    ///
    /// - Parameter contents: Reads a file; nil if it cannot be read.
    /// - Source: `Documentation/admin-guide/cgroup-v2.rst` (`cpu.max`) and `scheduler/sched-bwc.rst` (`cpu.cfs_quota_us`)
    ///   of Linux 6.
    static func ofThisProcess(contents: (String) -> String?) -> Double? {
        let membership = contents("/proc/self/cgroup") ?? ""
        var quotas: [Double] = []
        for line in membership.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let controllers = fields[1].split(separator: ",")
            for path in ancestors(of: fields[2]) {
                if fields[0] == "0", controllers.isEmpty {
                    if let quota = contents("/sys/fs/cgroup\(path)/cpu.max").flatMap(unified) { quotas.append(quota) }
                } else if controllers.contains("cpu") {
                    let folder = "/sys/fs/cgroup/\(fields[1])\(path)"
                    let texts = (contents("\(folder)/cpu.cfs_quota_us"), contents("\(folder)/cpu.cfs_period_us"))
                    if let quota = legacy(quota: texts.0, period: texts.1) { quotas.append(quota) }
                }
            }
        }
        return quotas.min()
    }

    /// `/a/b` to `/a/b`, `/a` and the root, which is empty.
    static func ancestors(of path: some StringProtocol) -> [String] {
        let parts = path.split(separator: "/")
        return (0...parts.count).reversed().map { count in parts.prefix(count).map { "/\($0)" }.joined() }
    }

    /// `cpu.max`: `max 100000`, or quota and period in microseconds.
    static func unified(_ text: String) -> Double? {
        let fields = text.split(whereSeparator: \.isWhitespace)
        guard fields.count == 2 else { return nil }
        return ratio(Double(fields[0]), Double(fields[1]))
    }

    /// `cpu.cfs_quota_us` (-1 for none) and `cpu.cfs_period_us`.
    static func legacy(quota: String?, period: String?) -> Double? {
        func number(_ text: String?) -> Double? {
            text?.split(whereSeparator: \.isWhitespace).first.flatMap { Double($0) }
        }
        return ratio(number(quota), number(period))
    }

    private static func ratio(_ quota: Double?, _ period: Double?) -> Double? {
        guard let quota, let period, quota > 0, period > 0 else { return nil }
        return quota / period
    }
}
