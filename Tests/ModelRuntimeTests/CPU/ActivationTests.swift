// The vector functions against the C library in Double, densely over their range.

import Testing

@testable import ModelRuntime

@Suite("activation functions")
struct ActivationTests {
    @Test("are accurate over the whole range", arguments: runnableKernelSets, Activation.allCases)
    func accuracy(kernelSet: String, activation: Activation) throws {
        let device = try poisonedDevice(kernelSet, threads: 1)
        let inputs = (-40_000...40_000).map { Float($0) * 3.1e-4 } + [0, -0.0, 1e-30, -1e-30, 60, -60, 300, 1e10]
        let values = GuardedFloats(inputs)
        device.activate(values.start, rows: 1, width: inputs.count, activation: activation, into: values.start)
        let expected = inputs.map { x in
            let value = activation.reference(Double(x))
            // Tails of gelu are products of a tiny share, itself accurate to 2e-6.
            return Estimate(value: value, error: 3e-6 * abs(value) + 1e-35)
        }
        // A share is off by its rounding where it is taken from 1; the reference of tanh cancels in its tail.
        let isAbsolute = activation == .gelu || activation == .geluTanh
        let tolerant = zip(inputs, expected).map { x, estimate in
            let absolute = isAbsolute ? 1.5e-7 * Double(min(abs(x), 1)) : 0
            return Estimate(value: estimate.value, error: estimate.error + absolute)
        }
        expectClose(values.values, tolerant, "\(activation), \(kernelSet)")
    }

    @Test("keep what is not a number, and saturate at infinity", arguments: runnableKernelSets, Activation.allCases)
    func specialValues(kernelSet: String, activation: Activation) throws {
        let device = try poisonedDevice(kernelSet, threads: 1)
        let values = GuardedFloats([.nan, .infinity, -1e30, 1e30])
        device.activate(values.start, rows: 1, width: 4, activation: activation, into: values.start)
        let results = values.values
        #expect(results[0].isNaN)
        #expect(results[1] == .infinity)
        #expect(activation == .none || abs(results[2]) < 1e-6)
        #expect(activation == .reluSquared ? results[3] == .infinity : results[3] == 1e30)
    }
}
