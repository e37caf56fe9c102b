// Prints a graph as text: deterministic, complete, one operation a line. Golden tests compare it.
// It is not read back; the TOML description is the source.

/// Prints graphs.
public enum GraphPrinter {
    /// The whole graph.
    public static func text(of graph: Graph) -> String {
        (["graph \(graph.name)"] + graph.blocks.map(text(of:))).joined(separator: "\n\n") + "\n"
    }

    /// One block.
    public static func text(of block: Block) -> String {
        var lines: [String] = []
        switch block.role {
        case .entry: lines.append("entry \(block.name) {")
        case .layer(let count): lines.append("layer \(block.name) x \(count) {")
        }
        for id in block.parameters {
            lines.append("  parameter \(block[id].name): \(block[id].type)")
        }
        for (id, weight) in block.weights {
            lines.append("  weight \(block[id].name): \(block[id].type) = \(text(of: weight))")
        }
        var keyPath = ""
        for operation in block.operations {
            if operation.keyPath != keyPath {
                keyPath = operation.keyPath
                lines.append("  # \(keyPath)")
            }
            lines.append("  " + text(of: operation, in: block))
        }
        lines.append("  return \(block.results.map { block[$0].name }.joined(separator: ", "))")
        lines.append("}")
        return lines.joined(separator: "\n")
    }

    private static func text(of weight: Weight) -> String {
        let sources = weight.sources.map { source in source.tensor.map { "\"\($0)\"" } ?? "zeros" }
        return "\(weight.tensorClass?.rawValue ?? "vector") [\(sources.joined(separator: ", "))]"
    }

    /// One operation, without its key path.
    public static func text(of operation: Operation, in block: Block) -> String {
        let results = operation.results.map { block[$0].name }.joined(separator: ", ")
        let types = operation.results.map { block[$0].type.description }.joined(separator: ", ")
        let operands = operation.operands.map { block[$0].name }.joined(separator: ", ")
        let attributes = attributes(of: operation.kind)
        let suffix = attributes.isEmpty ? "" : " {\(attributes.joined(separator: ", "))}"
        return "\(results) = \(operation.kind.name)(\(operands))\(suffix) -> \(types)"
    }

    private static func attributes(of kind: Operator) -> [String] {
        switch kind {
        case .embedding, .activation, .add, .multiply, .mergeHeads, .scatterRows, .rotate, .appendToCache, .softmax:
            []
        case .linear(let bias): bias ? ["bias"] : []
        case .norm(let norm): ["epsilon: \(norm.epsilon)"]
        case .columns(let from, let count): ["\(from)..<\(from + count)"]
        case .splitHeads(let heads): ["heads: \(heads)"]
        case .joinRows(let count): ["count: \(count)"]
        case .gatherRows(let group): group == 1 ? [] : ["group: \(group)"]
        case .rotaryTable(let frequencies): attributes(of: frequencies)
        case .attentionScores(let parameters), .attentionValues(let parameters), .attention(let parameters):
            [
                "heads: \(parameters.queryHeads)/\(parameters.kvHeads)", "width: \(parameters.headDim)",
                "scale: \(parameters.scale)", parameters.causal ? "causal" : "full",
            ] + (parameters.cached ? ["cached"] : [])
        case .layers(let loop):
            ["block: \(loop.block)", "count: \(loop.count)"]
                + loop.bindings.compactMap { binding in
                    guard case .selected(let layers, let operand, let otherwise) = binding else { return nil }
                    return "operand \(operand) in layers \(layers), else operand \(otherwise)"
                }
        }
    }

    private static func attributes(of frequencies: RotaryFrequencies) -> [String] {
        var runs: [(axis: Int, count: Int)] = []
        for axis in frequencies.axes {
            if runs.last?.axis == axis { runs[runs.count - 1].count += 1 } else { runs.append((axis, 1)) }
        }
        let axes = runs.map { $0.count == 1 ? "\($0.axis)" : "\($0.axis)x\($0.count)" }.joined(separator: " ")
        let first = frequencies.inverseFrequencies.first ?? 0
        let last = frequencies.inverseFrequencies.last ?? 0
        return ["frequencies: \(frequencies.count)", "axes: \(axes)", "from: \(first)", "to: \(last)"]
            + (frequencies.magnitude == 1 ? [] : ["magnitude: \(frequencies.magnitude)"])
    }
}
