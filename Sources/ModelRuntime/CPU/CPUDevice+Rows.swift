// Calls that work row by row or number by number, without a matrix product.
// Not the norms in front of products: CPUDevice+Products.swift takes them along.

import CPUKernels

extension CPUDevice {
    /// Rows of a table that is packed as a matrix, such as the embeddings that a head shares.
    ///
    /// *Math*: `output[i] = table[tokens[i]]`. *Shapes*: table `[vocabulary, width]`, output `[tokens.count, width]`.
    public func embed(tokens: [Int32], table: PackedMatrix, into output: UnsafeMutablePointer<Float>) {
        precondition(tokens.allSatisfy { $0 >= 0 && Int($0) < table.outputs }, "a token beyond the table")
        tokens.withUnsafeBufferPointer { tokens in
            guard let start = tokens.baseAddress else { return }
            var arguments = vlmc_embedding(
                weight: table.kernelArgument,
                tokens: start,
                output: output,
                output_stride: table.inputs,
                rows: Int32(tokens.count),
                chunk_rows: 0
            )
            profiled("embed", rows: tokens.count) {
                run(kernels.embedding, &arguments, plan: kernels.embedding_plan)
            }
        }
    }

    /// A norm on its own.
    ///
    /// *Math*: `output = norm(input)`, row by row. *Shapes*: `[rows, width]`. `output` may be `input`.
    /// *Accumulates in*: f32, in 64 partial sums.
    public func normalize(
        _ input: UnsafePointer<Float>,
        rows: Int,
        width: Int,
        norm: RowNorm,
        into output: UnsafeMutablePointer<Float>
    ) {
        var arguments = vlmc_norm_rows(
            input: input,
            input_stride: width,
            output: output,
            output_stride: width,
            norm: norm.kernelArgument,
            rows: Int32(rows),
            width: Int32(width),
            chunk_rows: 0
        )
        profiled("norm", rows: rows) { run(kernels.norm_rows, &arguments, plan: kernels.norm_rows_plan) }
    }

    /// A function of every number. *Shapes*: `[rows, width]`. `output` may be `input`.
    public func activate(
        _ input: UnsafePointer<Float>,
        rows: Int,
        width: Int,
        activation: Activation,
        into output: UnsafeMutablePointer<Float>
    ) {
        elementwise(VLMC_ELEMENTWISE_ACTIVATE, input, nil, rows: rows, width: width, activation, output)
    }

    /// `output = left + right`. *Shapes*: `[rows, width]`. `output` may be one of them.
    public func add(
        _ left: UnsafePointer<Float>,
        _ right: UnsafePointer<Float>,
        rows: Int,
        width: Int,
        into output: UnsafeMutablePointer<Float>
    ) {
        elementwise(VLMC_ELEMENTWISE_ADD, left, right, rows: rows, width: width, .none, output)
    }

    /// `output = left * right`, number by number. *Shapes*: `[rows, width]`. `output` may be one of them.
    public func multiply(
        _ left: UnsafePointer<Float>,
        _ right: UnsafePointer<Float>,
        rows: Int,
        width: Int,
        into output: UnsafeMutablePointer<Float>
    ) {
        elementwise(VLMC_ELEMENTWISE_MULTIPLY, left, right, rows: rows, width: width, .none, output)
    }

    /// Consecutive columns of wider rows. *Shapes*: input `[rows, width]`, output `[rows, columns.count]`.
    public func copyColumns(
        of input: UnsafePointer<Float>,
        rows: Int,
        width: Int,
        columns: Range<Int>,
        into output: UnsafeMutablePointer<Float>
    ) {
        precondition(columns.lowerBound >= 0 && columns.upperBound <= width, "columns \(columns) of \(width)")
        move(
            kernels.gather_rows,
            kernels.gather_rows_plan,
            input + columns.lowerBound,
            stride: width,
            indices: nil,
            rows: rows,
            width: columns.count,
            to: output
        )
    }

    /// Rows in another order: `output[i] = input[indices[i]]`, where a row has `width` numbers. The caller vouches for
    /// the indices.
    public func gatherRows(
        of input: UnsafePointer<Float>,
        width: Int,
        indices: [Int32],
        into output: UnsafeMutablePointer<Float>
    ) {
        indices.withUnsafeBufferPointer { indices in
            move(
                kernels.gather_rows,
                kernels.gather_rows_plan,
                input,
                stride: width,
                indices: indices.baseAddress,
                rows: indices.count,
                width: width,
                to: output
            )
        }
    }

