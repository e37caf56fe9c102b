// One kernel call as Swift: the vocabulary of CPUDevice (ModelRuntime/CPU), argument by argument.
// Which values live where is RoutineEmitter's business.

import ComputeGraph
import ModelDescriptions
import Scheduling

extension RoutineEmitter {
    /// The Swift call for `step`, which runs no layers.
    func call(for step: Step) -> Call {
        switch step.call {
        case .embedding(let table, let tokens, let output):
            var call = Call("cpu.embed")
            call.add("tokens", memory(of: tokens))
            call.add("table", weight(table))
            call.add("into", memory(of: output))
            return call
        case .linear(let linear): return self.linear(linear)
        case .projectHeads(let heads): return projectHeads(heads)
        case .attention(let attention): return self.attention(attention)
        case .norm(let prologue, let input, let output):
            var call = Call("cpu.normalize")
            call.add(nil, memory(of: input))
            call.add("rows", rowCount(of: input))
            call.add("width", width(of: input))
            call.add("norm", norm(prologue))
            call.add("into", memory(of: output))
            return call
        case .activation(let function, let input, let output):
            var call = Call("cpu.activate")
            call.add(nil, memory(of: input))
            call.add("rows", rowCount(of: input))
            call.add("width", width(of: input))
            call.add("activation", activation(function))
            call.add("into", memory(of: output))
            return call
        case .add(let left, let right, let output): return elementwise("cpu.add", left, right, output)
        case .multiply(let left, let right, let output): return elementwise("cpu.multiply", left, right, output)
        case .columns(let input, let from, let count, let output):
            var call = Call("cpu.copyColumns")
            call.add("of", memory(of: input))
            call.add("rows", rowCount(of: input))
            call.add("width", width(of: input))
            call.add("columns", "\(from)..<\(from + count)")
            call.add("into", memory(of: output))
            return call
        case .gatherRows(let input, let indices, let group, let output):
            var call = Call("cpu.gatherRows")
            call.add("of", memory(of: input))
            call.add("width", widthExpression(of: input, times: group))
            call.add("indices", memory(of: indices))
            call.add("into", memory(of: output))
            return call
        case .scatterRows(let target, let replacements, _, _):
            var call = Call("cpu.replaceRows")
            call.add("of", memory(of: target))
            call.add("width", width(of: target))
            call.add("with", memory(of: replacements))
            return call
        case .rotaryTable(_, let positions, let output):
            var call = Call("cpu.fillRotaryTable")
            call.add(nil, memory(of: output))
            call.add("positions", memory(of: positions))
            call.add("rows", rowCount(of: output))
            call.add("frequencies", "Self.\(frequenciesName)")
            return call
        case .layers: preconditionFailure("loops over layers are written by the file that holds them")
        }
    }

    /// The name of the constant with the rotary frequencies of this entry.
    var frequenciesName: String { lowerCamelCase("\(block.name)-frequencies") }

    private func linear(_ linear: LinearCall) -> Call {
        var call = Call(linear.isGated ? "cpu.gatedLinear" : "cpu.linear")
        call.add(nil, memory(of: linear.input))
        call.add("rows", rowCount(of: linear.output))
        call.add("norm", linear.norm.map(norm))
        call.add("weight", weight(linear.weight))
        call.add("bias", linear.bias.map(weight))
        call.add("activation", linear.activation.map(activation))
        call.add("residual", linear.residual.map(memory))
        call.add("adapters", adapters(of: linear.output))
        call.add("into", memory(of: linear.output))
        return call
    }

    private func projectHeads(_ heads: ProjectHeadsCall) -> Call {
        var call = Call("cpu.projectHeads")
        call.add(nil, memory(of: heads.input))
        call.add("rows", rowCount(of: heads.input))
        call.add("norm", heads.norm.map(norm))
        call.add("weight", weight(heads.weight))
        call.add("bias", heads.bias.map(weight))
        call.add("heads", headShape(heads.queryHeads, heads.kvHeads, heads.headDim))
        call.add("queryNorm", heads.queryNorm.map(norm))
        call.add("keyNorm", heads.keyNorm.map(norm))
        call.add("rotaryTable", heads.rotaryTable.map(memory))
        let rotaryWidth = heads.rotaryTable.flatMap { block[$0].type.tensor?.width.constant }
        call.add("rotaryWidth", rotaryWidth == heads.headDim ? nil : rotaryWidth.map(String.init))
        call.add("adapters", adapters(of: heads.query))
        call.add("queries", memory(of: heads.query))
        switch heads.destination {
        case .rows(let key, let value):
            call.add("keys", memory(of: key))
            call.add("values", memory(of: value))
        case .cache(let input, let segments, _):
            call.add("cache", memory(of: input))
            call.add("sequences", memory(of: segments))
        }
        return call
    }

    private func attention(_ attention: AttentionCall) -> Call {
        var call = Call("cpu.attend")
        let parameters = attention.parameters
        call.add(nil, memory(of: attention.query))
        switch attention.source {
        case .rows(let key, let value):
            call.add("keys", memory(of: key))
            call.add("values", memory(of: value))
            call.add("segments", memory(of: attention.segments))
        case .cache(let cache):
            call.add("cache", memory(of: cache))
            call.add("sequences", memory(of: attention.segments))
        }
        call.add("heads", headShape(parameters.queryHeads, parameters.kvHeads, parameters.headDim))
        call.add("scale", floatLiteral(parameters.scale))
        call.add("isCausal", parameters.causal == parameters.cached ? nil : String(parameters.causal))
        call.add("into", memory(of: attention.output))
        return call
    }

    private func elementwise(_ callee: String, _ left: ValueID, _ right: ValueID, _ output: ValueID) -> Call {
        var call = Call(callee)
        call.add(nil, memory(of: left))
        call.add(nil, memory(of: right))
        call.add("rows", rowCount(of: output))
        call.add("width", width(of: output))
        call.add("into", memory(of: output))
        return call
    }

    private func headShape(_ queryHeads: Int, _ kvHeads: Int, _ headDim: Int) -> String {
        "HeadShape(query: \(queryHeads), keyValue: \(kvHeads), width: \(headDim))"
    }

    private func norm(_ prologue: NormPrologue) -> String {
        let epsilon = floatLiteral(prologue.norm.epsilon)
        switch prologue.norm.kind {
        case .rms: return ".rms(\(weight(prologue.gain)), epsilon: \(epsilon))"
        case .layer:
            let shift = prologue.shift.map { ", shift: \(weight($0))" } ?? ""
            return ".layer(\(weight(prologue.gain))\(shift), epsilon: \(epsilon))"
        }
    }

    private func activation(_ function: Activation) -> String {
        switch function {
        case .silu: ".silu"
        case .gelu: ".gelu"
        case .geluTanh: ".geluTanh"
        case .quickGELU: ".quickGELU"
        case .relu: ".relu"
        }
    }

    func rowCount(of id: ValueID) -> String {
        block[id].type.tensor.map { Self.rows($0.rows) } ?? "0"
    }

    func width(of id: ValueID) -> String { widthExpression(of: id, times: 1) }

    private func widthExpression(of id: ValueID, times group: Int) -> String {
        String((block[id].type.tensor?.elementsPerRow ?? 0) * group)
    }
}

/// The shortest literal that Swift reads as the `Float` nearest to `value`.
func floatLiteral(_ value: Double) -> String { "\(Float(value))" }
