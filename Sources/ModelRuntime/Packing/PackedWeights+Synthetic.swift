// Weights of a model's real shapes with random values, for whoever measures a model and has no checkpoint.
// Packed as real ones are, from rows of random numbers, into a file that exists in memory alone.

import CPUKernels
import Glibc
import TensorTypes

extension PackedWeights {
    /// Random weights of the shapes and formats of `manifest`: matrices of variance 1 / inputs, vectors of one value.
    ///
    /// They take the memory that real ones take. The same seed gives the same weights.
    ///
    /// - Throws: `FileError` if the system does not give the memory.
    public static func synthetic(
        _ manifest: WeightManifest,
        seed: UInt64 = 0,
        pool: ThreadPool,
        kernels: CPUKernelSet = .best
    ) throws(FileError) -> PackedWeights {
        let layout = PackedLayout(manifest)
        let name = "synthetic weights"
        let descriptor = vlmc_memory_file(name)
        guard descriptor >= 0 else { throw FileError(.create, name) }
        defer { close(descriptor) }
        guard ftruncate(descriptor, layout.totalBytes) == 0 else { throw FileError(.reserveSpace, name) }
        let mapped = mmap(nil, layout.totalBytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        guard let mapped, mapped != MAP_FAILED else { throw FileError(.map, name) }
        madvise(mapped, layout.totalBytes, MADV_HUGEPAGE)
        fill(UnsafeMutableRawBufferPointer(start: mapped, count: layout.totalBytes), layout, seed, pool, kernels)
        munmap(mapped, layout.totalBytes)
        let file = try MappedFile(path: "/proc/self/fd/\(descriptor)", access: .resident)
        return PackedWeights(file, layout: layout, index: PackedIndex(), manifest: manifest)
    }

    /// The value of every vector: gains that keep rows small.
    private static var vectorValue: Float { 0.25 }

    private static func fill(
        _ memory: UnsafeMutableRawBufferPointer,
        _ layout: PackedLayout,
        _ seed: UInt64,
        _ pool: ThreadPool,
        _ kernels: CPUKernelSet
    ) {
        var rows: [Int: RandomRows] = [:]
        for item in layout.items {
            let target = UnsafeMutableRawBufferPointer(rebasing: memory[item.offset..<item.offset + item.byteCount])
            guard case .matrix(_, let inputs, _, _) = item.kind else {
                target.bindMemory(to: Float.self).update(repeating: vectorValue)
                continue
            }
            let panels = item.chunkBytes / item.format.panelBytes(inputs: inputs)
            let known = rows[inputs]
            let random =
                known.flatMap { $0.count >= panels * WeightFormat.panelOutputs ? $0 : nil }
                ?? RandomRows(count: panels * WeightFormat.panelOutputs, inputs: inputs, seed: seed)
            rows[inputs] = random
            pool.forEach(item.chunkCount) { chunk in random.pack(item, chunk, kernels, into: target) }
        }
    }
}

/// Rows of random numbers in bf16, enough for one chunk; chunks begin at different ones.
private final class RandomRows: @unchecked Sendable {
    let count: Int
    private let inputs: Int
    private let memory: UnsafeMutableBufferPointer<UInt16>
    /// Numbers by which the rows of one chunk may be shifted against those of another.
    private static let shifts = 4096

    init(count: Int, inputs: Int, seed: UInt64) {
        self.count = count
        self.inputs = inputs
        memory = .allocate(capacity: count * inputs + Self.shifts)
        var generator = SeededGenerator(seed: seed &+ UInt64(inputs))
        // Uniform numbers of this width have variance 1 / inputs.
        let width = (12 / Double(inputs)).squareRoot()
        for index in memory.indices {
            memory[index] = UInt16(Float((generator.nextUnit() - 0.5) * width).bitPattern >> 16)
        }
    }

    deinit { memory.deallocate() }

    /// Packs a chunk of a matrix from these rows.
    func pack(
        _ item: PackedLayout.Item,
        _ chunk: Int,
        _ kernels: CPUKernelSet,
        into target: UnsafeMutableRawBufferPointer
    ) {
        guard let start = memory.baseAddress, case .matrix(_, _, let weightClass, _) = item.kind else { return }
        let range = item.chunk(chunk)
        let panels = range.count / item.format.panelBytes(inputs: inputs)
        let outputs = panels * WeightFormat.panelOutputs
        let part = PackedLayout.Item(
            path: item.path,
            kind: .matrix(outputs: outputs, inputs: inputs, weightClass, .stacked),
            format: item.format,
            offset: 0,
            byteCount: range.count,
            chunkBytes: range.count
        )
        let shift = chunk * 977 % Self.shifts
        let packer = EntryPacker(part, rows: start + shift, count: outputs, inputs: inputs, kernels: kernels)
        _ = packer.pack(chunk: 0, into: UnsafeMutableRawBufferPointer(rebasing: target[range]))
    }
}
