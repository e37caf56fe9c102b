// Changes a block in place: what passes use. Values that nothing refers to any more are dropped at the end.
// Not for building a block from nothing: see BlockBuilder.swift.

/// A block under change.
public struct BlockRewriter {
    private let block: Block
    private var values: [Value]
    private var names: Set<String>
    /// The operations as they stand; a pass may replace, remove and insert.
    public var operations: [Operation]

    /// Starts from `block`.
    public init(_ block: Block) {
        self.block = block
        self.values = block.values
        self.names = Set(block.values.map(\.name))
        self.operations = block.operations
    }

    /// The value called `id`.
    public subscript(id: ValueID) -> Value { values[id.index] }

    /// Defines a value for an operation that the pass inserts. The name is made unique.
    public mutating func define(_ name: String, _ type: ValueType, _ origin: Value.Origin) -> ValueID {
        var unique = name
        var suffix = 2
        while !names.insert(unique).inserted {
            unique = "\(name)\(suffix)"
            suffix += 1
        }
        values.append(Value(name: unique, type: type, origin: origin))
        return ValueID(index: values.count - 1)
    }

    /// The changed block, without the values that nothing refers to.
    public func rewritten() -> Block {
        var used = Set(block.parameters + block.results)
        for operation in operations { used.formUnion(operation.operands + operation.results) }
        var renumbered: [ValueID: ValueID] = [:]
        var kept: [Value] = []
        for index in values.indices where used.contains(ValueID(index: index)) {
            renumbered[ValueID(index: index)] = ValueID(index: kept.count)
            kept.append(values[index])
        }
        func renumber(_ ids: [ValueID]) -> [ValueID] { ids.compactMap { renumbered[$0] } }
        return Block(
            name: block.name,
            role: block.role,
            values: kept,
            parameters: renumber(block.parameters),
            operations: operations.map {
                Operation($0.kind, operands: renumber($0.operands), results: renumber($0.results), keyPath: $0.keyPath)
            },
            results: renumber(block.results)
        )
    }
}
