// Projections of one input become one matrix product: query, key and value; gate and up.
// Afterwards StreamSoftmax.swift, then grouping into kernel calls (GroupKernels.swift).

import ComputeGraph

/// Replaces every set of linear operations that read the same input by one, whose weight stacks theirs.
///
/// The input is then read once and the machine has one long product instead of several short ones. Where some of the
/// projections have a bias and others have none, the missing ones become zeros.
public func mergeProjections(_ graph: Graph) -> Graph {
    graph.mapBlocks { block in
        var rewriter = BlockRewriter(block)
        while let siblings = siblings(in: rewriter) { merge(siblings, in: &rewriter) }
        return rewriter.rewritten()
    }
}

/// The indices of the first set of at least two linear operations with one input.
private func siblings(in rewriter: BlockRewriter) -> [Int]? {
    var byInput: [ValueID: [Int]] = [:]
    var order: [ValueID] = []
    for (index, operation) in rewriter.operations.enumerated() {
        guard case .linear = operation.kind else { continue }
        if byInput[operation.operands[0]] == nil { order.append(operation.operands[0]) }
        byInput[operation.operands[0], default: []].append(index)
    }
    return order.lazy.compactMap { byInput[$0] }.first { $0.count > 1 }
}

private func merge(_ siblings: [Int], in rewriter: inout BlockRewriter) {
    let members = siblings.map { rewriter.operations[$0] }
    let weights = members.compactMap { rewriter[$0.operands[1]].weight }
    precondition(weights.count == members.count, "a linear operation without a weight")
    let name = mergedName(weights.map(\.name))
    let weight = Weight(name: name, tensorClass: weights[0].tensorClass, sources: weights.flatMap(\.sources))

    var operands = [
        members[0].operands[0],
        rewriter.define(lowerCamelCase(name), .tensor(weight.type), .weight(weight)),
    ]
    let hasBias = members.contains { $0.kind == .linear(bias: true) }
    if hasBias {
        let sources = zip(members, weights).flatMap { member, weight in
            member.operands.count == 3
                ? rewriter[member.operands[2]].weight?.sources ?? [] : [Weight.Source(zeros: [weight.rows])]
        }
        let bias = Weight(name: "\(name).bias", tensorClass: nil, sources: sources)
        operands.append(rewriter.define(lowerCamelCase(bias.name), .tensor(bias.type), .weight(bias)))
    }

    let input = rewriter[operands[0]].type.tensor
    precondition(input != nil, "a linear operation reads a tensor")
    let rows = input?.rows ?? 0
    let product = rewriter.define(
        lowerCamelCase(name) + "Product",
        .tensor(.real(rows, .constant(weight.rows))),
        .operation
    )
    var replacement = [
        Operation(.linear(bias: hasBias), operands: operands, results: [product], keyPath: members[0].keyPath)
    ]
    var from = 0
    for (member, part) in zip(members, weights) {
        replacement.append(
            Operation(
                .columns(from: from, count: part.rows),
                operands: [product],
                results: member.results,
                keyPath: member.keyPath
            )
        )
        from += part.rows
    }
    for index in siblings.reversed() { rewriter.operations.remove(at: index) }
    rewriter.operations.insert(contentsOf: replacement, at: siblings[0])
}

/// `attention.query`, `attention.key`, `attention.value` as `attention.query-key-value`.
private func mergedName(_ names: [String]) -> String {
    let split = names.map { $0.split(separator: ".").map(String.init) }
    let prefix = split[0].dropLast()
    let sharesPrefix = split.allSatisfy { Array($0.dropLast()) == Array(prefix) }
    guard sharesPrefix else { return names.joined(separator: "-") }
    return (prefix + [split.compactMap(\.last).joined(separator: "-")]).joined(separator: ".")
}
