// The compiler from top to bottom: every stage and every pass, in the order in which they run.
// Read this first; each line names the module that does the work.

import ComputeGraph
import Diagnostics
import ModelDescriptions
import Scheduling
import SourceEmission
import TensorTypes

/// A step from graph to graph, with the name that `vlmc emit --after` takes.
public struct GraphPass: Sendable {
    /// The name on the command line.
    public let name: String
    /// One sentence for help texts.
    public let summary: String
    let run: @Sendable (Graph) -> Graph
}

/// The stages of the compiler, each from the result of the one before.
public struct Pipeline: Sendable {
    /// The passes over the graph, in order.
    public static let graphPasses: [GraphPass] = [
        GraphPass(name: "expand", summary: "layers as operations, as the description states them") { $0 },
        GraphPass(name: "merge-projections", summary: "projections of one input become one", run: mergeProjections),
        GraphPass(name: "stream-softmax", summary: "scores and softmax go into attention", run: streamSoftmax),
    ]

    /// The description that is compiled.
    public let description: ModelDescription

    /// The format that takes the place of the table `[quantization]`, if one does.
    public let quantization: WeightFormat?

    /// A pipeline for a checked description.
    ///
    /// - Parameter quantization: A format for the weights in place of what the description states for all classes.
    public init(_ description: ModelDescription, quantization: WeightFormat? = nil) {
        self.quantization = quantization
        var description = description
        if let quantization { description.quantization = ModelDescription.Quantization(weights: quantization) }
        self.description = description
    }

    /// The graph after all passes, or after the one called `lastPass`.
    ///
    /// - Throws: `DiagnosticError` for what the description asks for and this version does not compute.
    public func graph(after lastPass: String? = nil) throws -> Graph {
        var graph = try GraphExpansion.graph(of: description)
        for pass in Self.graphPasses {
            graph = pass.run(graph)
            let violations = GraphVerifier.violations(in: graph)
            precondition(violations.isEmpty, "pass \(pass.name) made a malformed graph: \(violations)")
            if pass.name == lastPass { break }
        }
        return graph
    }

    /// Kernel calls, layouts and memory.
    ///
    /// - Throws: `DiagnosticError` for operations and heads that no kernel takes.
    public func schedule() throws -> Schedule {
        try makeSchedule(of: graph(), for: description)
    }

    /// The generated files.
    ///
    /// - Throws: `DiagnosticError` as `schedule` does.
    public func source(_ options: EmissionOptions) throws -> SourceTree {
        var options = options
        options.quantization = quantization?.name
        return try emitSource(schedule(), of: description, options: options)
    }
}
