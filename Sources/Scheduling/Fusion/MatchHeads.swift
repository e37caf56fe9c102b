// Recognises the heads of attention behind a merged projection: columns, head norms, rotation, keys and values to rows
// or to the cache. Everything else about grouping is in GroupKernels.swift.

import ComputeGraph

extension KernelGrouper {
    /// The call that makes queries, keys and values out of `product`, if its columns are just these.
    func matchHeads(behind product: LinearCall, at linear: Int) -> (call: ProjectHeadsCall, operations: [Int])? {
        guard let columns = readers[product.output], columns.count == 3, !isResult(product.output) else { return nil }
        let ordered = columns.compactMap { index -> (index: Int, from: Int)? in
            guard case .columns(let from, _) = block.operations[index].kind else { return nil }
            return (index, from)
        }.sorted { $0.from < $1.from }
        guard ordered.count == 3,
            let query = matchHead(from: ordered[0].index),
            let key = matchHead(from: ordered[1].index),
            let value = matchHead(from: ordered[2].index),
            query.rotaryTable == key.rotaryTable, value.rotaryTable == nil, value.norm == nil,
            key.heads == value.heads, key.headDim == value.headDim, query.headDim == key.headDim,
            ordered[0].from == 0, ordered[1].from == query.heads * query.headDim,
            ordered[2].from == ordered[1].from + key.heads * key.headDim,
            block[product.output].type.tensor?.width == .constant(ordered[2].from + value.heads * value.headDim)
        else { return nil }

        var operations = query.operations + key.operations + value.operations
        let destination: ProjectHeadsCall.Destination
        if let index = onlyReader(of: key.result), block.operations[index].kind == .appendToCache,
            block.operations[index].operands[1] == key.result, block.operations[index].operands[2] == value.result,
            onlyReader(of: value.result) == index
        {
            operations.append(index)
            let append = block.operations[index]
            destination = .cache(input: append.operands[0], segments: append.operands[3], output: append.results[0])
        } else {
            destination = .rows(key: key.result, value: value.result)
        }
        let call = ProjectHeadsCall(
            input: product.input,
            norm: product.norm,
            weight: product.weight,
            bias: product.bias,
            queryHeads: query.heads,
            kvHeads: key.heads,
            headDim: key.headDim,
            queryNorm: query.norm,
            keyNorm: key.norm,
            rotaryTable: query.rotaryTable,
            query: query.result,
            destination: destination
        )
        return (call, operations)
    }

    private struct Head {
        var operations: [Int]
        var heads: Int
        var headDim: Int
        var norm: NormPrologue?
        var rotaryTable: ValueID?
        var result: ValueID
    }

    /// `columns`, `split-heads`, and what follows of head norm and rotation.
    private func matchHead(from columns: Int) -> Head? {
        guard let split = onlyReader(of: block.operations[columns].results[0]),
            case .splitHeads(let heads) = block.operations[split].kind,
            let headDim = block[block.operations[split].results[0]].type.tensor?.width.constant
        else { return nil }
        var head = Head(
            operations: [columns, split],
            heads: heads,
            headDim: headDim,
            result: block.operations[split].results[0]
        )
        if let next = onlyReader(of: head.result), case .norm(let norm) = block.operations[next].kind {
            let operands = block.operations[next].operands
            head.norm = NormPrologue(norm: norm, gain: operands[1], shift: operands.count == 3 ? operands[2] : nil)
            head.operations.append(next)
            head.result = block.operations[next].results[0]
        }
        if let next = onlyReader(of: head.result), block.operations[next].kind == .rotate {
            head.rotaryTable = block.operations[next].operands[1]
            head.operations.append(next)
            head.result = block.operations[next].results[0]
        }
        return head
    }
}
