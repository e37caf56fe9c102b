// Matrix products and everything fused with them.
// Not attention itself: CPUDevice+Attention.swift.

import CPUKernels

extension CPUDevice {
    /// A linear map of rows, with what comes before and after it.
    ///
    /// *Math*: `output = activation(norm(input) W^T + bias) + residual`.
    /// *Shapes*: input `[rows, inputs]`, weight `[outputs, inputs]`, bias `[outputs]`, residual and output
    /// `[rows, outputs]`, all f32 but the weight. `residual` may be `output`.
    /// *Accumulates in*: f32, one sum per output over the inputs in order. With bf16 weights on CPUs with a bf16 dot
    /// product, the normalised input is rounded to bf16. With integer weights it is rounded to 8 bits, symmetric around
    /// zero, with an f32 scale for every 32 inputs, and each group's sum is exact. What the adapter of a row adds to
    /// `norm(input) W^T` is f32 throughout.
    public func linear(
        _ input: UnsafePointer<Float>,
        rows: Int,
        norm: RowNorm = .none,
        weight: PackedMatrix,
        bias: UnsafePointer<Float>? = nil,
        activation: Activation = .none,
        residual: UnsafePointer<Float>? = nil,
        adapters: RowAdapters = .none,
        into output: UnsafeMutablePointer<Float>
    ) {
        let product = product(.linear, input, rows: rows, norm: norm, weight: weight)
        multiply(product, weight, rows, bias, isGated: false, activation, residual, adapters, output)
    }

    /// A linear map of rows to logits, of which rows of greedy sequences keep the greatest alone.
    ///
    /// *Math*: `logits = norm(input) W^T`; the greatest of equal logits is the first, and NaN counts as infinity.
    /// *Shapes*: input `[rows, inputs]`, weight `[vocabulary, inputs]`; `logits` has places for all rows.
    /// *Accumulates in*: as `linear`.
    public func linear(
        _ input: UnsafePointer<Float>,
        rows: Int,
        norm: RowNorm = .none,
        weight: PackedMatrix,
        adapters: RowAdapters = .none,
        into logits: LogitPlaces
    ) {
        precondition(rows == logits.rowCount, "\(rows) rows and places for the logits of \(logits.rowCount)")
        let product = product(.linear, input, rows: rows, norm: norm, weight: weight)
        logits.greatest.initialize(repeating: 0, count: logits.greatestRows)
        multiply(product, weight, rows, nil, isGated: false, .none, nil, adapters, logits.written, logits)
    }

    /// A gated linear map of rows: a matrix whose panels are gates and ups in turn.
    ///
    /// *Math*: `output = activation(norm(input) G^T + bias[..<outputs]) * (norm(input) U^T + bias[outputs...]) + residual`.
    /// *Shapes*: input `[rows, inputs]`, G and U `[outputs, inputs]`, bias `[2 * outputs]`, residual and output
    /// `[rows, outputs]`, where `outputs` is `weight.outputs`. `residual` may be `output`.
    /// *Accumulates in*: as `linear`.
    public func gatedLinear(
        _ input: UnsafePointer<Float>,
        rows: Int,
        norm: RowNorm = .none,
        weight: PackedMatrix,
        bias: UnsafePointer<Float>? = nil,
        activation: Activation = .none,
        residual: UnsafePointer<Float>? = nil,
        adapters: RowAdapters = .none,
        into output: UnsafeMutablePointer<Float>
    ) {
        let product = product(.gatedLinear, input, rows: rows, norm: norm, weight: weight)
        multiply(product, weight, rows, bias, isGated: true, activation, residual, adapters, output)
    }

