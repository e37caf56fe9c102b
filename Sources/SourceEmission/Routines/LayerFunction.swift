// The function of one layer kind, and the loop that calls it for every layer of a stack.
// One function per kind, not per layer: shorter to read, and four times faster to compile.

import ComputeGraph
import Scheduling
import SwiftSyntax
import SwiftSyntaxBuilder

extension RoutineEmitter {
    /// The function that computes one layer, in place of the rows that it is given.
    func layerFunction() throws -> DeclSyntax {
        let parameters = block.parameters.map { "\(block[$0].name): \(parameterType(of: $0))" }
        let counts = block.parameters.compactMap { block[$0].type.tensor?.rows.symbol }.uniqued()
        let all =
            ["_ weights: \(upperCamelCase(block.name))Weights"] + parameters
            + adapterNames.map { "\($0): RowAdapters" } + counts.map { "\(Self.count($0)): Int" }
            + ["scratch: UnsafeMutableRawPointer"]
        let signature =
            "func \(lowerCamelCase(block.name))(\n" + all.map { "    \($0)" }.joined(separator: ",\n") + "\n)"
        let function = try FunctionDeclSyntax("\(raw: signature)") {
            for item in bufferDeclarations() { item }
            for item in calls() { item }
        }
        let keyPaths = routine.steps.flatMap(keyPaths(of:)).uniqued()
        let documentation = [
            "One layer of `\(block.name)`, in place: \(block[block.parameters[0]].name) is "
                + "`\(block[block.parameters[0]].type)` before and after.",
            "",
            "From \(keyPaths.map { "`[\($0)]`" }.joined(separator: ", ")).",
        ]
        return DeclSyntax(function.with(\.leadingTrivia, Trivia.documentation(documentation)))
    }

    /// The calls of all steps, in order, each group of one key path under a comment that cites it.
    func calls() -> [CodeBlockItemSyntax] {
        var items: [CodeBlockItemSyntax] = []
        var cited: [String] = []
        for step in routine.steps {
            var comments: [String] = []
            let keyPaths = keyPaths(of: step)
            if !keyPaths.allSatisfy(cited.contains) {
                cited = keyPaths
                comments.append(keyPaths.map { "[\($0)]" }.joined(separator: ", "))
            }
            comments += shapeComments(of: step)
            let item: CodeBlockItemSyntax
            if case .layers(let loop, let operands, _) = step.call {
                item = layerLoop(loop, operands: operands, step: step)
            } else {
                item = "\(call(for: step).syntax(indentation: 8))"
            }
            let spacing = comments.first?.hasPrefix("[") ?? false ? Trivia.newlines(2) : .newlines(1)
            items.append(item.with(\.leadingTrivia, spacing + .comment(comments)))
            items += observation(after: step)
        }
        return items
    }

    /// The TOML key paths of everything that a step computes, in order.
    private func keyPaths(of step: Step) -> [String] {
        step.operations.map { block.operations[$0].keyPath }.uniqued()
    }

    /// `queryHeads: f32[rows, 16, 128]` for what a step defines under another name than its buffer's.
    private func shapeComments(of step: Step) -> [String] {
        step.call.writes.compactMap { id in
            guard let type = block[id].type.tensor, memory(of: id) != block[id].name else { return nil }
            return "\(memory(of: id)) becomes \(block[id].name): \(type)"
        }
    }

    private func parameterType(of id: ValueID) -> String {
        switch block[id].type {
        case .tensor: "UnsafeMutablePointer<Float>"
        case .segments(_, let longest):
            longest.symbol == .context ? "SequenceBatch" : "AttentionSegments"
        case .cache: "CachePages"
        }
    }

    // MARK: The loop over layers

    private func layerLoop(_ loop: LayerLoop, operands: [ValueID], step: Step) -> CodeBlockItemSyntax {
        guard let callee = callees[loop.block], let index = routine.steps.firstIndex(of: step) else {
            preconditionFailure("a loop over layers of an unknown block")
        }
        let layerName = lowerCamelCase(loop.block)
        var call = Call(layerName)
        call.add(nil, "\(layerName)s[layer]")
        for (parameter, binding) in zip(callee.block.parameters, loop.bindings) {
            call.add(callee.block[parameter].name, argument(binding, operands, of: loop))
        }
        for name in RoutineEmitter(routine: callee, callees: [:]).adapterNames { call.add(name, name) }
        for symbol in callee.plan.bytesPerUnit.keys.sorted() {
            call.add(Self.count(symbol), Self.count(symbol))
        }
        let symbol = callee.plan.bytesPerUnit.keys.first
        let start = symbol.map { offset(of: $0, routine.plan.calleeOffsets[index] ?? 0) } ?? "0"
        call.add("scratch", start == "0" ? "scratch" : "scratch + \(start)")
        let observed = Self.observation(
            stage: loop.block,
            layer: "layer",
            rows: rowCount(of: step.call.writes[0]),
            width: width(of: step.call.writes[0]),
            memory: memory(of: step.call.writes[0])
        )
        return """
            for layer in 0..<\(raw: loop.count) {
                \(call.syntax(indentation: 12))
                \(raw: observed)
            }
            """
    }

    private func argument(_ binding: LayerLoop.Binding, _ operands: [ValueID], of loop: LayerLoop) -> String {
        switch binding {
        case .operand(let index):
            let memory = memory(of: operands[index])
            return block[operands[index]].type == .cache ? "\(memory).pages(ofLayer: layer)" : memory
        case .selected(let layers, let operand, let otherwise):
            return "[\(layers.map(String.init).joined(separator: ", "))].contains(layer) "
                + "? \(memory(of: operands[operand])) : \(memory(of: operands[otherwise]))"
        }
    }

    // MARK: Observation

    /// Shows the rows that a step of an entry has made to whoever verifies the model.
    private func observation(after step: Step) -> [CodeBlockItemSyntax] {
        guard block.role == .entry, let output = step.call.writes.first, let type = block[output].type.tensor,
            type.element == .f32
        else { return [] }
        switch step.call {
        case .layers, .rotaryTable: return []
        default: break
        }
        let observed = Self.observation(
            stage: "\(block.name).\(block[output].name)",
            layer: nil,
            rows: rowCount(of: output),
            width: width(of: output),
            memory: memory(of: output)
        )
        return ["\(raw: observed)"]
    }

    private static func observation(
        stage: String,
        layer: String?,
        rows: String,
        width: String,
        memory: String
    ) -> String {
        var call = Call("observer?.observe")
        call.add(nil, literal(stage))
        call.add("layer", layer)
        call.add(nil, memory)
        call.add("rows", rows)
        call.add("width", width)
        return call.text(indentation: layer == nil ? 8 : 12)
    }
}

extension Sequence where Element: Hashable {
    /// Every element once, in the order of first occurrence.
    fileprivate func uniqued() -> [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
