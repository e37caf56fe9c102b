// The file `Weights.swift` of a generated model: the manifest of all weights, and a struct of pointers per block.
// The runtime finds, checks and packs what the manifest lists (ModelRuntime/Checkpoints, Packing).

import ComputeGraph
import ModelDescriptions
import Scheduling
import SwiftSyntax
import SwiftSyntaxBuilder
import TensorTypes

/// Writes the weights of a model.
struct WeightsFile {
    let schedule: Schedule
    let description: ModelDescription
    let type: String

    /// Blocks that read weights, entries first.
    private var routines: [Routine] {
        let reading = schedule.routines.filter { !$0.block.weights.isEmpty }
        return reading.filter { $0.block.role == .entry } + reading.filter { $0.block.role != .entry }
    }

    func file() throws -> SwiftFile {
        SwiftFile(
            summary: [
                "The weights: where a checkpoint keeps them, how they are packed, and pointers to them by layer."
            ],
            imports: ["ModelRuntime", "TensorTypes"],
            declarations: [try manifest(), try weightStructs()]
        )
    }

    // MARK: The manifest

    private func manifest() throws -> DeclSyntax {
        var single: [String] = []
        var groups: [String] = []
        var listed: Set<String> = []
        for routine in routines {
            switch routine.block.role {
            case .entry:
                for (id, _) in routine.block.weights where listed.insert(routine.block[id].name).inserted {
                    single.append(entry(id, in: routine))
                }
            case .layer(let count):
                let entries = routine.block.weights.map { entry($0.id, in: routine).indented(by: 8) }
                groups.append(
                    """
                    WeightGroup(
                        "\(lowerCamelCase(routine.block.name))",
                        layers: 0..<\(count),
                        [
                    \(entries.joined(separator: "\n"))
                        ]
                    ),
                    """
                )
            }
        }
        // A list of one element has no comma behind it, as the formatter wants it.
        if groups.count == 1 { groups[0].removeLast() }
        let lines = """
            extension \(type) {
                /// Every weight of the model, with the tensors of the checkpoint that it is made of.
                public static let weightManifest = WeightManifest(
                    [
            \(single.joined(separator: "\n").indented(by: 12))
                    ],
                    groups: [
            \(groups.joined(separator: "\n").indented(by: 12))
                    ],
                    formats: \(formats),
                    naming: TensorNaming(
                        renamed: \(dictionary(description.checkpoint.renamed)),
                        tied: \(dictionary(description.checkpoint.tied)),
                        unused: \(array(description.checkpoint.unused))
                    )
                )
            }
            """
        return DeclSyntax("\(raw: lines)")
    }

    private func entry(_ id: ValueID, in routine: Routine) -> String {
        guard let weight = routine.block[id].weight else { return "" }
        let name = routine.block[id].name
        let sources = weight.sources.map { source in
            source.tensor.map { ".tensor(\(literal($0)), \(source.shape))" } ?? ".zeros(\(source.shape))"
        }
        var call: Call
        if let tensorClass = weight.tensorClass {
            call = Call(".matrix")
            call.add(nil, literal(name))
            call.add("outputs", String(weight.rows))
            call.add("inputs", String(weight.columns))
            call.add(nil, ".\(tensorClass.rawValue)")
            if routine.matrices[id]?.rowOrder == .alternatingPanels { call.add("order", ".alternatingPanels") }
        } else {
            call = Call(".vector")
            call.add(nil, literal(name))
            call.add("count", String(weight.rows))
        }
        let all = "[\(sources.joined(separator: ", "))]"
        call.add("from", all.count <= 80 ? all : "[\n\(sources.map { "        \($0),\n" }.joined())    ]")
        return call.text(indentation: routine.block.role == .entry ? 12 : 21) + ","
    }

    /// What is left of a line behind `formats: `.
    private static let longestFormats = 98

    private var usedClasses: Set<ModelDescription.Quantization.TensorClass> {
        Set(schedule.routines.flatMap { $0.block.weights.compactMap(\.weight.tensorClass) })
    }