    /// Makes the heads of attention out of rows; keys and values go to rows of their own.
    ///
    /// *Math*: per head of `norm(input) W^T + bias`: the head's norm (queries and keys), then
    /// `(x_d, y_d) -> (x_d c_d - y_d s_d, y_d c_d + x_d s_d)` for the pairs `x_d = head[d]`, `y_d = head[d + n]`,
    /// d < n = rotaryWidth / 2 (queries and keys).
    /// *Shapes*: input `[rows, inputs]`; outputs of the matrix and bias: query heads, key heads, value heads; rotaryTable
    /// `[rows, rotaryWidth]`, cosines, then sines; queries `[rows, query, width]`; keys and values
    /// `[rows, keyValue, width]`.
    /// *Accumulates in*: as `linear`.
    public func projectHeads(
        _ input: UnsafePointer<Float>,
        rows: Int,
        norm: RowNorm = .none,
        weight: PackedMatrix,
        bias: UnsafePointer<Float>? = nil,
        heads: HeadShape,
        queryNorm: RowNorm = .none,
        keyNorm: RowNorm = .none,
        rotaryTable: UnsafePointer<Float>? = nil,
        rotaryWidth: Int? = nil,
        adapters: RowAdapters = .none,
        queries: UnsafeMutablePointer<Float>,
        keys: UnsafeMutablePointer<Float>,
        values: UnsafeMutablePointer<Float>
    ) {
        var arguments = projection(
            product(.heads, input, rows: rows, norm: norm, weight: weight),
            bias: bias,
            heads: heads,
            queryNorm: queryNorm,
            keyNorm: keyNorm,
            rotaryTable: rotaryTable,
            rotaryWidth: rotaryWidth ?? heads.width,
            queries: queries
        )
        arguments.key_rows = keys
        arguments.value_rows = values
        project(arguments, rows: rows, weight, adapters)
    }

    /// Makes the heads of attention out of the rows of a step; keys and values go to the cache.
    ///
    /// *Math*, *Shapes*, *Accumulates in*: as for keys and values in rows; a bf16 cache rounds them to nearest,
    /// an int8 cache to multiples of the 127th part of the greatest magnitude of token and head.
    public func projectHeads(
        _ input: UnsafePointer<Float>,
        rows: Int,
        norm: RowNorm = .none,
        weight: PackedMatrix,
        bias: UnsafePointer<Float>? = nil,
        heads: HeadShape,
        queryNorm: RowNorm = .none,
        keyNorm: RowNorm = .none,
        rotaryTable: UnsafePointer<Float>? = nil,
        rotaryWidth: Int? = nil,
        adapters: RowAdapters = .none,
        queries: UnsafeMutablePointer<Float>,
        cache: CachePages,
        sequences: SequenceBatch
    ) {
        precondition(sequences.slots.count == rows, "\(sequences.slots.count) slots for \(rows) rows")
        var arguments = projection(
            product(.heads, input, rows: rows, norm: norm, weight: weight),
            bias: bias,
            heads: heads,
            queryNorm: queryNorm,
            keyNorm: keyNorm,
            rotaryTable: rotaryTable,
            rotaryWidth: rotaryWidth ?? heads.width,
            queries: queries
        )
        arguments.pages = cache.kernelArgument
        arguments.slots = UnsafePointer(sequences.slots.baseAddress)
        project(arguments, rows: rows, weight, adapters)
    }

    // MARK: Arguments

    private func product(
        _ operation: ProductKind.Operation,
        _ input: UnsafePointer<Float>,
        rows: Int,
        norm: RowNorm,
        weight: PackedMatrix
    ) -> vlmc_product {
        precondition(
            weight.inputs <= largestInputs,
            "a matrix of \(weight.inputs) inputs; the largest is \(largestInputs)"
        )
        if let productObserver { show(input, rows: rows, norm: norm, weight, to: productObserver) }
        return vlmc_product(
            input: input,
            input_stride: weight.inputs,
            first_row: 0,
            rows: 0,
            weight: weight.kernelArgument,
            norm: norm.kernelArgument,
            packed: packedInputStart,
            tuning: tuningTable.place(operation, weight, rows: rows),
            adapters: nil,
            pack_chunks: 0
        )
    }

    /// Shows an observer what the kernel is about to multiply.
    private func show(
        _ input: UnsafePointer<Float>,
        rows: Int,
        norm: RowNorm,
        _ weight: PackedMatrix,
        to observer: ProductObserver
    ) {
        let count = rows * weight.inputs
        if case .none = norm {
            observer.observe(weight, UnsafeBufferPointer(start: input, count: count), rows: rows)
            return
        }
        withUnsafeTemporaryAllocation(of: Float.self, capacity: max(count, 1)) { normed in
            guard let start = normed.baseAddress else { return }
            normalize(input, rows: rows, width: weight.inputs, norm: norm, into: start)
            observer.observe(weight, UnsafeBufferPointer(start: start, count: count), rows: rows)
        }
    }

