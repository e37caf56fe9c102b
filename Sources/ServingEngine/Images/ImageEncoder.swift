// Encodes images on a thread of its own, beside the steps of the decoder, with an arena and threads of its own.
// Not which images: the engine asks for those that nobody has encoded yet (EncodedImages.swift).

import InputProcessing
import ModelRuntime

/// An image that was encoded, or cannot be.
struct EncodedImage: Sendable {
    let key: EncodingKey
    let features: Result<ImageFeatures, ImageError>
}

/// An image to be encoded.
struct EncodingJob: Sendable {
    let key: EncodingKey
    let image: PromptImage
    /// The adapter that changes encodings; nil for the model's own.
    let adapter: Adapter?
}

/// A second instance of a model, for its image encoder alone.
final class ImageEncoder<Model: CompiledModel>: @unchecked Sendable {
    private let model: Model
    private let pool: ThreadPool
    private let limits: ModelLimits
    private let jobs = MessageQueue<EncodingJob?>()
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
    func encode(_ job: EncodingJob) { jobs.post(job) }

    /// Ends the thread after the call that it is in.
    func stop() { jobs.post(nil) }

    private func run() {
        var waiting: [EncodingJob] = []
        while true {
            for job in jobs.takeAll(waits: waiting.isEmpty) {
                guard let job else { return }
                waiting.append(job)
            }
            encode(takeBatch(&waiting))
        }
    }

    /// The next jobs, in their order, as far as their patches fit one call and they use one adapter.
    private func takeBatch(_ waiting: inout [EncodingJob]) -> [EncodingJob] {
        var count = 0
        var patches = 0
        while count < waiting.count, waiting[count].key.adapter == waiting[0].key.adapter {
            patches += waiting[count].image.grid.patchCount
            guard count == 0 || patches <= limits.patches else { break }
            count += 1
        }
        defer { waiting.removeFirst(count) }
        return Array(waiting[..<count])
    }

    private func encode(_ batch: [EncodingJob]) {
        var decoded: [(key: EncodingKey, image: PatchedImage, grid: ImageGrid)] = []
        for job in batch {
            do throws(ImageError) {
                let image = try job.image.makePatches(pool.parallelLoop)
                let grid = job.image.grid
                let patches = grid.patchCount
                guard image.grid.patchCount == patches, image.patches.count == patches * patchWidth else {
                    throw ImageError(.unreadable(reason: "its size differs from what its header says"))
                }
                decoded.append((job.key, image, grid))
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
            model.encodeImages(pixels, layout: layout, adapter: batch[0].adapter, into: output, observer: nil)
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
