// Checks that a graph is well-formed: before the first pass, and after each one.
// It finds our own bugs, not the user's: those are reported when the description is read.

/// A graph that is not well-formed.
public struct GraphViolation: Error, Sendable, Hashable, CustomStringConvertible {
    /// The block.
    public let block: String
    /// The index of the operation, or nil if the block as a whole is wrong.
    public let operation: Int?
    /// What is wrong.
    public let message: String

    /// `decoder.layer, operation 3 (linear): ...`.
    public var description: String {
        operation.map { "\(block), operation \($0): \(message)" } ?? "\(block): \(message)"
    }
}

/// Checks graphs.
public enum GraphVerifier {
    /// Everything that is wrong with `graph`; empty if it is well-formed.
    public static func violations(in graph: Graph) -> [GraphViolation] {
        var found: [GraphViolation] = []
        var known: [String: Block] = [:]
        for block in graph.blocks {
            if known[block.name] != nil {
                found.append(GraphViolation(block: block.name, operation: nil, message: "stands twice in the graph"))
            }
            found += violations(in: block, known: known)
            known[block.name] = block
        }
        return found
    }

    private static func violations(in block: Block, known: [String: Block]) -> [GraphViolation] {
        var found: [GraphViolation] = []
        func report(_ operation: Int?, _ message: String) {
            found.append(GraphViolation(block: block.name, operation: operation, message: message))
        }
        // What refers to no value cannot be described further.
        func refersToValues(_ ids: [ValueID]) -> Bool { ids.allSatisfy { block.values.indices.contains($0.index) } }
        for (index, operation) in block.operations.enumerated()
        where !refersToValues(operation.operands + operation.results) {
            report(index, "\(operation.kind.name) refers to a value that the block does not have")
        }
        if !refersToValues(block.parameters + block.results) {
            report(nil, "a parameter or result is no value of the block")
        }
        guard found.isEmpty else { return found }

        let names = Dictionary(grouping: block.values, by: \.name).filter { $1.count > 1 }.keys.sorted()
        if !names.isEmpty { report(nil, "values share the names \(names.joined(separator: ", "))") }

        var defined = Set(block.parameters)
        for id in block.values.indices.map(ValueID.init(index:)) where block[id].weight != nil { defined.insert(id) }
        for (index, operation) in block.operations.enumerated() {
            for operand in operation.operands where !defined.contains(operand) {
                report(index, "\(operation.kind.name) reads \(block[operand].name) before it is defined")
            }
            for result in operation.results where !defined.insert(result).inserted {
                report(index, "\(operation.kind.name) defines \(block[result].name) a second time")
            }
            var fitsItsRule = true
            do throws(ShapeViolation) {
                let operands = operation.operands.map { block[$0].type }
                let types = try ShapeRules.resultTypes(of: operation.kind, operands: operands)
                let stated = operation.results.map { block[$0].type }
                if types != stated { report(index, "\(operation.kind.name) gives \(types), not \(stated)") }
            } catch {
                fitsItsRule = false
                report(index, error.description)
            }
            if fitsItsRule, case .layers(let loop) = operation.kind {
                if let message = mismatch(of: loop, operation, in: block, callee: known[loop.block]) {
                    report(index, message)
                }
            }
        }
        for result in block.results where !defined.contains(result) {
            report(nil, "gives back \(block[result].name), which is not defined")
        }
        return found
    }

    /// What is wrong between a loop and the block that it calls.
    private static func mismatch(
        of loop: LayerLoop,
        _ operation: Operation,
        in block: Block,
        callee: Block?
    ) -> String? {
        guard let callee else { return "calls \(loop.block), which does not stand before it" }
        guard callee.role == .layer(count: loop.count) else {
            return "runs \(loop.count) layers of \(loop.block), whose role is \(callee.role)"
        }
        guard callee.parameters.count == loop.bindings.count else {
            return "binds \(loop.bindings.count) of \(callee.parameters.count) parameters of \(loop.block)"
        }
        for (parameter, binding) in zip(callee.parameters, loop.bindings) {
            let operands =
                switch binding {
                case .operand(let index): [index]
                case .selected(_, let index, let otherwise): [index, otherwise]
                }
            for operand in operands {
                let type = block[operation.operands[operand]].type
                if !callee[parameter].type.accepts(type) {
                    return
                        "binds \(callee[parameter].name) of type \(callee[parameter].type) to a value of type \(type)"
                }
            }
        }
        let results = callee.results.map { callee[$0].type }
        let stated = operation.results.map { block[$0].type }
        return results == stated ? nil : "takes \(stated) from \(loop.block), which gives \(results)"
    }
}