    private func projection(
        _ product: vlmc_product,
        bias: UnsafePointer<Float>?,
        heads: HeadShape,
        queryNorm: RowNorm,
        keyNorm: RowNorm,
        rotaryTable: UnsafePointer<Float>?,
        rotaryWidth: Int,
        queries: UnsafeMutablePointer<Float>
    ) -> vlmc_project_heads {
        let outputs = (heads.query + 2 * heads.keyValue) * heads.width
        precondition(Int(product.weight.outputs) == outputs, "a matrix of other outputs than the heads")
        precondition(rotaryWidth > 0 && rotaryWidth % 2 == 0 && rotaryWidth <= heads.width, "\(rotaryWidth) rotated")
        return vlmc_project_heads(
            product: product,
            bias: bias,
            query_norm: queryNorm.kernelArgument,
            key_norm: keyNorm.kernelArgument,
            rotary: rotaryTable,
            rotary_dim: Int32(rotaryWidth),
            head_dim: Int32(heads.width),
            query_heads: Int32(heads.query),
            key_heads: Int32(heads.keyValue),
            value_heads: Int32(heads.keyValue),
            cut: vlmc_cut(),
            queries: queries,
            query_stride: heads.query * heads.width,
            key_rows: nil,
            value_rows: nil,
            key_value_stride: heads.keyValue * heads.width,
            pages: vlmc_pages(keys: nil, values: nil, format: 0, blocks: 0),
            slots: nil
        )
    }

    // MARK: Blocks of rows

    private func multiply(
        _ product: vlmc_product,
        _ weight: PackedMatrix,
        _ rows: Int,
        _ bias: UnsafePointer<Float>?,
        isGated: Bool,
        _ activation: Activation,
        _ residual: UnsafePointer<Float>?,
        _ adapters: RowAdapters,
        _ output: UnsafeMutablePointer<Float>,
        _ logits: LogitPlaces? = nil
    ) {
        let outputs = weight.outputs
        var arguments = vlmc_linear(
            product: product,
            bias: bias,
            up_bias: isGated ? bias.map { $0 + outputs } : nil,
            residual: residual,
            residual_stride: outputs,
            output: output,
            output_stride: outputs,
            activation: activation.kernelTag,
            gated: isGated ? 1 : 0,
            cut: vlmc_cut(),
            greatest: logits?.greatest,
            written_rows: Int32(logits?.writtenRows ?? rows)
        )
        let operation = isGated ? ProductKind.Operation.gatedLinear : .linear
        profiled(operation.rawValue, rows: rows, weight, isGated: isGated) {
            forEachRowBlock(rows, &arguments) { arguments in
                prepareAdapters(adapters, weight, &arguments.product)
                run(kernels.linear, &arguments, plan: kernels.linear_plan)
            }
        }
    }

    private func project(
        _ arguments: vlmc_project_heads,
        rows: Int,
        _ weight: PackedMatrix,
        _ adapters: RowAdapters
    ) {
        var arguments = arguments
        profiled(ProductKind.Operation.heads.rawValue, rows: rows, weight) {
            forEachRowBlock(rows, &arguments) { arguments in
                prepareAdapters(adapters, weight, &arguments.product)
                run(kernels.project_heads, &arguments, plan: kernels.project_heads_plan)
            }
        }
    }

    /// Lets `body` multiply one block of rows after the other: each is one call, which packs its rows and meets once.
    private func forEachRowBlock<Arguments: ProductArguments>(
        _ rows: Int,
        _ arguments: inout Arguments,
        _ body: (inout Arguments) -> Void
    ) {
        precondition(rows >= 0)
        let blocks = (rows + Int(VLMC_ROW_BLOCK) - 1) / Int(VLMC_ROW_BLOCK)
        inTurn {
            for block in 0..<blocks {
                arguments.product.first_row = Int32(rows * block / blocks)
                arguments.product.rows = Int32(rows * (block + 1) / blocks - rows * block / blocks)
                body(&arguments)
            }
        }
    }
}

/// What a kernel needs that multiplies rows by a matrix.
private protocol ProductArguments {
    var product: vlmc_product { get set }
}

extension vlmc_linear: ProductArguments {}
extension vlmc_project_heads: ProductArguments {}
