// What a kernel call must do at least: bytes that it moves and floating-point operations, as expressions in the batch.
// A bound, not a prediction: caches, padding and the machine are left to Roofline.swift.

import ComputeGraph
import TensorTypes

/// The least work of a step.
public struct StepCost: Sendable, Hashable {
    /// Bytes of weights, each read once.
    public var weightBytes = CostExpression()
    /// Bytes of activations that are read and written, and of keys and values.
    public var activationBytes = CostExpression()
    /// Floating-point operations of matrix products and of attention; a multiply-add counts as two.
    public var operations = CostExpression()

    /// No work.
    public init() {}

    /// The sum of both.
    public static func + (left: Self, right: Self) -> Self {
        var sum = left
        sum.weightBytes += right.weightBytes
        sum.activationBytes += right.activationBytes
        sum.operations += right.operations
        return sum
    }

    /// The work, done `count` times.
    public func repeated(_ count: Int) -> Self {
        var product = self
        let factor = CostExpression(Double(count))
        product.weightBytes = weightBytes * factor
        product.activationBytes = activationBytes * factor
        product.operations = operations * factor
        return product
    }
}

/// The work of routines.
public struct CostModel: Sendable {
    let schedule: Schedule
    /// The element in which keys and values are cached.
    let cacheElement: ElementType

    /// A model of the costs of `schedule`.
    public init(_ schedule: Schedule, cacheElement: ElementType) {
        self.schedule = schedule
        self.cacheElement = cacheElement
    }

    /// The work of one call of an entry, all layers included.
    public func cost(of routine: Routine) -> StepCost {
        let keys = Dictionary(
            uniqueKeysWithValues: routine.block.parameters.compactMap { id -> (ValueID, Dimension)? in
                if case .segments(_, let longest) = routine.block[id].type { (id, longest) } else { nil }
            }
        )
        return cost(of: routine, longestRuns: keys)
    }

    private func cost(of routine: Routine, longestRuns: [ValueID: Dimension]) -> StepCost {
        routine.steps.reduce(StepCost()) { $0 + cost(of: $1, in: routine, longestRuns: longestRuns) }
    }

    /// The work of one step; a step that runs layers has the work of all of them.
    public func cost(of step: Step, in routine: Routine, longestRuns: [ValueID: Dimension]) -> StepCost {
        let block = routine.block
        if case .layers(let loop, let operands, _) = step.call {
            return cost(of: loop, operands: operands, block: block, longestRuns: longestRuns)
        }
        var cost = StepCost()
        for id in step.call.reads + step.call.writes {
            guard let type = block[id].type.tensor else { continue }
            let elements = type.shape.reduce(CostExpression(1)) { $0 * CostExpression($1) }
            if let weight = block[id].weight {
                cost.weightBytes += weightBytes(weight, id: id, routine: routine, step: step)
            } else {
                cost.activationBytes += elements * CostExpression(Double(type.element.byteCount))
            }
        }
        switch step.call {
        case .linear(let call): cost.operations = product(call.input, call.weight, in: block)
        case .projectHeads(let call):
            cost.operations = product(call.input, call.weight, in: block)
            if case .cache = call.destination, let rows = block[call.query].type.tensor?.rows {
                let bytes = 2 * call.kvHeads * call.headDim * cacheElement.byteCount
                cost.activationBytes += CostExpression(rows) * CostExpression(Double(bytes))
            }
        case .attention(let call):
            let keys = longestRuns[call.segments] ?? 0
            let queries = block[call.query].type.tensor?.rows ?? 0
            let parameters = call.parameters
            let perPair = 4 * parameters.queryHeads * parameters.headDim
            cost.operations = CostExpression(queries) * CostExpression(keys) * CostExpression(Double(perPair))
            if case .cache = call.source {
                let bytes = 2 * parameters.kvHeads * parameters.headDim * cacheElement.byteCount
                cost.activationBytes += CostExpression(keys) * CostExpression(Double(bytes))
            }
        case .embedding, .norm, .activation, .add, .multiply, .columns, .gatherRows, .scatterRows, .rotaryTable,
            .layers:
            break
        }
        return cost
    }

    private func cost(
        of loop: LayerLoop,
        operands: [ValueID],
        block: Block,
        longestRuns: [ValueID: Dimension]
    ) -> StepCost {
        guard let callee = schedule.routine(named: loop.block) else { return StepCost() }
        var total = StepCost()
        for layer in 0..<loop.count {
            var runs: [ValueID: Dimension] = [:]
            for (parameter, binding) in zip(callee.block.parameters, loop.bindings) {
                switch binding {
                case .operand(let index): runs[parameter] = longestRuns[operands[index]]
                case .selected(let layers, let operand, let otherwise):
                    runs[parameter] = longestRuns[operands[layers.contains(layer) ? operand : otherwise]]
                }
            }
            total = total + cost(of: callee, longestRuns: runs)
        }
        return total
    }

    private func product(_ input: ValueID, _ weight: ValueID, in block: Block) -> CostExpression {
        guard let rows = block[input].type.tensor?.rows, let weight = block[weight].weight else { return 0 }
        return CostExpression(rows) * CostExpression(Double(2 * weight.elementCount))
    }

    /// All bytes of a matrix in its format; of a table, the rows that are looked up.
    private func weightBytes(_ weight: Weight, id: ValueID, routine: Routine, step: Step) -> CostExpression {
        guard let layout = routine.matrices[id] else {
            return CostExpression(Double(weight.elementCount * ElementType.f32.byteCount))
        }
        if case .embedding(_, let tokens, _) = step.call, let rows = routine.block[tokens].type.tensor?.rows {
            return CostExpression(rows) * CostExpression(Double(layout.format.outputBytes(inputs: weight.columns)))
        }
        return CostExpression(Double(layout.byteCount(of: weight)))
    }
}
