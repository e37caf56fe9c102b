// A matrix made of several sources, and adapters of it with random factors, packed as files are.
// What they add is computed here in plain loops over the factors, which know nothing of panels.

import TensorTypes

@testable import ModelRuntime

/// A matrix that adapters may add to: the only entry of its manifest.
struct AdaptedMatrix {
    let inputs: Int
    /// The rows of each source.
    let sources: [Int]
    let order: WeightEntry.RowOrder

    var outputs: Int { sources.reduce(0, +) }

    var manifest: WeightManifest {
        let tensors = sources.enumerated().map { TensorSource.tensor("source\($0).weight", [$1, inputs]) }
        let entry = WeightEntry.matrix("all", outputs: outputs, inputs: inputs, .mlp, order: order, from: tensors)
        return WeightManifest([entry], formats: WeightFormats(.f32))
    }

    /// The packed matrix as that entry.
    func placed(_ matrix: PackedMatrix) -> PackedMatrix {
        PackedMatrix(
            panels: matrix.panels,
            outputs: matrix.outputs,
            inputs: matrix.inputs,
            format: matrix.format,
            entry: 0
        )
    }
}

/// An adapter of such a matrix, with its factors as they were drawn.
struct TestAdapter {
    /// The factors for one source.
    struct Part {
        let rank: Int
        let down: [Float]
        let up: [Float]
        let scale: Double
    }

    let matrix: AdaptedMatrix
    /// Nil for sources that nothing is added to.
    let parts: [Part?]
    let adapter: Adapter

    init(
        _ matrix: AdaptedMatrix,
        ranks: [Int?],
        random: inout KernelRandom,
        kernelSet: CPUKernelSet = .best
    ) throws {
        self.matrix = matrix
        let parts = zip(matrix.sources, ranks).map { outputs, rank in
            rank.map { rank in
                Part(
                    rank: rank,
                    down: random.floats(rank * matrix.inputs),
                    up: random.floats(outputs * rank),
                    scale: random.element(of: [0.25, 1, 1.7])
                )
            }
        }
        self.parts = parts
        var places: [AdapterPlace: Int] = [:]
        for (source, rank) in ranks.enumerated() { places[AdapterPlace(entry: 0, source: source)] = rank }
        let layout = AdapterLayout(matrix.manifest, ranks: places)
        var kept: [UnsafeMutablePointer<Float>] = []
        defer { for pointer in kept { pointer.deallocate() } }
        func numbers(_ values: [Float]) -> TensorNumbers {
            let pointer = UnsafeMutablePointer<Float>.allocate(capacity: max(values.count, 1))
            pointer.initialize(from: values, count: values.count)
            kept.append(pointer)
            return TensorNumbers(start: pointer, element: .f32)
        }
        let packed = try PackedAdapter(layout, entryCount: 1, kernels: kernelSet) { place in
            guard let part = parts[place.source] else { preconditionFailure("a part that was not asked for") }
            return AdapterFactors(down: numbers(part.down), up: numbers(part.up), firstRow: 0, scale: part.scale)
        }
        adapter = Adapter(
            path: "test",
            rank: ranks.compactMap(\.self).max() ?? 0,
            moduleCount: ranks.compactMap(\.self).count,
            changesImages: false,
            packed
        )
    }

    /// What is added to the outputs of a row, source by source.
    ///
    /// Each inner number is a sum over the inputs, and each output one over the inner numbers that begins with the
    /// product's own sum: errors as in `referenceProduct`.
    func added(to sums: [Estimate], row: [Double]) -> [Estimate] {
        var results = sums
        var first = 0
        for (outputs, part) in zip(matrix.sources, parts) {
            defer { first += outputs }
            guard let part else { continue }
            let inner = referenceProduct(row, part.down, outputs: part.rank, .exact)
            for output in 0..<outputs {
                var (value, magnitude, error) = (0.0, abs(sums[first + output].value), 0.0)
                for number in 0..<part.rank {
                    let weight = part.scale * Double(part.up[output * part.rank + number])
                    value += inner[number].value * weight
                    magnitude += abs(inner[number].value * weight)
                    error += inner[number].error * abs(weight)
                }
                let rounding = 4 * (Double(part.rank).squareRoot() + 4) * f32Rounding * magnitude
                results[first + output].value += value
                results[first + output].error += error + rounding
            }
        }
        return results
    }

    /// The rows of a source's weights with what is added to them: `W + scale B A`.
    func merged(into rows: [Float]) -> [Float] {
        var result = rows
        var first = 0
        for (outputs, part) in zip(matrix.sources, parts) {
            defer { first += outputs }
            guard let part else { continue }
            for output in 0..<outputs {
                for input in 0..<matrix.inputs {
                    var sum = 0.0
                    for number in 0..<part.rank {
                        sum +=
                            Double(part.up[output * part.rank + number])
                            * Double(part.down[number * matrix.inputs + input])
                    }
                    let place = (first + output) * matrix.inputs + input
                    result[place] = Float(Double(rows[place]) + part.scale * sum)
                }
            }
        }
        return result
    }
}
