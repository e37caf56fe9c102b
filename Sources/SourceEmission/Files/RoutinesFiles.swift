// The files `Vision.swift` and `Decoder.swift` of a generated model: an entry each, and the layer that it repeats.
// What the entries are given by the runtime is said here; what they do comes from the schedule.

import ComputeGraph
import Scheduling
import SwiftSyntax
import SwiftSyntaxBuilder

/// An entry of a model as the runtime's protocol `CompiledModel` spells it.
struct EntryPoint {
    /// The block in the graph.
    let block: String
    /// The function's name and its parameters but the last two, which are the result and the observer.
    let name: String
    let parameters: [String]
    /// Where each argument of the block comes from; nil for those that come as a parameter of the same name.
    let arguments: [String: String]
    /// Where the adapters of its rows come from, by the names that products take them by.
    let adapters: [String: String]
    /// How many of each symbol there are.
    let counts: [(DimensionSymbol, String)]
    /// The type of the parameter for the result, and what its documentation adds to the shape.
    let resultType: String
    let resultNote: String
    /// What it does, for its documentation.
    let summary: String

    /// Patches of images to rows of the decoder.
    static let encodeImages = EntryPoint(
        block: GraphExpansion.encodeImages,
        name: "encodeImages",
        parameters: ["_ patches: UnsafePointer<Float>", "layout: VisionLayout", "adapter: Adapter?"],
        arguments: [
            "positions": "layout.positions", "imageSegments": "AttentionSegments(layout.imageSegments)",
            "windowSegments": "AttentionSegments(layout.windowSegments)",
            "windowOrder": "layout.windowOrder", "originalOrder": "layout.originalOrder",
        ],
        adapters: ["adapters": "RowAdapters(adapter)"],
        counts: [(.patches, "layout.patchCount")],
        resultType: "UnsafeMutablePointer<Float>",
        resultNote: "",
        summary: "Turns the patches of a batch of images into rows that take the places of image tokens."
    )

    /// Rows of many sequences to logits.
    static let step = EntryPoint(
        block: GraphExpansion.step,
        name: "step",
        parameters: ["_ batch: RaggedBatch", "cache: KeyValueCache"],
        arguments: [
            "tokens": "batch.tokens", "positions": "batch.rotaryPositions", "sequences": "SequenceBatch(batch)",
            "imageFeatures": "batch.featureRuns", "logitRows": "batch.logitRows",
        ],
        adapters: ["adapters": "batch.adapters", "logitAdapters": "batch.logitAdapters"],
        counts: [(.rows, "batch.rowCount"), (.logitRows, "batch.logitRows.count")],
        resultType: "LogitPlaces",
        resultNote: "; of rows of greedy sequences the greatest alone",
        summary: "Runs the decoder over a batch of rows; prefill, chunks of it and single tokens are all this."
    )
}

/// Writes a file with one entry and its layers.
struct RoutinesFile {
    let schedule: Schedule
    let type: String
    let entry: EntryPoint
    let summary: String

    func file() throws -> SwiftFile {
        guard let routine = schedule.routine(named: entry.block) else {
            return SwiftFile(summary: [summary, "This model has none."], imports: [], declarations: [])
        }
        let callees = Dictionary(uniqueKeysWithValues: schedule.routines.map { ($0.block.name, $0) })
        let emitter = RoutineEmitter(routine: routine, callees: callees)
        var members = [try function(emitter)]
        for step in routine.steps {
            guard case .layers(let loop, _, _) = step.call, let callee = callees[loop.block] else { continue }
            members.append(try RoutineEmitter(routine: callee, callees: callees).layerFunction())
        }
        let declaration = try ExtensionDeclSyntax("extension \(raw: type)") {
            for (index, member) in members.enumerated() {
                member.with(\.leadingTrivia, .newlines(index == 0 ? 1 : 2) + member.leadingTrivia)
            }
        }
        return SwiftFile(
            summary: [summary],
            imports: ["ModelRuntime"],
            declarations: [DeclSyntax(declaration)]
        )
    }

    private func function(_ emitter: RoutineEmitter) throws -> DeclSyntax {
        let block = emitter.block
        let result = block[block.results[0]]
        let parameters =
            entry.parameters + ["into \(result.name): \(entry.resultType)", "observer: StageObserver?"]
        let signature =
            "public func \(entry.name)(\n" + parameters.map { "    \($0)" }.joined(separator: ",\n") + "\n)"
        let used = Set(emitter.symbols + block.values.compactMap { $0.type.tensor?.rows.symbol })
        let read = Set(emitter.routine.steps.flatMap { $0.call.reads })
        let function = try FunctionDeclSyntax("\(raw: signature)") {
            if !block.weights.isEmpty {
                CodeBlockItemSyntax("let weights = \(raw: lowerCamelCase(block.name))Weights")
            }
            for (symbol, expression) in entry.counts where used.contains(symbol) {
                CodeBlockItemSyntax("let \(raw: RoutineEmitter.count(symbol)) = \(raw: expression)")
            }
            for parameter in block.parameters where read.contains(parameter) {
                if let expression = entry.arguments[block[parameter].name] {
                    CodeBlockItemSyntax("let \(raw: block[parameter].name) = \(raw: expression)")
                }
            }
            for name in emitter.adapterNames {
                if let expression = entry.adapters[name] {
                    CodeBlockItemSyntax("let \(raw: name) = \(raw: expression)")
                }
            }
            CodeBlockItemSyntax("let scratch = arena.start")
            for item in emitter.bufferDeclarations() { item }
            for item in emitter.calls() { item }
        }
        let documentation =
            [entry.summary, ""]
            + block.parameters.compactMap { id in
                block[id].type.tensor.map { "- \(block[id].name): `\($0)`" }
            } + ["- result \(result.name): `\(result.type)`\(entry.resultNote)"]
        return DeclSyntax(function.with(\.leadingTrivia, .documentation(documentation)))
    }
}
