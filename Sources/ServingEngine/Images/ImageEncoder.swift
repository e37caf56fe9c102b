// Encodes images on a thread of its own, beside the steps of the decoder, with an arena and threads of its own.
// Not which images: the engine asks for those that nobody has encoded yet (EncodedImages.swift).

import InputProcessing
import ModelRuntime

/// An image that was encoded, or cannot be.
struct EncodedImage: Sendable {
    let key: ImageKey
    let features: Result<ImageFeatures, ImageError>
}

/// A second instance of a model, for its image encoder alone.
final class ImageEncoder<Model: CompiledModel>: @unchecked Sendable {
    private let model: Model
    private let pool: ThreadPool
    private let limits: ModelLimits
    private let jobs = MessageQueue<PromptImage?>()
    private let onResult: @Sendable (EncodedImage) -> Void

    /// An encoder that gives its results to `onResult`, on its thread.
    ///
    /// - Throws: `ThreadRefused`.
    init(
        _ model: Model,
        pool: ThreadPool,
        limits: ModelLimits,
        onResult: @escaping @Sendable (EncodedImage) -> Void
    ) throws(ThreadRefused) {
        self.model = model
        self.pool = pool
        self.limits = limits
        self.onResult = onResult
        try startThread("image-encoder") { [self] in run() }
    }

    /// Asks for an encoding.
    func encode(_ image: PromptImage) { jobs.post(image) }

    /// Ends the thread after the call that it is in.
    func stop() { jobs.post(nil) }

    private func run() {
        var waiting: [PromptImage] = []
        while true {
            for job in jobs.takeAll(waits: waiting.isEmpty) {
                guard let job else { return }
                waiting.append(job)
            }
            encode(takeBatch(&waiting))
        }
    }

    /// The next jobs, in their order, as far as their patches fit one call.
    private func takeBatch(_ waiting: inout [PromptImage]) -> [PromptImage] {
        var count = 0
        var patches = 0
        while count < waiting.count, count == 0 || patches + waiting[count].grid.patchCount <= limits.patches {
            patches += waiting[count].grid.patchCount
            count += 1
        }
        defer { waiting.removeFirst(count) }
        return Array(waiting[..<count])
    }

    private func encode(_ batch: [PromptImage]) {
        var decoded: [(key: ImageKey, image: PatchedImage, grid: ImageGrid)] = []
        for job in batch {
            do throws(ImageError) {
                let image = try job.makePatches(pool.parallelLoop)
                let patches = job.grid.patchCount
                guard image.grid.patchCount == patches, image.patches.count == patches * patchWidth else {
                    throw ImageError(.unreadable(reason: "its size differs from what its header says"))
                }
                decoded.append((job.key, image, job.grid))
            } catch {
                onResult(EncodedImage(key: job.key, features: .failure(error)))
            }
        }
        guard !decoded.isEmpty else { return }
        guard let layout = try? Model.visionLayout(of: decoded.map(\.grid), limits: limits) else {
            let error = ImageError(.unreadable(reason: "it has more patches than this server was started for"))
            for item in decoded { onResult(EncodedImage(key: item.key, features: .failure(error))) }
            return
        }
        let features = ImageFeatures(count: layout.tokenCount, width: Model.manifest.decoder.hidden)
        let pixels = decoded.count == 1 ? decoded[0].image.patches : decoded.flatMap(\.image.patches)
        pixels.withUnsafeBufferPointer { pixels in
            guard let pixels = pixels.baseAddress, let output = features.values.baseAddress else { return }
            model.encodeImages(pixels, layout: layout, into: output, observer: nil)
        }
        var first = 0
        for item in decoded {
            let count = item.grid.tokenCount(merge: Model.manifest.vision?.merge ?? 1)
            onResult(EncodedImage(key: item.key, features: .success(features.slice(first, count))))
            first += count
        }
    }

    private var patchWidth: Int { Model.manifest.vision?.patchWidth ?? 0 }
}
