// The constants of `CostPlan` in the generated manifest: what calls of the model must do at least.
// Counted by Scheduling/Cost/EntryCost.swift; read by `bench` of the compiled model.

import ComputeGraph
import Scheduling

/// Writes the costs of a model.
struct CostConstants {
    let schedule: Schedule

    /// `CostPlan(step: ..., encodeImages: ...)`.
    func call() -> Call {
        var plan = Call("CostPlan")
        for name in [GraphExpansion.step, GraphExpansion.encodeImages] {
            guard let routine = schedule.routine(named: name) else { continue }
            let cost = EntryCost(of: routine, in: schedule)
            plan.add(lowerCamelCase(name), entry(cost).text(indentation: Call.lineLength).indentedAfterFirstLine(by: 4))
        }
        return plan
    }

    private func entry(_ cost: EntryCost) -> Call {
        var call = Call("CostPlan.Call")
        let products = cost.products.map { "        \(product($0)),\n" }.joined()
        call.add("products", "[\n\(products)    ]")
        call.add("vectorBytes", nonZero(cost.vectorBytes))
        call.add("embeddedNumbers", nonZero(cost.embeddedNumbers))
        var perPair = 0.0
        var inWindows = 0.0
        for (symbols, factor) in cost.attentionOperations.terms {
            if symbols.count == 2 { perPair += factor } else { inWindows += factor }
        }
        call.add("operationsPerPair", nonZero(Int(perPair)))
        call.add("windowOperationsPerPatch", nonZero(Int(inWindows)))
        return call
    }

    private func product(_ product: EntryCost.Product) -> String {
        var call = Call("CostPlan.Product")
        call.add(nil, ".\(product.tensorClass.rawValue)")
        call.add("weights", grouped(product.weights))
        call.add("packed", product.packedWeights == product.weights ? nil : grouped(product.packedWeights))
        call.add("per", unit(product.rows))
        return call.text(indentation: 0)
    }

    /// What a row of a product is.
    private func unit(_ rows: Dimension) -> String {
        switch rows.symbol {
        case .rows, .imageRows, .context, nil: ".row"
        case .logitRows: ".logitRow"
        case .patches: rows.divisor == 1 ? ".patch" : ".imageToken"
        }
    }

    private func nonZero(_ value: Int) -> String? { value == 0 ? nil : grouped(value) }

    /// Digits in groups of three, as people write large numbers in Swift.
    private func grouped(_ value: Int) -> String {
        var digits = String(value)
        var groups: [String] = []
        while digits.count > 3 {
            groups.append(String(digits.suffix(3)))
            digits.removeLast(3)
        }
        return ([digits] + groups.reversed()).joined(separator: "_")
    }
}

extension String {
    /// Every line but the first, moved to the right.
    fileprivate func indentedAfterFirstLine(by columns: Int) -> String {
        split(separator: "\n").joined(separator: "\n" + String(repeating: " ", count: columns))
    }
}