    private var formats: String {
        let quantization = description.quantization
        // Every class that differs is named, also where the description leaves it to the standard.
        let exceptions = ModelDescription.Quantization.TensorClass.allCases.compactMap { tensorClass in
            let format = quantization.format(of: tensorClass)
            return format == quantization.weights || !usedClasses.contains(tensorClass)
                ? nil : ".\(tensorClass.rawValue): .\(format.name)"
        }
        if exceptions.isEmpty { return "WeightFormats(.\(quantization.weights.name))" }
        let listed = "WeightFormats(.\(quantization.weights.name), exceptions: [\(exceptions.joined(separator: ", "))])"
        if listed.count <= Self.longestFormats { return listed }
        let lines = exceptions.map { "\($0)," }.joined(separator: "\n").indented(by: 20)
        return "WeightFormats(\n                .\(quantization.weights.name),\n                exceptions: [\n"
            + lines + "\n                ]\n            )"
    }

    private func dictionary(_ entries: [String: String]) -> String {
        if entries.isEmpty { return "[:]" }
        if entries.count == 1, let (key, value) = entries.first { return "[\(literal(key)): \(literal(value))]" }
        let lines = entries.sorted { $0.key < $1.key }.map { "\(literal($0.key)): \(literal($0.value))," }
        return "[\n" + lines.joined(separator: "\n").indented(by: 16) + "\n            ]"
    }

    private func array(_ entries: [String]) -> String {
        "[\(entries.map(literal).joined(separator: ", "))]"
    }

    // MARK: Structs of pointers

    /// All structs, within the type of the model: a module may hold several models.
    private func weightStructs() throws -> DeclSyntax {
        let structs = try routines.map(weightStruct)
        let declaration = try ExtensionDeclSyntax("extension \(raw: type)") {
            for (index, member) in structs.enumerated() {
                member.with(\.leadingTrivia, .newlines(index == 0 ? 1 : 2) + member.leadingTrivia)
            }
        }
        return DeclSyntax(declaration)
    }

    private func weightStruct(_ routine: Routine) throws -> DeclSyntax {
        let block = routine.block
        let name = "\(upperCamelCase(block.name))Weights"
        let isLayer = block.role != .entry
        let subject = isLayer ? "one layer of `\(block.name)`" : "the entry `\(block.name)`"
        let structure = try StructDeclSyntax("struct \(raw: name): @unchecked Sendable") {
            for (id, weight) in block.weights { member(id, weight, in: block) }
            try InitializerDeclSyntax("init(_ packed: PackedWeights\(raw: isLayer ? ", layer: Int" : ""))") {
                for (id, weight) in block.weights { assignment(id, weight, in: block) }
            }
            .with(\.leadingTrivia, .newlines(2))
        }
        let documentation = Trivia.documentation(["The weights that \(subject) reads, in the order in which it does."])
        return DeclSyntax(structure.with(\.leadingTrivia, documentation))
    }

    private func assignment(_ id: ValueID, _ weight: Weight, in block: Block) -> ExprSyntax {
        let isLayer = block.role != .entry
        var call = Call(weight.isVector ? "packed.vector" : "packed.matrix")
        call.add(nil, literal(block[id].name))
        call.add("of", isLayer ? literal(lowerCamelCase(block.name)) : nil)
        call.add("layer", isLayer ? "layer" : nil)
        return "\(raw: block[id].name) = \(call.syntax(indentation: 12))"
    }

    private func member(_ id: ValueID, _ weight: Weight, in block: Block) -> DeclSyntax {
        let shape = weight.type.shape.map(\.description).joined(separator: ", ")
        let sources = weight.sources.map { source in source.tensor.map { "`\($0)`" } ?? "zeros" }
        let documentation = "`[\(shape)]`: \(sources.joined(separator: ", "))."
        let type = weight.isVector ? "UnsafePointer<Float>" : "PackedMatrix"
        let declaration: DeclSyntax = "let \(raw: block[id].name): \(raw: type)"
        return declaration.with(\.leadingTrivia, .newline + .documentation([documentation]))
    }
}

extension String {
    /// Every line that is not empty, moved to the right.
    func indented(by columns: Int) -> String {
        let space = String(repeating: " ", count: columns)
        return split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.isEmpty ? "" : space + $0 }.joined(separator: "\n")
    }
}

/// `text` as a Swift string literal.
func literal(_ text: String) -> String {
    StringLiteralExprSyntax(content: text).description
}
