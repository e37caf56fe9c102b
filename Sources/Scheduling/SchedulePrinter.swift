// Prints a schedule as text: calls in order, where each value lives, and what the memory adds up to.
// Golden tests compare it. Generated source is written by SourceEmission, not from this text.

import ComputeGraph

/// Prints schedules.
public enum SchedulePrinter {
    /// The whole schedule.
    public static func text(of schedule: Schedule) -> String {
        (["schedule \(schedule.graph.name)"] + schedule.routines.map(text(of:))).joined(separator: "\n\n") + "\n"
    }

    /// One routine: its matrices, its buffers, its calls.
    public static func text(of routine: Routine) -> String {
        let block = routine.block
        var lines = ["routine \(block.name)\(block.repetitions > 1 ? " x \(block.repetitions)" : "") {"]
        for (id, weight) in block.weights {
            guard let layout = routine.matrices[id] else { continue }
            let order = layout.rowOrder == .stacked ? "" : " \(layout.rowOrder.rawValue)"
            lines.append("  matrix \(block[id].name): \(layout.format.name)[\(weight.rows), \(weight.columns)]\(order)")
        }
        for buffer in routine.plan.buffers {
            lines.append(
                "  buffer \(buffer.name): \(buffer.bytesPerUnit) bytes a \(unit(buffer.symbol)) at "
                    + "\(buffer.offsetPerUnit), steps \(buffer.firstStep)...\(buffer.lastStep)"
            )
        }
        for (symbol, bytes) in routine.plan.bytesPerUnit.sorted(by: { $0.key < $1.key }) {
            lines.append("  arena: \(bytes) bytes a \(unit(symbol))")
        }
        for (index, step) in routine.steps.enumerated() {
            lines.append("  \(index): \(text(of: step, in: routine))")
            for operation in step.operations {
                lines.append("       \(GraphPrinter.text(of: block.operations[operation], in: block))")
            }
        }
        lines.append("}")
        return lines.joined(separator: "\n")
    }

    private static func text(of step: Step, in routine: Routine) -> String {
        let places = step.call.writes.map { id in
            let name = routine.block[id].name
            switch routine.plan.storage[id] {
            case .buffer(let index):
                return routine.plan.buffers[index].name == name
                    ? name : "\(name) in \(routine.plan.buffers[index].name)"
            case .parameter(let parameter): return "\(name) in \(routine.block[parameter].name)"
            case .output, .weight, nil: return name
            }
        }
        return "\(step.call.name) -> \(places.joined(separator: ", "))  # \(step.keyPath)"
    }

    private static func unit(_ symbol: DimensionSymbol) -> String {
        switch symbol {
        case .rows: "row"
        case .imageRows: "image row"
        case .logitRows: "logit row"
        case .patches: "patch"
        case .context: "key"
        }
    }
}
