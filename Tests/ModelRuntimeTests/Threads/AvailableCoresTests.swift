// How many threads are worth starting, from what a system may say about itself.

import Testing

@testable import ModelRuntime

@Suite("available cores")
struct AvailableCoresTests {
    @Test("counts at least one core and no more than CPUs")
    func thisMachine() {
        #expect(AvailableCores.count() >= 1)
        #expect(AvailableCores.count() <= 8192)
    }

    @Test("counts the hardware threads of a core once")
    func siblings() {
        let pairs = [0: "0,4", 1: "1,5", 4: "0,4", 5: "1,5"]
        #expect(AvailableCores.physicalCores(of: [0, 1, 4, 5]) { pairs[$0] } == 2)
        #expect(AvailableCores.physicalCores(of: [4, 5]) { pairs[$0] } == 2)
        #expect(AvailableCores.physicalCores(of: [0, 4]) { pairs[$0] } == 1)
        #expect(AvailableCores.physicalCores(of: [0, 1, 2]) { _ in nil } == 3)
        #expect(AvailableCores.physicalCores(of: [0, 1]) { _ in "nonsense" } == 2)
        #expect(AvailableCores.physicalCores(of: []) { _ in nil } == 0)
    }

    @Test(
        "reads lists of CPUs",
        arguments: [
            ("0", [0]), ("0-3\n", [0, 1, 2, 3]), ("1,5", [1, 5]), ("0-1,8-9", [0, 1, 8, 9]), ("", []),
        ]
    )
    func cpuLists(text: String, expected: [Int]) {
        #expect(AvailableCores.parseCPUList(text) == expected)
    }

    @Test("refuses what is no list", arguments: ["a", "1-", "-1", "3-1", "1-2-3", "0-99999999", "1,x"])
    func badCPULists(text: String) {
        #expect(AvailableCores.parseCPUList(text) == nil)
    }

    @Test("reads quotas of both kinds of control groups")
    func quotas() {
        #expect(CPUQuota.unified("150000 100000\n") == 1.5)
        #expect(CPUQuota.unified("max 100000\n") == nil)
        #expect(CPUQuota.unified("") == nil)
        #expect(CPUQuota.unified("100 0") == nil)
        #expect(CPUQuota.legacy(quota: "400000\n", period: "100000\n") == 4)
        #expect(CPUQuota.legacy(quota: "-1\n", period: "100000\n") == nil)
        #expect(CPUQuota.legacy(quota: nil, period: "100000\n") == nil)
        #expect(CPUQuota.ancestors(of: "/a/b") == ["/a/b", "/a", ""])
        #expect(CPUQuota.ancestors(of: "/") == [""])
    }

    @Test("takes the least quota on the way to the root")
    func nestedGroups() {
        let unified = [
            "/proc/self/cgroup": "0::/a/b\n", "/sys/fs/cgroup/a/b/cpu.max": "max 100000",
            "/sys/fs/cgroup/a/cpu.max": "200000 100000", "/sys/fs/cgroup/cpu.max": "800000 100000",
        ]
        #expect(CPUQuota.ofThisProcess { unified[$0] } == 2)
        let legacy = [
            "/proc/self/cgroup": "4:memory:/x\n3:cpu,cpuacct:/x\n",
            "/sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us": "50000\n",
            "/sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_period_us": "100000\n",
        ]
        #expect(CPUQuota.ofThisProcess { legacy[$0] } == 0.5)
        #expect(CPUQuota.ofThisProcess { _ in nil } == nil)
        #expect(CPUQuota.ofThisProcess { _ in "garbage" } == nil)
    }
}
