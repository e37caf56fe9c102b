// The device that a compiled model calls, kernel by kernel: threads, scratch and the kernels of this CPU.
// The calls are in CPUDevice+Products.swift, +Attention.swift and +Rows.swift; the kernels in kernels/cpu.

import CPUKernels

/// A CPU as a compiled model sees it. Every call returns when its result is in memory; none allocates.
///
/// Rows are f32 and lie one after the other. Calls from several threads run one after the other. What the calls demand
/// of their arguments are preconditions: generated code and the checks on batches fulfil them.
public final class CPUDevice: @unchecked Sendable {
    /// The threads that run the chunks of every call.
    public let pool: ThreadPool
    /// The kernels in use.
    public let kernelSet: CPUKernelSet
    /// The most inputs that a matrix may have.
    public let largestInputs: Int
    /// Whether attention of rows to one another may round them to bf16, as products with bf16 weights do.
    public let roundsAttention: Bool
    /// Looks at the rows of every product while a checkpoint is calibrated; nil otherwise. Not to be changed during a call.
    public var productObserver: ProductObserver?
    /// Counts the calls while a model is measured; nil otherwise. Not to be changed during a call.
    public var profile: CallProfile?
    /// The products that are not read in the standard way. Not to be changed during a call.
    public var tunings: ProductTunings = [:] {
        didSet { tuningTable = TuningTable(tunings) }
    }

    let kernels: vlmc_cpu_kernels
    private let scratch: UnsafeMutableRawBufferPointer
    private let packedInput: UnsafeMutableRawBufferPointer
    private let partials: UnsafeMutableRawBufferPointer
    let adapterScratch: AdapterScratch?
    private let turn = TurnLock()
    private(set) var tuningTable = TuningTable([:])

    /// A device with all the scratch that it will ever use.
    ///
    /// - Parameters:
    ///   - largestInputs: The most inputs of any matrix that it will multiply by.
    ///   - roundsAttention: Whether attention of rows to one another may round them to bf16.
    ///   - adapterWidth: The most that the ranks of an adapter add up to for one matrix; 0 for no adapters.
    public init(
        pool: ThreadPool,
        kernels: CPUKernelSet = .best,
        largestInputs: Int,
        roundsAttention: Bool = false,
        adapterWidth: Int = 0
    ) {
        precondition(largestInputs > 0 && adapterWidth >= 0)
        self.pool = pool
        kernelSet = kernels
        self.kernels = kernels.table.pointee
        self.largestInputs = largestInputs
        self.roundsAttention = roundsAttention
        let sizes = Self.scratchSizes(threads: pool.threadCount, largestInputs: largestInputs)
        scratch = .allocate(byteCount: sizes.workers, alignment: 4096)
        packedInput = .allocate(byteCount: sizes.packedInput, alignment: 4096)
        partials = .allocate(byteCount: sizes.partials, alignment: 4096)
        adapterScratch = adapterWidth > 0 ? AdapterScratch(width: adapterWidth) : nil
    }

    /// A device for a model with these weights.
    ///
    /// Its image encoder's attention rounds as its products do: to bf16, unless the encoder's weights are kept in f32.
    ///
    /// - Parameter adapterRank: The greatest rank of the adapters that rows will use; 0 for no adapters.
    public convenience init(
        pool: ThreadPool,
        kernels: CPUKernelSet = .best,
        for weights: WeightManifest,
        adapterRank: Int = 0
    ) {
        self.init(
            pool: pool,
            kernels: kernels,
            largestInputs: weights.largestInputs,
            roundsAttention: weights.formats[.vision] != .f32,
            adapterWidth: adapterRank == 0 ? 0 : adapterRank * weights.mostAdaptedSources
        )
    }

    deinit {
        scratch.deallocate()
        packedInput.deallocate()
        partials.deallocate()
    }

    /// Bytes of scratch that this device takes, exactly.
    public var scratchByteCount: Int {
        Self.scratchByteCount(
            threads: pool.threadCount,
            largestInputs: largestInputs,
            adapterWidth: adapterScratch?.width ?? 0
        )
    }

    /// Bytes of scratch that a device takes, exactly.
    public static func scratchByteCount(threads: Int, largestInputs: Int, adapterWidth: Int = 0) -> Int {
        let sizes = scratchSizes(threads: threads, largestInputs: largestInputs)
        return sizes.workers + sizes.packedInput + sizes.partials + AdapterScratch.byteCount(width: adapterWidth)
    }

    private static func scratchSizes(
        threads: Int,
        largestInputs: Int
    ) -> (workers: Int, packedInput: Int, partials: Int) {
        (
            workers: threads * vlmc_scratch_bytes(),
            packedInput: vlmc_packed_input_bytes(Int32(largestInputs)),
            partials: vlmc_attention_partial_bytes(Int32(threads))
        )
    }

    // MARK: Running kernels

    var threads: Int32 { Int32(pool.threadCount) }

    /// Where the rows of a product are kept while it runs.
    var packedInputStart: UnsafeMutableRawPointer { packedInput.baseAddress.unsafelyUnwrapped }

    /// Where parallel parts of attention leave what they have found.
    var partialBytes: UnsafeMutableRawBufferPointer { partials }

    /// Keeps other threads from using the device between the kernels of one call.
    func inTurn(_ body: () -> Void) { turn.inTurn(body) }

    /// Runs all chunks of one kernel.
    func run(_ kernel: vlmc_chunk_function, _ arguments: UnsafeRawPointer, chunks: Int32) {
        var job = vlmc_job(
            function: kernel,
            arguments: arguments,
            scratch: scratch.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: CChar.self),
            scratch_stride: vlmc_scratch_bytes()
        )
        pool.run(chunks: Int(chunks), context: &job, vlmc_run_job)
    }

    /// Plans a kernel and runs its chunks.
    func run<Arguments>(
        _ kernel: vlmc_chunk_function,
        _ arguments: inout Arguments,
        plan: (UnsafeMutablePointer<Arguments>, Int32) -> Int32
    ) {
        let chunks = plan(&arguments, threads)
        withUnsafePointer(to: &arguments) { run(kernel, $0, chunks: chunks) }
    }

    /// Fills all scratch with NaN, so that a kernel that reads what it has not written is found out.
    func poisonScratch() {
        for region in [scratch, packedInput, partials] { region.initializeMemory(as: UInt8.self, repeating: 0xff) }
        adapterScratch?.poison()
    }
}
