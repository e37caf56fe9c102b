// Runs an entry of a graph, operation by operation: the oracle that kernels, passes and generated code are tested by.
// Not fast, and not meant to be: plain loops that one can check against a formula. Next: BlockRun.swift, Operations/.

import ComputeGraph

/// A graph with its weights.
public struct Interpreter<Element: ReferenceElement>: Sendable {
    /// The graph.
    public let graph: Graph
    let weights: any WeightProvider<Element>

    /// Takes a graph and the weights that its blocks ask for by name, each when it is read.
    ///
    /// - Throws: `InterpretationError` if `GraphVerifier` finds the graph malformed.
    public init(_ graph: Graph, weights: any WeightProvider<Element>) throws {
        let violations = GraphVerifier.violations(in: graph)
        if let first = violations.first {
            throw InterpretationError(
                block: first.block,
                layer: nil,
                value: nil,
                problem: .malformedGraph(violations)
            )
        }
        self.graph = graph
        self.weights = weights
    }

    /// Something that an operation defined.
    public struct Observation {
        /// The block.
        public let block: String
        /// The layer, if the block is that of a stack.
        public let layer: Int?
        /// The name of the value in its block.
        public let name: String
        /// What it is.
        public let value: InterpretedValue<Element>
    }

    /// What a run gives back.
    public struct Outcome: Sendable {
        /// The results of the entry by name.
        public let results: [String: InterpretedValue<Element>]
        /// The cache with what the run added, if the entry takes one.
        public let cache: KeyValueCache<Element>?

        /// The tensor of a result.
        ///
        /// - Throws: `InterpretationProblem` if the entry gives back no tensor of this name.
        public func tensor(_ name: String) throws(InterpretationProblem) -> Tensor<Element> {
            guard let value = results[name] else { throw .unknownResult(name, known: results.keys.sorted()) }
            return try value.asTensor()
        }
    }

    /// Runs the entry called `name`.
    ///
    /// - Parameters:
    ///   - parameters: A value for each parameter of the entry, by name.
    ///   - observer: Called for every value that an operation defines, in execution order, those of layers included.
    /// - Throws: `InterpretationError`, and whatever the weights and the observer throw.
    public func run(
        _ name: String,
        with parameters: [String: InterpretedValue<Element>],
        observer: ((Observation) throws -> Void)? = nil
    ) throws -> Outcome {
        let entries = graph.blocks.filter { $0.role == .entry }
        guard let block = entries.first(where: { $0.name == name }) else {
            throw InterpretationError(
                block: name,
                layer: nil,
                value: nil,
                problem: .unknownEntry(name, known: entries.map(\.name))
            )
        }
        let known = block.parameters.map { block[$0].name }
        for surplus in parameters.keys.sorted() where !known.contains(surplus) {
            throw InterpretationError(
                block: name,
                layer: nil,
                value: surplus,
                problem: .unknownParameter(known: known)
            )
        }
        var run = BlockRun(interpreter: self, block: block, layer: nil, observer: observer)
        for id in block.parameters {
            guard let value = parameters[block[id].name] else {
                throw run.error(block[id].name, .missingParameter)
            }
            try run.bind(id, to: value)
        }
        try run.execute()
        return Outcome(
            results: Dictionary(uniqueKeysWithValues: try run.results().map { (block[$0].name, $1) }),
            cache: run.lastCache
        )
    }
}
