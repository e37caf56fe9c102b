// Which operations become which calls, what is left alone, what is refused, and that nothing is lost or doubled.
// That calls compute what their operations do: Execution/ScheduleMeaningTests.swift.

import ComputeGraph
import ModelDescriptions
import TestSupport
import Testing

@testable import Scheduling

@Suite struct GroupKernelsTests {
    private static let rows = Dimension.symbolic(.rows)

    /// A block with `x`, `[rows, 8]`, and another one of the same type.
    private struct Draft {
        var builder = BlockBuilder(name: "entry", role: .entry, keyPath: "decoder.mlp")
        let x: ValueID
        let other: ValueID

        init() {
            x = builder.parameter("x", .tensor(.real(rows, 8)))
            other = builder.parameter("other", .tensor(.real(rows, 8)))
        }

        mutating func linear(_ x: ValueID, _ name: String, outputs: Int = 8) throws -> ValueID {
            let inputs = builder.type(of: x).tensor?.width.constant ?? 0
            let weight = Weight(
                name: "\(name)-weight",
                tensorClass: .mlp,
                sources: [Weight.Source(tensor: name, shape: [outputs, inputs])]
            )
            return try builder.append(.linear(bias: false), [x, builder.weight(weight)], named: name)
        }

        mutating func norm(_ x: ValueID, _ name: String) throws -> ValueID {
            let width = builder.type(of: x).tensor?.width.constant ?? 0
            let gain = Weight(
                name: "\(name)-gain",
                tensorClass: nil,
                sources: [Weight.Source(tensor: name, shape: [width])]
            )
            return try builder.append(
                .norm(Normalization(.rms, epsilon: 1e-5)),
                [x, builder.weight(gain)],
                named: name
            )
        }

        mutating func append(_ kind: Operator, _ operands: ValueID..., named name: String) throws -> ValueID {
            try builder.append(kind, operands, named: name)
        }

        /// The calls, each as its name and its operations' results.
        func steps(_ results: ValueID...) throws -> [String] {
            let block = builder.build(results: results)
            return try groupKernels(of: block).map { step in
                let names = step.operations.flatMap { block.operations[$0].results }.map { block[$0].name }
                return "\(step.call.name): \(names.joined(separator: " "))"
            }
        }
    }

    @Test func aProductTakesItsSurroundingsWithIt() throws {
        var draft = Draft()
        let normed = try draft.norm(draft.x, "normed")
        let product = try draft.linear(normed, "product")
        let activated = try draft.append(.activation(.silu), product, named: "activated")
        let sum = try draft.append(.add, draft.other, activated, named: "sum")
        #expect(try draft.steps(sum) == ["linear: normed product activated sum"])
    }

