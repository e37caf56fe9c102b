// Scores, softmax and weighted sum become one attention operation, whose kernels keep a running maximum and sum.
// A tensor of scores takes heads x rows x keys numbers: gigabytes for one large image. It never exists.

import ComputeGraph

/// Replaces `attention-values(softmax(attention-scores(...)))` by `attention`, wherever nothing else reads the scores
/// or the probabilities.
public func streamSoftmax(_ graph: Graph) -> Graph {
    graph.mapBlocks { block in
        let readers = block.readers
        let results = Set(block.results)
        func onlyReader(of value: ValueID) -> Int? {
            guard let indices = readers[value], indices.count == 1, !results.contains(value) else { return nil }
            return indices[0]
        }
        var rewriter = BlockRewriter(block)
        var absorbed: Set<Int> = []
        for (index, operation) in block.operations.enumerated() {
            guard case .attentionScores(let parameters) = operation.kind,
                let softmaxIndex = onlyReader(of: operation.results[0]),
                block.operations[softmaxIndex].kind == .softmax,
                let valuesIndex = onlyReader(of: block.operations[softmaxIndex].results[0]),
                block.operations[valuesIndex].kind == .attentionValues(parameters)
            else { continue }
            let (query, keys, segments) = (operation.operands[0], operation.operands[1], operation.operands[2])
            let values = block.operations[valuesIndex].operands
            guard values[2] == segments, !parameters.cached || values[1] == keys else { continue }
            rewriter.operations[valuesIndex] = Operation(
                .attention(parameters),
                operands: parameters.cached ? [query, keys, segments] : [query, keys, values[1], segments],
                results: block.operations[valuesIndex].results,
                keyPath: operation.keyPath
            )
            absorbed.formUnion([index, softmaxIndex])
        }
        rewriter.operations = rewriter.operations.enumerated().filter { !absorbed.contains($0.offset) }.map(\.element)
        return rewriter.rewritten()
    }
}
