// From a fused graph to a schedule: kernel calls, packed layouts and memory of every block, each checked.
// The passes before it are in Fusion/; the driver's pass list calls both.

import ComputeGraph
import Diagnostics
import ModelDescriptions
import TensorTypes

/// The schedule of `graph`, with weights in the formats that `description` states.
///
/// - Throws: `DiagnosticError` for operations that no kernel computes and heads that no kernel takes.
public func makeSchedule(of graph: Graph, for description: ModelDescription) throws -> Schedule {
    var collector = DiagnosticCollector()
    var routines: [Routine] = []
    var plans: [String: BufferPlan] = [:]
    func report(_ message: String, at keyPath: String) {
        collector.report(Diagnostic(.error, message, at: description.sources.span(of: keyPath)))
    }
    for block in graph.blocks {
        do {
            let steps = try groupKernels(of: block)
            reportUnsupportedHeads(in: steps, report: report)
            let plan = try planBuffers(of: block, steps: steps, callees: plans)
            plans[block.name] = plan
            let matrices = matrixLayouts(of: block, steps: steps, quantization: description.quantization)
            let routine = Routine(block: block, steps: steps, plan: plan, matrices: matrices)
            // Behind a layer without a plan there is nothing to prove.
            let violations =
                collector.hasErrors ? [] : BufferPlanVerifier.violations(in: routine, callees: plans)
            precondition(violations.isEmpty, "the buffer plan of \(block.name) is wrong: \(violations)")
            routines.append(routine)
        } catch let error as UnscheduledOperation {
            report(error.description, at: error.keyPath)
        } catch let error as UnplannableRoutine {
            report(error.description, at: block.operations.first?.keyPath ?? block.name)
        }
    }
    try collector.throwIfErrors()
    return Schedule(graph: graph, routines: routines)
}

/// Kernels hold a head in whole registers of `WeightFormat.panelOutputs` numbers.
private func reportUnsupportedHeads(in steps: [Step], report: (String, String) -> Void) {
    for step in steps {
        guard case .projectHeads(let call) = step.call else { continue }
        let lanes = WeightFormat.panelOutputs
        if !call.headDim.isMultiple(of: lanes) || call.headDim > maximumHeadDim {
            report(
                "heads are \(call.headDim) wide, but kernels take multiples of \(lanes) up to \(maximumHeadDim)",
                step.keyPath
            )
        }
    }
}

/// The widest head that attention kernels hold in registers.
private let maximumHeadDim = 256

private func matrixLayouts(
    of block: Block,
    steps: [Step],
    quantization: ModelDescription.Quantization
) -> [ValueID: MatrixLayout] {
    let gated = Set(
        steps.compactMap { step -> ValueID? in
            if case .linear(let call) = step.call, call.isGated { call.weight } else { nil }
        }
    )
    var layouts: [ValueID: MatrixLayout] = [:]
    for (id, weight) in block.weights {
        guard let tensorClass = weight.tensorClass else { continue }
        layouts[id] = MatrixLayout(
            format: quantization.format(of: tensorClass),
            rowOrder: gated.contains(id) ? .alternatingPanels : .stacked
        )
    }
    return layouts
}
