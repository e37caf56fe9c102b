// The line of the kernel's status that tells the peak, and that it is told here.

import Testing

@testable import ModelCommands

@Suite struct PeakMemoryTests {
    @Test func onlyTheLineOfThePeakIsRead() {
        #expect(PeakMemory.bytes(ofLine: "VmHWM:\t   12345 kB\n") == 12345 * 1024)
        #expect(PeakMemory.bytes(ofLine: "VmRSS:\t   12345 kB\n") == nil)
        #expect(PeakMemory.bytes(ofLine: "VmHWM:\t   many kB\n") == nil)
        #expect(PeakMemory.bytes(ofLine: "") == nil)
    }

    @Test func thePeakGrowsWithWhatIsTouched() throws {
        let before = try #require(PeakMemory.bytes())
        let count = before + 64 << 20
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 4096)
        memory.initializeMemory(as: UInt8.self, repeating: 1)
        let after = try #require(PeakMemory.bytes())
        memory.deallocate()
        #expect(after >= count)
    }
}