    /// Rows put elsewhere: `output[indices[i]] = input[i]`, where a row has `width` numbers and no index occurs twice. The
    /// caller vouches for the indices.
    public func scatterRows(
        of input: UnsafePointer<Float>,
        width: Int,
        indices: [Int32],
        into output: UnsafeMutablePointer<Float>
    ) {
        indices.withUnsafeBufferPointer { indices in
            move(
                kernels.scatter_rows,
                kernels.scatter_rows_plan,
                input,
                stride: width,
                indices: indices.baseAddress,
                rows: indices.count,
                width: width,
                to: output
            )
        }
    }

    /// Rows of `target` replaced by image features: `target[run.rows] = run.features[run.firstFeature...]` for every run.
    public func replaceRows(
        of target: UnsafeMutablePointer<Float>,
        width: Int,
        with runs: [RaggedBatch.FeatureRun]
    ) {
        for run in runs where !run.rows.isEmpty {
            precondition(run.features.width == width && run.firstFeature + run.rows.count <= run.features.count)
            move(
                kernels.gather_rows,
                kernels.gather_rows_plan,
                run.features.row(run.firstFeature),
                stride: width,
                indices: nil,
                rows: run.rows.count,
                width: width,
                to: target + run.rows.lowerBound * width
            )
        }
    }

    /// Cosines and sines of rotary angles, once for all layers of a step.
    ///
    /// *Math*: `table[i] = magnitude * [cos(a_0) ... cos(a_n-1), sin(a_0) ... sin(a_n-1)]`,
    /// `a_f = positions[axes[f]][i] * inverseFrequencies[f]`, the product in f32.
    /// *Shapes*: positions `[axes, rows]`, table `[rows, 2 n]`. *Units/range*: radians, reduced exactly.
    public func fillRotaryTable(
        _ table: UnsafeMutablePointer<Float>,
        positions: [Int32],
        rows: Int,
        frequencies: RotaryFrequencies
    ) {
        precondition(
            positions.count >= frequencies.axisCount * rows,
            "positions of fewer axes than the frequencies have"
        )
        positions.withUnsafeBufferPointer { positions in
            frequencies.inverseFrequencies.withUnsafeBufferPointer { inverse in
                frequencies.axes.withUnsafeBufferPointer { axes in
                    guard let positions = positions.baseAddress, let inverse = inverse.baseAddress,
                        let axes = axes.baseAddress
                    else { return }
                    var arguments = vlmc_rotary_table(
                        positions: positions,
                        position_stride: rows,
                        inverse_frequencies: inverse,
                        axes: axes,
                        magnitude: frequencies.magnitude,
                        output: table,
                        rows: Int32(rows),
                        frequencies: Int32(frequencies.count),
                        chunk_rows: 0
                    )
                    profiled("rotary table", rows: rows) {
                        run(kernels.rotary_table, &arguments, plan: kernels.rotary_table_plan)
                    }
                }
            }
        }
    }

    // MARK: Arguments

    private func elementwise(
        _ operation: vlmc_elementwise_operation,
        _ left: UnsafePointer<Float>,
        _ right: UnsafePointer<Float>?,
        rows: Int,
        width: Int,
        _ activation: Activation,
        _ output: UnsafeMutablePointer<Float>
    ) {
        var arguments = vlmc_elementwise(
            left: left,
            right: right,
            output: output,
            count: Int64(rows * width),
            operation: operation.rawValue,
            activation: activation.kernelTag,
            chunk_elements: 0
        )
        profiled("elementwise", rows: rows) { run(kernels.elementwise, &arguments, plan: kernels.elementwise_plan) }
    }

    private func move(
        _ kernel: vlmc_chunk_function,
        _ plan: (UnsafeMutablePointer<vlmc_move_rows>, Int32) -> Int32,
        _ input: UnsafePointer<Float>,
        stride: Int,
        indices: UnsafePointer<Int32>?,
        rows: Int,
        width: Int,
        to output: UnsafeMutablePointer<Float>
    ) {
        var arguments = vlmc_move_rows(
            input: input,
            input_stride: stride,
            output: output,
            output_stride: width,
            indices: indices,
            rows: Int32(rows),
            width: Int32(width),
            chunk_rows: 0
        )
        profiled("copy rows", rows: rows) { run(kernel, &arguments, plan: plan) }
    }
}
