// What adapters add to products: their first factor, for the rows of one block, before the product itself.
// The second is added where the product's sums are made: kernels/cpu/templates/adapters.h.

import CPUKernels

/// The memory that a device needs for adapters: one block of rows at a time.
final class AdapterScratch {
    /// The most inner numbers of a matrix, those of all its sources together.
    let width: Int
    fileprivate let rows: UnsafeMutablePointer<vlmc_adapter_rows>
    fileprivate let inner: UnsafeMutableRawBufferPointer
    /// What products of the block point to.
    fileprivate let place: UnsafeMutablePointer<vlmc_adapters>

    init(width: Int) {
        self.width = width
        rows = .allocate(capacity: Int(VLMC_ROW_BLOCK))
        inner = .allocate(byteCount: vlmc_adapter_scratch_bytes(Int32(width)), alignment: 4096)
        place = .allocate(capacity: 1)
    }

    deinit {
        rows.deallocate()
        inner.deallocate()
        place.deallocate()
    }

    /// Bytes for matrices of so many inner numbers.
    static func byteCount(width: Int) -> Int {
        guard width > 0 else { return 0 }
        return vlmc_adapter_scratch_bytes(Int32(width)) + Int(VLMC_ROW_BLOCK) * MemoryLayout<vlmc_adapter_rows>.stride
            + MemoryLayout<vlmc_adapters>.stride
    }

    /// Fills what kernels write before they read it.
    func poison() { inner.initializeMemory(as: UInt8.self, repeating: 0xff) }
}

extension CPUDevice {
    /// Computes the inner numbers of all adapters of a block of rows, and lets its product add what follows from them.
    ///
    /// *Math*: `inner = norm(input) A^T`, with the A of each row's own adapter.
    func prepareAdapters(_ adapters: RowAdapters, _ matrix: PackedMatrix, _ product: inout vlmc_product) {
        product.adapters = nil
        guard !adapters.runs.isEmpty, product.rows > 0 else { return }
        guard let scratch = adapterScratch, let entry = matrix.entry else {
            preconditionFailure("adapters on a device that was made for none, or of a matrix that is none of a model's")
        }
        let block = Int(product.first_row)..<Int(product.first_row + product.rows)
        var count = 0
        for run in adapters.runs where run.rows.overlaps(block) {
            guard let factors = run.adapter.packed.matrix(ofEntry: entry) else { continue }
            precondition(Int(factors.pointee.inner) <= scratch.width, "an adapter of a greater rank than planned")
            let rows = run.rows.clamped(to: block)
            scratch.rows[count] = vlmc_adapter_rows(
                first: Int32(rows.lowerBound - block.lowerBound),
                rows: Int32(rows.count),
                matrix: factors,
                first_chunk: 0
            )
            count += 1
        }
        guard count > 0, let inner = scratch.inner.baseAddress else { return }
        scratch.place.pointee = vlmc_adapters(
            rows: scratch.rows,
            count: Int32(count),
            inner: inner.assumingMemoryBound(to: Float.self)
        )
        var arguments = vlmc_adapter_down(product: product, adapters: scratch.place.pointee)
        arguments.product.weight.format = UInt32(VLMC_FORMAT_F32.rawValue)
        run(kernels.adapter_down, &arguments, plan: kernels.adapter_down_plan)
        product.adapters = UnsafePointer(scratch.place)
    }
}
