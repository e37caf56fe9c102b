// The graph of a model: blocks of operations in static single assignment, in execution order.
// Built by Expansion/, changed only by passes of Scheduling, checked by GraphVerifier, printed by GraphPrinter.

/// Names a value within its block.
public struct ValueID: Sendable, Hashable, Comparable {
    /// The place in `Block.values`.
    public let index: Int

    /// The value at this place.
    public init(index: Int) { self.index = index }

    /// Orders values by their creation.
    public static func < (left: Self, right: Self) -> Bool { left.index < right.index }
}

/// Something that operations read.
public struct Value: Sendable, Hashable {
    /// Where a value comes from.
    public enum Origin: Sendable, Hashable {
        /// An argument of the block.
        case parameter
        /// A weight of the model.
        case weight(Weight)
        /// The result of an operation.
        case operation
    }

    /// A name in lower camel case, unique in the block; generated code uses it.
    public let name: String
    /// What it is.
    public let type: ValueType
    /// Where it comes from.
    public let origin: Origin

    /// The weight, or nil if it is none.
    public var weight: Weight? {
        if case .weight(let weight) = origin { weight } else { nil }
    }
}

/// One step of a block.
public struct Operation: Sendable, Hashable {
    /// What is computed.
    public let kind: Operator
    /// What is read, in the order that `kind` states.
    public let operands: [ValueID]
    /// What is defined, in the order that `kind` states.
    public let results: [ValueID]
    /// The dotted TOML key path that asked for it, such as `decoder.attention`.
    public let keyPath: String

    /// One step of a block.
    public init(_ kind: Operator, operands: [ValueID], results: [ValueID], keyPath: String) {
        self.kind = kind
        self.operands = operands
        self.results = results
        self.keyPath = keyPath
    }
}

/// A straight-line piece of the model: an entry point, or one layer of a stack.
public struct Block: Sendable, Hashable {
    /// How often a block stands in the model.
    public enum Role: Sendable, Hashable {
        /// Called by the runtime.
        case entry
        /// Computes every layer of a stack of `count`, with the weights of the layer.
        case layer(count: Int)
    }

    /// A dotted name: `decoder.layer`, `step`.
    public let name: String
    /// How often it stands in the model.
    public let role: Role
    /// All values, by `ValueID.index`.
    public let values: [Value]
    /// The arguments, in order.
    public let parameters: [ValueID]
    /// The operations, in execution order.
    public let operations: [Operation]
    /// What the block gives back, in order.
    public let results: [ValueID]

    /// A block; `GraphVerifier` tells whether it is well-formed.
    public init(
        name: String,
        role: Role,
        values: [Value],
        parameters: [ValueID],
        operations: [Operation],
        results: [ValueID]
    ) {
        self.name = name
        self.role = role
        self.values = values
        self.parameters = parameters
        self.operations = operations
        self.results = results
    }

    /// The value called `id`.
    public subscript(id: ValueID) -> Value { values[id.index] }

    /// The weights that operations of this block read, in the order in which they do so first.
    public var weights: [(id: ValueID, weight: Weight)] {
        var seen: Set<ValueID> = []
        return operations.flatMap(\.operands).compactMap { id in
            guard let weight = self[id].weight, seen.insert(id).inserted else { return nil }
            return (id, weight)
        }
    }

    /// How often the block runs in one pass through the model.
    public var repetitions: Int {
        switch role {
        case .entry: 1
        case .layer(let count): count
        }
    }

    /// The indices of the operations that read each value, by value.
    public var readers: [ValueID: [Int]] {
        var readers: [ValueID: [Int]] = [:]
        for (index, operation) in operations.enumerated() {
            for operand in operation.operands { readers[operand, default: []].append(index) }
        }
        return readers
    }

    /// The index of the operation that defines each value, by value.
    public var definers: [ValueID: Int] {
        var definers: [ValueID: Int] = [:]
        for (index, operation) in operations.enumerated() {
            for result in operation.results { definers[result] = index }
        }
        return definers
    }
}

/// A model: the blocks of its layers, then the entry points that call them.
public struct Graph: Sendable, Hashable {
    /// The name of the model.
    public let name: String
    /// Every block stands after the blocks that it calls.
    public let blocks: [Block]

    /// A graph; `GraphVerifier` tells whether it is well-formed.
    public init(name: String, blocks: [Block]) {
        self.name = name
        self.blocks = blocks
    }

    /// The block of this name, or nil.
    public func block(named name: String) -> Block? { blocks.first { $0.name == name } }

    /// The same graph with every block replaced by what `change` makes of it.
    public func mapBlocks(_ change: (Block) throws -> Block) rethrows -> Graph {
        Graph(name: name, blocks: try blocks.map(change))
    }
}
