// Writes a quantised copy of a checkpoint: a folder in the layout of Hugging Face, whole or not at all.
// What is quantised is decided in QuantizationPlan.swift; how integers lie in files, in TensorEncoding.swift; what is
// written beside the tensors, in CheckpointQuantizer+Files.swift.

import Glibc
import JSONText
import TensorTypes

/// Quantises checkpoints. Memory is bounded by the largest matrix, whatever the size of the model.
public struct CheckpointQuantizer {
    let plan: QuantizationPlan
    let checkpoint: Checkpoint
    private let pool: ThreadPool
    private let kernels: CPUKernelSet
    /// Are told of progress and may end the work.
    public var callbacks: PackingCallbacks
    /// What the matrices multiplied on sample data; nil: all inputs count alike.
    public var calibration: Calibration?

    /// The classes that are quantised where nothing else is asked for: what other libraries quantise as well.
    public static let usualClasses: Set<WeightClass> = [.attention, .mlp]

    /// Prepares the quantisation of the matrices of `classes` to `format`.
    ///
    /// - Throws: `QuantizationError`.
    public init(
        _ weights: MatchedWeights,
        format: WeightFormat,
        classes: Set<WeightClass> = CheckpointQuantizer.usualClasses,
        pool: ThreadPool,
        kernels: CPUKernelSet = .best,
        callbacks: PackingCallbacks = PackingCallbacks()
    ) throws(QuantizationError) {
        guard let encoding = TensorEncoding(format) else { throw .notAnIntegerFormat(format.name) }
        plan = try QuantizationPlan(weights, encoding, classes: classes)
        checkpoint = weights.checkpoint
        self.pool = pool
        self.kernels = kernels
        self.callbacks = callbacks
    }

    /// Checks that a folder may be written: there is nothing in it yet.
    public static func checkIsFree(_ folder: String) throws(QuantizationError) {
        guard fileNames(in: folder).isEmpty else { throw .folderNotEmpty(folder) }
    }

    /// Writes the folder. It appears under its name when it is complete; on any failure nothing stays behind.
    ///
    /// - Throws: `QuantizationError`.
    public func write(to folder: String) throws(QuantizationError) -> QuantizedCheckpoint {
        try Self.checkIsFree(folder)
        let configuration = try configuration()
        let target = folder.hasSuffix("/") ? String(folder.dropLast()) : folder
        let staging = "\(target).\(getpid()).partial"
        do {
            let outcome = try write(configuration, staging: staging, target: target)
            return outcome
        } catch {
            removeFolder(staging)
            throw error
        }
    }

    private func write(
        _ configuration: [UInt8],
        staging: String,
        target: String
    ) throws(QuantizationError) -> QuantizedCheckpoint {
        var losses: [WeightLoss] = []
        var byteCount = 0
        try attempt { () throws(FileError) in try makeFolders(staging) }
        let layouts = plan.files.map { SafetensorsLayout($0.contents) }
        let totalBytes = layouts.reduce(0) { $0 + $1.dataBytes }
        for (file, layout) in zip(plan.files, layouts) {
            let output = try attempt { () throws(FileError) in
                let output = try PartialFile(replacing: joinedPath(staging, file.name))
                try output.reserve(byteCount: layout.header.count + layout.dataBytes)
                try layout.header.withUnsafeBytes { bytes in
                    Result { () throws(FileError) in try output.write(bytes, at: 0) }
                }.get()
                return output
            }
            defer { output.discard() }
            try write(file, layout, to: output, &losses) { done in
                callbacks.onEvent(.progress(.quantizing, doneBytes: byteCount + done, totalBytes: totalBytes))
            }
            try attempt { () throws(FileError) in try output.commit() }
            byteCount += layout.dataBytes
        }
        try attempt { () throws(FileError) in
            try writeAtomically(configuration, to: joinedPath(staging, "config.json"))
            if plan.files.count > 1 {
                try writeAtomically(index(layouts), to: joinedPath(staging, Checkpoint.indexName))
            }
            try copySmallFiles(to: staging)
            // The rename replaces an empty folder and nothing else.
            guard rename(staging, target) == 0 else { throw FileError(.rename, target) }
        }
        return QuantizedCheckpoint(
            folder: target,
            losses: losses,
            kept: plan.kept,
            byteCount: byteCount,
            sourceByteCount: checkpoint.tensors.values.reduce(0) { $0 + $1.bytes.count }
        )
    }

    // MARK: Tensors

