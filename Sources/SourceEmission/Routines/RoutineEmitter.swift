// One routine as a Swift function: buffers by name at planned offsets, then one call per kernel, in order.
// What each kernel call looks like is in KernelCallEmitter.swift; which functions a file has, in Files/.

import ComputeGraph
import Scheduling
import SwiftSyntax
import SwiftSyntaxBuilder

/// Writes the body of one routine.
struct RoutineEmitter {
    let routine: Routine
    /// The routines of the layers that it runs.
    let callees: [String: Routine]

    var block: Block { routine.block }

    /// The units that parts of the arena are counted in, in the order of the parts.
    var symbols: [DimensionSymbol] { routine.plan.bytesPerUnit.keys.sorted() }

    /// The name of the constant that holds the units of `symbol`, rounded up.
    static func units(_ symbol: DimensionSymbol) -> String { lowerCamelCase("\(symbol.rawValue)-units") }

    /// The name of the constant that holds the number of `symbol` in the batch.
    static func count(_ symbol: DimensionSymbol) -> String {
        switch symbol {
        case .rows: "rowCount"
        case .imageRows: "imageRowCount"
        case .logitRows: "logitRowCount"
        case .patches: "patchCount"
        case .context: "contextLength"
        }
    }

    /// The number of rows of a dimension, as an expression.
    static func rows(_ dimension: Dimension) -> String {
        guard let symbol = dimension.symbol else { return dimension.description }
        let name = count(symbol)
        let product = dimension.factor == 1 ? name : "\(dimension.factor) * \(name)"
        return dimension.divisor == 1 ? product : "\(product) / \(dimension.divisor)"
    }

    /// The name of what says which adapters the rows of a value use.
    func adapters(of id: ValueID) -> String {
        block[id].type.tensor?.rows.symbol == .logitRows ? "logitAdapters" : "adapters"
    }

    /// The names of all adapters that products of the routine and of its layers take, sorted.
    var adapterNames: [String] {
        let names = routine.steps.flatMap { step -> [String] in
            switch step.call {
            case .linear(let linear): [adapters(of: linear.output)]
            case .projectHeads(let heads): [adapters(of: heads.query)]
            case .layers(let loop, _, _):
                callees[loop.block].map { RoutineEmitter(routine: $0, callees: callees).adapterNames } ?? []
            default: []
            }
        }
        return Set(names).sorted()
    }

    /// The units of every part, and a pointer for every buffer, with its shape beside it.
    func bufferDeclarations() -> [CodeBlockItemSyntax] {
        var items: [CodeBlockItemSyntax] = []
        for symbol in symbols {
            items.append("let \(raw: Self.units(symbol)) = MemoryPlan.units(\(raw: Self.count(symbol)))")
        }
        for buffer in routine.plan.buffers {
            let shape = block[buffer.values[0]].type.description
            let declaration: CodeBlockItemSyntax =
                "let \(raw: buffer.name) = scratch.floats(at: \(raw: offset(of: buffer.symbol, buffer.offsetPerUnit)))"
            items.append(declaration.with(\.leadingTrivia, .comment(["\(shape), \(lifetime(of: buffer))"])))
        }
        return items
    }

    private func lifetime(of buffer: Buffer) -> String {
        buffer.firstStep == buffer.lastStep
            ? "used by call \(buffer.firstStep + 1)" : "used by calls \(buffer.firstStep + 1) to \(buffer.lastStep + 1)"
    }

    /// An offset in the arena: the parts before, and the bytes before in the part of `symbol`.
    func offset(of symbol: DimensionSymbol, _ bytesPerUnit: Int) -> String {
        let before = symbols.prefix { $0 != symbol }
            .map { "\(routine.plan.bytesPerUnit[$0] ?? 0) * \(Self.units($0))" }
        let own = bytesPerUnit == 0 ? [] : ["\(bytesPerUnit) * \(Self.units(symbol))"]
        let terms = before + own
        return terms.isEmpty ? "0" : terms.joined(separator: " + ")
    }

    /// The Swift expression for the memory of a value.
    func memory(of id: ValueID) -> String {
        switch routine.plan.storage[id] {
        case .parameter(let parameter): block[parameter].name
        case .output(let result): block[result].name
        case .buffer(let index): routine.plan.buffers[index].name
        case .weight, nil: "weights.\(block[id].name)"
        }
    }

    /// The Swift expression for a weight.
    func weight(_ id: ValueID) -> String { "weights.\(block[id].name)" }
}
