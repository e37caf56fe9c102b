// The file `Model.swift` of a generated model: the type, its constants, and its construction from packed weights.
// What it computes is in `Vision.swift` and `Decoder.swift`; its manifest of weights in `Weights.swift`.

import ComputeGraph
import ModelDescriptions
import Scheduling
import SwiftSyntax
import SwiftSyntaxBuilder

/// Writes the type of a model.
struct ModelFile {
    let schedule: Schedule
    let description: ModelDescription
    let type: String

    private var entries: [Routine] { schedule.routines.filter { $0.block.role == .entry } }
    private var layers: [Routine] { schedule.routines.filter { $0.block.role != .entry } }

    func file() throws -> SwiftFile {
        let members =
            [manifest()] + entries.flatMap(frequencies) + properties() + [try initializer()]
        let declaration = try ClassDeclSyntax("public final class \(raw: type): CompiledModel") {
            for (index, member) in members.enumerated() {
                member.with(\.leadingTrivia, .newlines(index == 0 ? 1 : 2) + member.leadingTrivia)
            }
        }
        .with(\.leadingTrivia, .documentation(documentation))
        return SwiftFile(
            summary: ["The model: its type and its constants."],
            imports: ["ModelRuntime"],
            declarations: [DeclSyntax(declaration)]
        )
    }

    private var documentation: [String] {
        let source = description.source.map { ", as published in \($0)" } ?? ""
        return ["\(description.name)\(source)."]
    }

    // MARK: Properties

    private func properties() -> [DeclSyntax] {
        var properties: [(documentation: String, text: String)] = [
            ("Runs the kernels.", "let cpu: CPUDevice"),
            ("The buffers of a call, at the offsets that the functions state.", "let arena: Arena"),
            ("Keeps the memory of all weights.", "private let packed: PackedWeights"),
        ]
        for routine in entries where !routine.block.weights.isEmpty {
            let name = lowerCamelCase(routine.block.name)
            properties.append(
                ("What `\(name)` reads.", "let \(name)Weights: \(upperCamelCase(routine.block.name))Weights")
            )
        }
        for routine in layers {
            let name = lowerCamelCase(routine.block.name)
            properties.append(
                (
                    "What each call of `\(name)` reads.",
                    "let \(name)s: [\(upperCamelCase(routine.block.name))Weights]"
                )
            )
        }
        return properties.map { property in
            let declaration: DeclSyntax = "\(raw: property.text)"
            return declaration.with(\.leadingTrivia, .documentation([property.documentation]))
        }
    }

    private func initializer() throws -> DeclSyntax {
        let signature = "public init(weights: PackedWeights, device: CPUDevice, limits: ModelLimits) throws"
        let initializer = try InitializerDeclSyntax("\(raw: signature)") {
            CodeBlockItemSyntax("cpu = device")
            CodeBlockItemSyntax("arena = try Arena(byteCount: Self.manifest.memory.arenaByteCount(limits))")
            CodeBlockItemSyntax("packed = weights")
            for routine in entries where !routine.block.weights.isEmpty {
                let name = routine.block.name
                CodeBlockItemSyntax(
                    "\(raw: lowerCamelCase(name))Weights = \(raw: upperCamelCase(name))Weights(weights)"
                )
            }
            for routine in layers {
                let name = lowerCamelCase(routine.block.name)
                let weights = "\(upperCamelCase(routine.block.name))Weights"
                let layers = "(0..<\(routine.block.repetitions))"
                CodeBlockItemSyntax(
                    "\(raw: name)s = \(raw: layers).map { \(raw: weights)(weights, layer: $0) }"
                )
            }
        }
        .with(\.leadingTrivia, .documentation(["Takes pointers to the weights and memory for calls within `limits`."]))
        return DeclSyntax(initializer)
    }

    // MARK: Constants

    /// The rotary angles of an entry, one constant for each table that it fills.
    private func frequencies(_ routine: Routine) -> [DeclSyntax] {
        let name = RoutineEmitter(routine: routine, callees: [:]).frequenciesName
        return routine.steps.compactMap { step -> DeclSyntax? in
            guard case .rotaryTable(let frequencies, _, _) = step.call else { return nil }
            var call = Call("RotaryFrequencies")
            call.add("axes", wrapped(frequencies.axes.map(String.init)))
            call.add("inverseFrequencies", wrapped(frequencies.inverseFrequencies.map(floatLiteral)))
            call.add("magnitude", frequencies.magnitude == 1 ? nil : floatLiteral(frequencies.magnitude))
            let declaration: DeclSyntax = "static let \(raw: name) = \(call.syntax(indentation: 20 + name.count))"
            return declaration.with(
                \.leadingTrivia,
                .documentation(["Radians for each step along an axis, from `[\(step.keyPath)]`."])
            )
        }
    }

    /// An array literal in lines of at most 100 columns.
    private func wrapped(_ elements: [String]) -> String {
        let line = "[\(elements.joined(separator: ", "))]"
        if line.count <= 80 { return line }
        var lines: [String] = []
        var current = ""
        for element in elements {
            if current.count + element.count + 2 > 90 {
                lines.append(current)
                current = ""
            }
            current += current.isEmpty ? "\(element)," : " \(element),"
        }
        lines.append(current)
        return "[\n" + lines.map { "        \($0)\n" }.joined() + "    ]"
    }

