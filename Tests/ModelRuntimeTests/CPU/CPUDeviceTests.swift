// The choice of kernels, the size of scratch, and a device used by several threads.

import Glibc
import TensorTypes
import Testing

@testable import ModelRuntime

@Suite("CPU device")
struct CPUDeviceTests {
    @Test("offers scalar kernels on every CPU and the best that it can run")
    func kernelSets() throws {
        #expect(CPUKernelSet.named("scalar")?.description == "scalar")
        #expect(runnableKernelSets.contains(CPUKernelSet.best.description))
        #expect(CPUKernelSet.named("avx1024") == nil)
        for name in CPUKernelSet.allNames {
            #expect(CPUKernelSet.named(name).map(\.description) ?? name == name)
        }
    }

    /// Scripts/verify-processors knows which set an emulated processor must choose.
    @Test("chooses the set that is expected of this CPU", .enabled(if: getenv("VLMC_EXPECTED_KERNELS") != nil))
    func expectedKernels() throws {
        let expected = String(cString: try #require(getenv("VLMC_EXPECTED_KERNELS")))
        #expect(CPUKernelSet.best.description == expected)
        #expect(runnableKernelSets.last == expected)
    }

    @Test("says which kernels would be usable")
    func unusableKernels() {
        let message = UnusableKernelSet(name: "avx1024").description
        #expect(message.hasPrefix("VLMC_CPU: there are no kernels 'avx1024'; usable here: "))
        #expect(message.contains("scalar"))
    }

    @Test("accounts for all of its scratch")
    func scratch() {
        let one = CPUDevice.scratchByteCount(threads: 1, largestInputs: 256)
        let two = CPUDevice.scratchByteCount(threads: 2, largestInputs: 256)
        #expect(one > 0 && two > one)
        // Packed rows: blocks of 256 inputs, 252 rows of 272 words.
        let larger = CPUDevice.scratchByteCount(threads: 1, largestInputs: 257)
        #expect(larger - one == 252 * 272 * 4)
        // Inner numbers of adapters: blocks of 256, as many rows of 272; the rows' structs, and one more.
        let narrow = CPUDevice.scratchByteCount(threads: 1, largestInputs: 256, adapterWidth: 256)
        let wide = CPUDevice.scratchByteCount(threads: 1, largestInputs: 256, adapterWidth: 257)
        #expect(narrow - one == 252 * 272 * 4 + 252 * 24 + 24 && wide - narrow == 252 * 272 * 4)
    }

    @Test("rounds an image encoder's attention as the encoder's products, and has room for the widest matrix")
    func deviceForWeights() {
        let pool = ThreadPool(threads: 1)
        let exact = CPUDevice(pool: pool, for: SmallModel.manifest())
        #expect(!exact.roundsAttention, "the encoder is kept in f32, the decoder in bf16")
        let widest = max(SmallModel.hidden, 27)
        #expect(exact.largestInputs == widest)
        #expect(exact.scratchByteCount == CPUDevice.scratchByteCount(threads: 1, largestInputs: widest))
        // The most sources of a matrix are three, of which one is zeros.
        let adapted = CPUDevice(pool: pool, for: SmallModel.manifest(), adapterRank: 5)
        let planned = CPUDevice.scratchByteCount(threads: 1, largestInputs: widest, adapterWidth: 10)
        #expect(adapted.scratchByteCount == planned)
        for format in [.f32, .bf16, .f16, .w8g32, .w4g128] as [WeightFormat] {
            let weights = WeightManifest([], groups: [], formats: WeightFormats(format), naming: TensorNaming())
            #expect(CPUDevice(pool: pool, for: weights).roundsAttention == (format != .f32))
        }
    }

    @Test("serves several threads, one after the other")
    func concurrentCalls() async throws {
        let device = try poisonedDevice(CPUKernelSet.best.description, threads: 2)
        var random = KernelRandom(3)
        let (rowCount, inputs, outputs) = (20, 64, 48)
        let matrix = random.floats(outputs * inputs)
        let weight = OwnedMatrix(matrix, outputs: outputs, inputs: inputs, format: .f32)
        let examples = (0..<4).map { _ in GuardedFloats(random.floats(rowCount * inputs)) }
        let alone = examples.map { input in
            let output = GuardedFloats(count: rowCount * outputs)
            device.linear(input.start, rows: rowCount, weight: weight.matrix, into: output.start)
            return output.values
        }
        nonisolated(unsafe) let (inputs4, owned) = (examples, weight)
        await withTaskGroup(of: (Int, [Float]).self) { group in
            for index in inputs4.indices {
                group.addTask {
                    let output = GuardedFloats(count: rowCount * outputs)
                    for _ in 0..<50 {
                        device.linear(inputs4[index].start, rows: rowCount, weight: owned.matrix, into: output.start)
                    }
                    return (index, output.values)
                }
            }
            for await (index, values) in group { #expect(values == alone[index]) }
        }
    }
}
