// Every violation that the verifier finds, once; and that it finds none in well-formed graphs.
// Constraints on operands have their own tests: ShapeRuleTests.swift.

import TestSupport
import Testing

@testable import ComputeGraph

/// Blocks put together by hand, because BlockBuilder makes well-formed ones only.
private struct RawBlock {
    var name = "entry"
    var role = Block.Role.entry
    var values: [Value] = []
    var parameters: [ValueID] = []
    var operations: [Operation] = []
    var results: [ValueID] = []

    mutating func value(_ name: String, _ type: ValueType = row, _ origin: Value.Origin = .operation) -> ValueID {
        values.append(Value(name: name, type: type, origin: origin))
        let id = ValueID(index: values.count - 1)
        if origin == .parameter { parameters.append(id) }
        return id
    }

    mutating func add(_ kind: Operator, _ operands: [ValueID], _ results: [ValueID]) {
        operations.append(Operation(kind, operands: operands, results: results, keyPath: "test"))
    }

    func block() -> Block {
        Block(
            name: name,
            role: role,
            values: values,
            parameters: parameters,
            operations: operations,
            results: results
        )
    }

    func violations(after blocks: [Block] = []) -> [String] {
        GraphVerifier.violations(in: Graph(name: "test", blocks: blocks + [block()])).map(\.description)
    }
}

private let row = ValueType.tensor(.real(.symbolic(.rows), 4))
private let wide = ValueType.tensor(.real(.symbolic(.rows), 5))

@Suite struct GraphVerifierTests {
    /// A layer that doubles its rows, called `layer`.
    private func layer(count: Int = 2) -> Block {
        var block = RawBlock(name: "layer", role: .layer(count: count))
        let x = block.value("x", row, .parameter)
        let y = block.value("y")
        block.add(.add, [x, x], [y])
        block.results = [y]
        return block.block()
    }

    private func loop(
        _ bindings: [LayerLoop.Binding] = [.operand(0)],
        count: Int = 2,
        of type: ValueType = row,
        to: ValueType? = nil
    ) -> RawBlock {
        var block = RawBlock()
        let x = block.value("x", type, .parameter)
        let y = block.value("y", to ?? type)
        block.add(.layers(LayerLoop(block: "layer", count: count, bindings: bindings)), [x], [y])
        block.results = [y]
        return block
    }

    @Test func wellFormed() throws {
        #expect(loop().violations(after: [layer()]) == [])
        for description in TinyDescriptions.all {
            #expect(GraphVerifier.violations(in: try GraphExpansion.graph(of: description)) == [])
        }
    }

    @Test func blockStandsTwice() {
        let violations = GraphVerifier.violations(in: Graph(name: "test", blocks: [layer(), layer()]))
        #expect(violations.map(\.description) == ["layer: stands twice in the graph"])
    }

    @Test func sharedName() {
        var block = RawBlock()
        _ = block.value("x", row, .parameter)
        _ = block.value("x", row, .parameter)
        #expect(block.violations() == ["entry: values share the names x"])
    }

    @Test func readBeforeDefinition() {
        var block = RawBlock()
        let x = block.value("x", row, .parameter)
        let (y, z) = (block.value("y"), block.value("z"))
        block.add(.add, [x, z], [y])
        block.add(.add, [x, x], [z])
        #expect(block.violations() == ["entry, operation 0: add reads z before it is defined"])
    }

    @Test func secondDefinition() {
        var block = RawBlock()
        let x = block.value("x", row, .parameter)
        let y = block.value("y")
        block.add(.add, [x, x], [y])
        block.add(.multiply, [x, x], [y])
        #expect(block.violations() == ["entry, operation 1: multiply defines y a second time"])
        var overwriting = RawBlock()
        let parameter = overwriting.value("x", row, .parameter)
        overwriting.add(.add, [parameter, parameter], [parameter])
        #expect(overwriting.violations() == ["entry, operation 0: add defines x a second time"])
    }

    @Test func wrongResultType() {
        var block = RawBlock()
        let x = block.value("x", row, .parameter)
        let y = block.value("y", wide)
        block.add(.add, [x, x], [y])
        #expect(block.violations() == ["entry, operation 0: add gives [f32[rows, 4]], not [f32[rows, 5]]"])
    }

    @Test func wrongOperands() {
        var block = RawBlock()
        let x = block.value("x", row, .parameter)
        let w = block.value("w", wide, .parameter)
        let y = block.value("y")
        block.add(.add, [x, w], [y])
        #expect(
            block.violations() == ["entry, operation 0: [add.1] the operands are f32[rows, 4] and f32[rows, 5]"]
        )
    }

    @Test func undefinedResult() {
        var block = RawBlock()
        _ = block.value("x", row, .parameter)
        block.results = [block.value("y")]
        #expect(block.violations() == ["entry: gives back y, which is not defined"])
    }

    @Test func valuesThatDoNotExist() {
        var block = RawBlock()
        let x = block.value("x", row, .parameter)
        block.add(.add, [x, ValueID(index: 7)], [x])
        #expect(block.violations() == ["entry, operation 0: add refers to a value that the block does not have"])
        var results = RawBlock()
        results.results = [ValueID(index: -1)]
        #expect(results.violations() == ["entry: a parameter or result is no value of the block"])
    }

    @Test func calleeIsMissing() {
        let violation = "entry, operation 0: calls layer, which does not stand before it"
        #expect(loop().violations() == [violation])
        let reversed = GraphVerifier.violations(in: Graph(name: "test", blocks: [loop().block(), layer()]))
        #expect(reversed.map(\.description) == [violation])
    }

    @Test func calleeHasAnotherCount() {
        let found = loop(count: 3).violations(after: [layer()])
        #expect(found == ["entry, operation 0: runs 3 layers of layer, whose role is layer(count: 2)"])
    }

    @Test func calleeHasOtherParameters() {
        let found = loop([.operand(0), .operand(0)]).violations(after: [layer()])
        #expect(found == ["entry, operation 0: binds 2 of 1 parameters of layer"])
    }

    @Test func bindingOfAnotherType() {
        let found = loop(of: wide).violations(after: [layer()])
        #expect(
            found == ["entry, operation 0: binds x of type f32[rows, 4] to a value of type f32[rows, 5]"]
        )
    }

    @Test func bindingToNoOperand() {
        let found = loop([.operand(3)]).violations(after: [layer()])
        #expect(found == ["entry, operation 0: [layers.3] there is no operand 4"])
    }

    @Test func calleeGivesBackAnotherType() {
        var other = RawBlock(name: "layer", role: .layer(count: 2))
        let x = other.value("x", row, .parameter)
        let y = other.value("y", wide, .parameter)
        other.parameters = [x]
        other.results = [y]
        other.parameters.append(y)
        var block = RawBlock()
        let first = block.value("first", row, .parameter)
        let second = block.value("second", wide, .parameter)
        let result = block.value("result")
        block.add(
            .layers(LayerLoop(block: "layer", count: 2, bindings: [.operand(0), .operand(1)])),
            [first, second],
            [result]
        )
        #expect(
            block.violations(after: [other.block()])
                == ["entry, operation 0: takes [f32[rows, 4]] from layer, which gives [f32[rows, 5]]"]
        )
    }
}