    private func write(
        _ file: QuantizationPlan.File,
        _ layout: SafetensorsLayout,
        to output: PartialFile,
        _ losses: inout [WeightLoss],
        progress: (Int) -> Void
    ) throws(QuantizationError) {
        var index = 0
        while index < file.contents.count {
            if callbacks.isCancelled() { throw .cancelled }
            switch file.contents[index].content {
            case .copy(let tensor):
                let offset = layout.offsets[index]
                try attempt { () throws(FileError) in try output.write(tensor.bytes, at: offset) }
                tensor.file.file.releaseMemory(of: tensor.entry.byteRange)
                index += 1
            case .part(_, let matrix, _):
                let parts = file.contents[index...].prefix { content in
                    if case .part(_, matrix, _) = content.content { true } else { false }
                }
                losses.append(try write(plan.matrices[matrix], layout, parts.indices, to: output))
                index = parts.endIndex
            }
            progress(index < layout.offsets.count ? layout.offsets[index] - layout.header.count : layout.dataBytes)
        }
    }

    /// Quantises a matrix panel by panel, on all threads, and writes its parts.
    private func write(
        _ matrix: QuantizationPlan.Matrix,
        _ layout: SafetensorsLayout,
        _ parts: Range<Int>,
        to output: PartialFile
    ) throws(QuantizationError) -> WeightLoss {
        let format = plan.encoding.format
        let memory = parts.map { part in
            let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: layout.byteCounts[part], alignment: 64)
            bytes.initializeMemory(as: UInt8.self, repeating: 0)
            return bytes
        }
        defer { memory.forEach { $0.deallocate() } }
        plan.encoding.writeShape(outputs: matrix.outputs, inputs: matrix.inputs, into: memory)
        let panels = format.panelCount(outputs: matrix.outputs)
        let feedback = calibration?.moments(of: matrix.path).map(RoundingFeedback.init)
        // Sums are added in the order of panels, so that they do not depend on threads.
        var outcomes = [PackingOutcome](repeating: PackingOutcome(), count: panels)
        outcomes.withUnsafeMutableBufferPointer { outcomes in
            nonisolated(unsafe) let outcomes = outcomes
            nonisolated(unsafe) let memory = memory
            pool.forEach(panels) { panel in
                if callbacks.isCancelled() { return }
                outcomes[panel] = quantize(matrix, panel: panel, feedback, into: memory)
            }
        }
        if callbacks.isCancelled() { throw .cancelled }
        try attempt { () throws(FileError) in
            for (bytes, part) in zip(memory, parts) {
                try output.write(UnsafeRawBufferPointer(bytes), at: layout.offsets[part])
            }
        }
        matrix.source.file.file.releaseMemory(of: matrix.source.entry.byteRange)
        let sums = outcomes.reduce(into: PackingOutcome()) { $0 += $1 }
        if sums.nonFinite > 0 {
            callbacks.onEvent(.notice(.nonFinite(tensor: matrix.source.entry.name, count: sums.nonFinite)))
        }
        return WeightLoss(
            name: matrix.source.entry.name,
            weightClass: matrix.weightClass,
            format: format,
            byteCount: memory.reduce(0) { $0 + $1.count },
            squaredError: sums.squaredError,
            squaredValues: sums.squaredValues
        )
    }

    /// Packs a panel, without calibration as loading would, and writes what the panel holds in the layout of the checkpoint.
    private func quantize(
        _ matrix: QuantizationPlan.Matrix,
        panel: Int,
        _ feedback: RoundingFeedback?,
        into parts: [UnsafeMutableRawBufferPointer]
    ) -> PackingOutcome {
        let format = plan.encoding.format
        let first = panel * WeightFormat.panelOutputs
        let count = min(WeightFormat.panelOutputs, matrix.outputs - first)
        let element = matrix.source.entry.element
        let rowBytes = matrix.inputs * element.byteCount
        let rows = (0..<WeightFormat.panelOutputs).map { lane in
            lane < count ? matrix.source.bytes.baseAddress.map { ($0 + (first + lane) * rowBytes, element) } : nil
        }
        return withUnsafeTemporaryAllocation(
            byteCount: format.panelBytes(inputs: matrix.inputs),
            alignment: WeightFormat.panelAlignment
        ) { memory in
            let packing = PanelPacking(format: format, inputs: matrix.inputs, kernels: kernels)
            let outcome = packing.pack(rows, feedback: feedback, into: memory)
            let quantized = IntegerPanel(format: format, inputs: matrix.inputs).read(UnsafeRawBufferPointer(memory))
            plan.encoding.write(quantized, first: first, count: count, outputs: matrix.outputs, into: parts)
            return outcome
        }
    }

    private func attempt<Value>(_ body: () throws(FileError) -> Value) throws(QuantizationError) -> Value {
        do {
            return try body()
        } catch {
            guard error.isSpaceExhausted else { throw .file(error) }
            throw .spaceExhausted(
                error,
                neededBytes: plan.files.reduce(0) { $0 + SafetensorsLayout($1.contents).dataBytes },
                availableBytes: availableBytes(at: parentFolder(of: error.path))
            )
        }
    }
}

/// Removes a folder and the files in it; folders in it stay, and with them the folder.
private func removeFolder(_ path: String) {
    for name in fileNames(in: path) { unlink(joinedPath(path, name)) }
    rmdir(path)
}
