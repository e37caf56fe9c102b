// Names of tensors in which only the number of the layer differs, told in one line: model.layers.{0...35}.mlp.up_proj.weight.
// Not what is said about them: CheckpointMismatch.swift, Adapters/AdapterError.swift.

/// A tensor's name with its layer number cut out, so that layers can be told in one line.
struct NumberedName {
    /// The name with `#` for the number; the whole name if it has none.
    let pattern: String
    /// The number that stands alone between full stops, the first of them.
    let number: Int?

    init(_ name: String) {
        var parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        if let index = parts.firstIndex(where: { !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
            let number = Int(parts[index])
        {
            parts[index] = "*"
            self.number = number
        } else {
            number = nil
        }
        pattern = parts.joined(separator: ".")
    }

    /// One text for each pattern and note, in the order in which they first come.
    static func groups(_ names: [(name: String, note: String)]) -> [String] {
        struct Key: Hashable {
            let pattern: String
            let note: String
        }
        var order: [Key] = []
        var numbers: [Key: [Int]] = [:]
        for (name, note) in names {
            let numbered = NumberedName(name)
            let key = Key(pattern: numbered.pattern, note: note)
            if numbers[key] == nil { order.append(key) }
            numbers[key, default: []].append(contentsOf: numbered.number.map { [$0] } ?? [])
        }
        return order.map { key in
            let runs = ranges(numbers[key] ?? [])
            let isSingle = runs.count <= 1 && !runs.contains { $0.contains(".") }
            let number = isSingle ? runs.joined() : "{\(runs.joined(separator: ", "))}"
            let name = key.pattern.split(separator: ".", omittingEmptySubsequences: false)
                .map { $0 == "*" ? number : String($0) }.joined(separator: ".")
            return "\(name) \(key.note)"
        }
    }

    /// Such as `0...35` or `7`, for each run of consecutive numbers.
    private static func ranges(_ numbers: [Int]) -> [String] {
        var runs: [ClosedRange<Int>] = []
        for number in numbers.sorted() {
            if let last = runs.last, number <= last.upperBound + 1 {
                runs[runs.count - 1] = last.lowerBound...number
            } else {
                runs.append(number...number)
            }
        }
        return runs.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)...\($0.upperBound)" }
    }
}