    @Test func whatOthersReadStaysAValue() throws {
        var draft = Draft()
        let normed = try draft.norm(draft.x, "normed")
        let product = try draft.linear(normed, "product")
        let activated = try draft.append(.activation(.silu), product, named: "activated")
        let sum = try draft.append(.add, activated, draft.other, named: "sum")
        #expect(
            try draft.steps(sum, normed) == ["rms-norm: normed", "linear: product activated sum"]
        )
        #expect(
            try draft.steps(sum, product)
                == ["linear: normed product", "silu: activated", "add: sum"]
        )
        #expect(try draft.steps(sum, activated) == ["linear: normed product activated", "add: sum"])
    }

    @Test func aSumOfAProductWithItselfIsNoResidual() throws {
        var draft = Draft()
        let product = try draft.linear(draft.x, "product")
        let sum = try draft.append(.add, product, product, named: "sum")
        #expect(try draft.steps(sum) == ["linear: product", "add: sum"])
    }

    @Test func ofTwoProductsOneTakesTheSum() throws {
        var draft = Draft()
        let left = try draft.linear(draft.x, "left")
        let right = try draft.linear(draft.other, "right")
        let sum = try draft.append(.add, left, right, named: "sum")
        #expect(try draft.steps(sum) == ["linear: right", "linear: left sum"])
    }

    @Test func gates() throws {
        var draft = Draft()
        let product = try draft.linear(draft.x, "product", outputs: 16)
        let gate = try draft.append(.columns(from: 0, count: 8), product, named: "gate")
        let up = try draft.append(.columns(from: 8, count: 8), product, named: "up")
        let activated = try draft.append(.activation(.silu), gate, named: "activated")
        let gated = try draft.append(.multiply, activated, up, named: "gated")
        let sum = try draft.append(.add, gated, draft.other, named: "sum")
        #expect(try draft.steps(sum) == ["gated-linear: product gate up activated gated sum"])
        // The value that is gated is read elsewhere.
        #expect(
            try draft.steps(sum, up)
                == [
                    "linear: product", "columns: gate", "columns: up", "silu: activated", "multiply: gated", "add: sum",
                ]
        )
    }

    @Test func columnsThatAreNoHalvesAreNoGate() throws {
        var draft = Draft()
        let product = try draft.linear(draft.x, "product", outputs: 24)
        let gate = try draft.append(.columns(from: 0, count: 8), product, named: "gate")
        let up = try draft.append(.columns(from: 8, count: 8), product, named: "up")
        let activated = try draft.append(.activation(.silu), gate, named: "activated")
        let gated = try draft.append(.multiply, activated, up, named: "gated")
        #expect(try draft.steps(gated).first == "linear: product")
    }

    /// Query, key and value heads out of one product of 4, 2 and 2 heads of 2; `columns` says where each begins.
    private func heads(
        _ draft: inout Draft,
        columns: [Int] = [0, 8, 12],
        outputs: Int = 16,
        cached: Bool
    ) throws -> (query: ValueID, key: ValueID, value: ValueID, cache: ValueID?) {
        let rows = Self.rows
        let table = draft.builder.parameter("table", .tensor(.real(rows, 2)))
        let product = try draft.linear(draft.x, "product", outputs: outputs)
        var parts: [ValueID] = []
        for (index, (name, count)) in [("query", 4), ("key", 2), ("value", 2)].enumerated() {
            let part = try draft.append(
                .columns(from: columns[index], count: count * 2),
                product,
                named: "\(name)Columns"
            )
            parts.append(try draft.append(.splitHeads(count), part, named: name))
        }
        let normed = try draft.norm(parts[0], "normedQuery")
        let query = try draft.append(.rotate, normed, table, named: "rotatedQuery")
        let key = try draft.append(.rotate, parts[1], table, named: "rotatedKey")
        guard cached else { return (query, key, parts[2], nil) }
        let cache = draft.builder.parameter("cache", .cache)
        let segments = draft.builder.parameter("segments", .segments(of: rows, longest: .symbolic(.context)))
        let extended = try draft.append(.appendToCache, cache, key, parts[2], segments, named: "extended")
        return (query, key, parts[2], extended)
    }

    private let headOperations =
        "product queryColumns query keyColumns key valueColumns value normedQuery rotatedQuery rotatedKey"

    @Test func headsToRows() throws {
        var draft = Draft()
        let (query, key, value, _) = try heads(&draft, cached: false)
        let attended = try mergedAttention(&draft, query, key, value)
        #expect(try draft.steps(attended) == ["project-heads: \(headOperations)", "attention: attended"])
    }

    @Test func headsToTheCache() throws {
        var draft = Draft()
        let cache = try #require(try heads(&draft, cached: true).cache)
        #expect(try draft.steps(cache) == ["project-heads: \(headOperations) extended"])
    }

    /// A reader of the query that stands before the last operation of the group comes behind the group.
    @Test func readersOfOneResultComeBehindTheWholeCall() throws {
        var draft = Draft()
        let product = try draft.linear(draft.x, "product", outputs: 16)
        let queryColumns = try draft.append(.columns(from: 0, count: 8), product, named: "queryColumns")
        let query = try draft.append(.splitHeads(4), queryColumns, named: "query")
        let flat = try draft.append(.mergeHeads, query, named: "flat")
        let early = try draft.linear(flat, "early")
        let keyColumns = try draft.append(.columns(from: 8, count: 4), product, named: "keyColumns")
        let key = try draft.append(.splitHeads(2), keyColumns, named: "key")
        let valueColumns = try draft.append(.columns(from: 12, count: 4), product, named: "valueColumns")
        let value = try draft.append(.splitHeads(2), valueColumns, named: "value")
        let attended = try mergedAttention(&draft, query, key, value)
        #expect(
            try draft.steps(attended, early) == [
                "project-heads: product queryColumns query keyColumns key valueColumns value", "linear: early",
                "attention: attended",
            ]
        )
    }

    private func mergedAttention(
        _ draft: inout Draft,
        _ query: ValueID,
        _ key: ValueID,
        _ value: ValueID
    ) throws -> ValueID {
        let segments = draft.builder.parameter("runs", .segments(of: Self.rows, longest: Self.rows))
        let parameters = AttentionParameters(
            queryHeads: 4,
            kvHeads: 2,
            headDim: 2,
            scale: 1,
            causal: false,
            cached: false
        )
        return try draft.append(.attention(parameters), query, key, value, segments, named: "attended")
    }

    @Test(arguments: [([0, 8, 12], 20), ([4, 12, 16], 20), ([0, 4, 12], 16), ([0, 8, 8], 16)])
    func columnsThatDoNotFillTheProductAreNoHeads(columns: [Int], outputs: Int) throws {
        var draft = Draft()
        let cache = try #require(try heads(&draft, columns: columns, outputs: outputs, cached: true).cache)
        let failure = #expect(throws: UnscheduledOperation.self) { try draft.steps(cache) }
        #expect(failure?.reason.contains("only as part of the projection") == true)
    }

    @Test func refusesWhatNoKernelComputes() throws {
        var draft = Draft()
        let table = draft.builder.parameter("table", .tensor(.real(Self.rows, 2)))
        let split = try draft.append(.splitHeads(4), draft.x, named: "split")
        let rotated = try draft.append(.rotate, split, table, named: "rotated")
        let failure = #expect(throws: UnscheduledOperation.self) { try draft.steps(rotated) }
        #expect(
            failure?.description
                == "decoder.mlp: no kernel for `rotated = rotate(split, table) -> f32[rows, 4, 2]` in entry: "
                + "heads are rotated and cached only as part of the projection that makes them"
        )

        var scores = Draft()
        let shares = try scores.append(.softmax, scores.x, named: "shares")
        let other = #expect(throws: UnscheduledOperation.self) { try scores.steps(shares) }
        #expect(other?.reason.hasPrefix("scores are never kept in memory") == true)
    }

    /// Attention sees the cache before the step's own keys are in it, so it has to come first; but it needs the query,
    /// which comes out of the same call.
    @Test func refusesCallsThatDependOnOneAnother() throws {
        var draft = Draft()
        let rows = Self.rows
        let cache = draft.builder.parameter("cache", .cache)
        let segments = draft.builder.parameter("segments", .segments(of: rows, longest: .symbolic(.context)))
        let product = try draft.linear(draft.x, "product", outputs: 16)
        var parts: [ValueID] = []
        for (name, from, count) in [("query", 0, 4), ("key", 8, 2), ("value", 12, 2)] {
            let columns = try draft.append(.columns(from: from, count: count * 2), product, named: "\(name)Columns")
            parts.append(try draft.append(.splitHeads(count), columns, named: name))
        }
        let parameters = AttentionParameters(
            queryHeads: 4,
            kvHeads: 2,
            headDim: 2,
            scale: 1,
            causal: true,
            cached: true
        )
        let attended = try draft.append(.attention(parameters), parts[0], cache, segments, named: "attended")
        let extended = try draft.append(.appendToCache, cache, parts[1], parts[2], segments, named: "extended")
        let failure = #expect(throws: UnscheduledOperation.self) { try draft.steps(attended, extended) }
        #expect(failure?.reason == "the call that would compute it needs a result of its own")
    }

    /// Every operation but views belongs to just one call, and every call reads what is there by then.
    @Test func nothingIsLostDoubledOrEarly() throws {
        var graphs = try TinyDescriptions.all.map { try GraphExpansion.graph(of: $0) }
        graphs += try (UInt64(1000)..<1100).map { try RandomGraph.graph(seed: $0) }
        var checked = 0
        for graph in graphs {
            for block in streamSoftmax(mergeProjections(graph)).blocks {
                guard let steps = try? groupKernels(of: block) else { continue }
                checked += 1
                check(steps, of: block)
            }
        }
        #expect(checked > 100)
    }

    private func check(_ steps: [Step], of block: Block) {
        let covered = steps.flatMap(\.operations)
        #expect(Set(covered).count == covered.count, "an operation is computed twice")
        let left = Set(block.operations.indices).subtracting(covered)
        for index in left {
            switch block.operations[index].kind {
            case .splitHeads, .mergeHeads, .joinRows: continue
            default: Issue.record("\(GraphPrinter.text(of: block.operations[index], in: block)) is lost")
            }
        }
        var available = Set(block.values.indices.map(ValueID.init(index:)).filter { block[$0].origin != .operation })
        for step in steps {
            #expect(step.operations == step.operations.sorted())
            for id in step.call.reads {
                #expect(
                    available.contains(block.viewed[id] ?? id),
                    "\(step.call.name) reads \(block[id].name) too early"
                )
            }
            available.formUnion(step.call.writes.map { block.viewed[$0] ?? $0 })
        }
        for id in block.results { #expect(available.contains(block.viewed[id] ?? id), "\(block[id].name) is lost") }
    }
}
