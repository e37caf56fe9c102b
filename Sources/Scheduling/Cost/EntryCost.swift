// The work of one call of an entry as a few constants: what the generated manifest carries, so that a compiled model can
// say how far it is from a machine's limit. The same work as expressions, bytes of formats included: StepCost.swift.

import ComputeGraph
import ModelDescriptions
import TensorTypes

/// What one call of an entry reads and computes, summed over all layers, whatever the formats of the weights are.
public struct EntryCost: Sendable, Hashable {
    /// Matrix products of one class of tensors with rows of one kind.
    public struct Product: Sendable, Hashable {
        /// The class, which decides the format.
        public let tensorClass: ModelDescription.Quantization.TensorClass
        /// The number of rows that each matrix is multiplied by.
        public let rows: Dimension
        /// Numbers of all matrices; each is one multiply-add a row.
        public fileprivate(set) var weights = 0
        /// Numbers that are read: outputs are filled up to whole panels.
        public fileprivate(set) var packedWeights = 0
    }

    /// The products, in the order in which they first occur.
    public private(set) var products: [Product] = []
    /// Bytes of gains, shifts and biases.
    public private(set) var vectorBytes = 0
    /// Numbers of the embedding that each row looks up.
    public private(set) var embeddedNumbers = 0
    /// Operations of scores and weighted sums.
    public private(set) var attentionOperations = CostExpression()

    /// The work of `routine`, an entry of `schedule`.
    public init(of routine: Routine, in schedule: Schedule) {
        var longest: [ValueID: Dimension] = [:]
        for id in routine.block.parameters {
            if case .segments(_, let keys) = routine.block[id].type { longest[id] = keys }
        }
        add(routine, in: schedule, longest: longest)
    }

    /// Operations of matrix products.
    public var productOperations: CostExpression {
        products.reduce(0) { $0 + CostExpression($1.rows) * CostExpression(Double(2 * $1.weights)) }
    }

    private mutating func add(_ routine: Routine, in schedule: Schedule, longest: [ValueID: Dimension]) {
        let block = routine.block
        for step in routine.steps {
            for id in step.call.reads where block[id].weight?.isVector == true {
                vectorBytes += (block[id].weight?.elementCount ?? 0) * ElementType.f32.byteCount
            }
            switch step.call {
            case .embedding(let table, _, _): embeddedNumbers += block[table].weight?.columns ?? 0
            case .linear(let call): addProduct(call.weight, with: call.input, in: routine)
            case .projectHeads(let call): addProduct(call.weight, with: call.input, in: routine)
            case .attention(let call):
                let keys = longest[call.segments] ?? 0
                let queries = block[call.query].type.tensor?.rows ?? 0
                let perPair = 4 * call.parameters.queryHeads * call.parameters.headDim
                attentionOperations += CostExpression(queries) * CostExpression(keys) * CostExpression(Double(perPair))
            case .layers(let loop, let operands, _):
                guard let callee = schedule.routine(named: loop.block) else { continue }
                for layer in 0..<loop.count {
                    add(callee, in: schedule, longest: loop.segments(of: layer, callee.block, operands, longest))
                }
            case .norm, .activation, .add, .multiply, .columns, .gatherRows, .scatterRows, .rotaryTable: break
            }
        }
    }

    private mutating func addProduct(_ weight: ValueID, with input: ValueID, in routine: Routine) {
        guard let rows = routine.block[input].type.tensor?.rows, let matrix = routine.block[weight].weight,
            let tensorClass = matrix.tensorClass, let layout = routine.matrices[weight]
        else { return }
        let place = products.firstIndex { $0.tensorClass == tensorClass && $0.rows == rows } ?? products.count
        if place == products.count { products.append(Product(tensorClass: tensorClass, rows: rows)) }
        products[place].weights += matrix.elementCount
        products[place].packedWeights += layout.packedCount(of: matrix)
    }
}

extension LayerLoop {
    /// The longest runs of keys that a layer's parameters stand for.
    fileprivate func segments(
        of layer: Int,
        _ callee: Block,
        _ operands: [ValueID],
        _ longest: [ValueID: Dimension]
    ) -> [ValueID: Dimension] {
        var runs: [ValueID: Dimension] = [:]
        for (parameter, binding) in zip(callee.parameters, bindings) {
            switch binding {
            case .operand(let index): runs[parameter] = longest[operands[index]]
            case .selected(let layers, let operand, let otherwise):
                runs[parameter] = longest[operands[layers.contains(layer) ? operand : otherwise]]
            }
        }
        return runs
    }
}

extension MatrixLayout {
    /// Numbers of `weight` with its outputs filled up to whole panels.
    fileprivate func packedCount(of weight: Weight) -> Int {
        switch rowOrder {
        case .stacked: roundedUp(weight.rows, to: WeightFormat.panelOutputs) * weight.columns
        case .alternatingPanels: 2 * roundedUp(weight.rows / 2, to: WeightFormat.panelOutputs) * weight.columns
        }
    }
}