    private func manifest() -> DeclSyntax {
        var call = Call("ModelManifest")
        call.add("name", literal(description.name))
        call.add("generator", literal("vlmc \(generatorVersion)"))
        call.add("weights", "weightManifest")
        call.add("memory", memoryPlan())
        call.add("costs", nested(CostConstants(schedule: schedule).call()))
        call.add("decoder", decoder())
        call.add("vision", vision())
        call.add("tokenizer", tokenizer())
        call.add("chat", chat())
        call.add("image", image())
        call.add("generation", generation())
        let declaration: DeclSyntax = "public static let manifest = \(call.syntax(indentation: 4))"
        return declaration.with(
            \.leadingTrivia,
            .documentation(["What the model is and what it needs, as its description states it."])
        )
    }

    private func memoryPlan() -> String {
        var call = Call("MemoryPlan")
        for routine in entries.reversed() {
            let plan = routine.plan.bytesPerUnit
            var bytes = Call("MemoryPlan.ArenaBytes")
            bytes.add("perRow", plan[.rows].map(String.init))
            bytes.add("perImageRow", plan[.imageRows].map(String.init))
            bytes.add("perLogitRow", plan[.logitRows].map(String.init))
            bytes.add("perPatch", plan[.patches].map(String.init))
            call.add(lowerCamelCase(routine.block.name), bytes.text(indentation: 12))
        }
        call.add("logitRowBytes", String(4 * description.decoder.vocab))
        call.add("imageFeatureBytes", description.vision == nil ? nil : String(4 * description.decoder.hidden))
        return nested(call)
    }

    private func decoder() -> String {
        let decoder = description.decoder
        var call = Call("DecoderConstants")
        call.add("layers", String(decoder.layers))
        call.add("hidden", String(decoder.hidden))
        call.add("vocabularySize", String(decoder.vocab))
        call.add("contextLength", String(decoder.context))
        for routine in layers {
            for step in routine.steps {
                guard case .projectHeads(let heads) = step.call, case .cache = heads.destination else { continue }
                call.add("kvHeads", String(heads.kvHeads))
                call.add("headDim", String(heads.headDim))
            }
        }
        let step = schedule.routine(named: GraphExpansion.step)
        let positions = step?.block.values.first { $0.name == "positions" }?.type.tensor?.rows.constant
        call.add("rotaryAxes", String(positions ?? 1))
        return nested(call)
    }

    private func vision() -> String? {
        guard let vision = description.vision else { return nil }
        var call = Call("VisionConstants")
        call.add("patchWidth", String(vision.channels * vision.temporalPatch * vision.patch * vision.patch))
        call.add("merge", String(vision.merge))
        let windows = (vision.attention.parameters as? any AttentionExpansion).map { attention in
            (0..<vision.layers).compactMap { layer in
                if case .windows(let pixels) = attention.segmentation(layer: layer) { pixels } else { nil }
            }
        }
        call.add("windowSide", windows?.first.map { String($0 / vision.patch) })
        return nested(call)
    }

    private func tokenizer() -> String {
        let tokenizer = description.tokenizer
        var call = Call("TokenizerConstants")
        call.add("kind", literal(tokenizer.kind.rawValue))
        call.add("file", literal(tokenizer.file))
        call.add("endOfText", "[\(tokenizer.endOfText.map(literal).joined(separator: ", "))]")
        call.add("startOfText", tokenizer.startOfText.map(literal))
        call.add("image", tokenizer.image.map(literal))
        return nested(call)
    }

    private func chat() -> String {
        let chat = description.chat
        var call = Call("ChatConstants")
        call.add("format", literal(chat.format.rawValue))
        call.add("defaultSystem", chat.defaultSystem.map(literal))
        call.add("imagePrefix", chat.imagePrefix.isEmpty ? nil : literal(chat.imagePrefix))
        call.add("imageSuffix", chat.imageSuffix.isEmpty ? nil : literal(chat.imageSuffix))
        return nested(call)
    }

    private func image() -> String? {
        guard let image = description.image else { return nil }
        var call = Call("ImageConstants")
        call.add("processor", literal(image.processor.rawValue))
        call.add("resample", literal(image.resample.rawValue))
        call.add("mean", "\(image.mean)")
        call.add("standardDeviation", "\(image.standardDeviation)")
        call.add("rescale", "\(image.rescale)")
        call.add("minimumPixels", String(image.minimumPixels))
        call.add("maximumPixels", String(image.maximumPixels))
        call.add("patch", String(image.patch))
        call.add("temporalPatch", String(image.temporalPatch))
        call.add("merge", String(image.merge))
        return nested(call)
    }

    private func generation() -> String {
        let generation = description.generation
        var call = Call("GenerationDefaults")
        call.add("temperature", "\(generation.sample ? generation.temperature : 0)")
        call.add("topP", "\(generation.topP)")
        call.add("topK", generation.topK == 0 ? nil : String(generation.topK))
        call.add("minP", "\(generation.minP)")
        call.add("repetitionPenalty", "\(generation.repetitionPenalty)")
        call.add("maximumTokens", generation.maximumTokens.map(String.init))
        return nested(call)
    }

    /// A call as an argument of another one, four columns further right.
    private func nested(_ call: Call) -> String {
        let text = call.text(indentation: 30)
        return text.split(separator: "\n").joined(separator: "\n    ")
    }
}
