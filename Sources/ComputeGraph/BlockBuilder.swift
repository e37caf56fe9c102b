// Appends operations to a block, with result types inferred by the shape rules.
// Layers (Layers/) and passes (Scheduling) build blocks with it. Not a verifier: see GraphVerifier.swift.

/// Builds one block, operation by operation.
public struct BlockBuilder {
    /// The dotted TOML key path that the next operations are attributed to.
    public var keyPath: String

    private let name: String
    private let role: Block.Role
    private var values: [Value] = []
    private var names: Set<String> = []
    private var parameters: [ValueID] = []
    private var operations: [Operation] = []

    /// Starts a block called `name`.
    public init(name: String, role: Block.Role, keyPath: String) {
        self.name = name
        self.role = role
        self.keyPath = keyPath
    }

    /// Adds an argument to the block.
    public mutating func parameter(_ name: String, _ type: ValueType) -> ValueID {
        let id = define(name, type, .parameter)
        parameters.append(id)
        return id
    }

    /// Adds a weight to the block. Its value's name is `weight.name` in lower camel case.
    public mutating func weight(_ weight: Weight) -> ValueID {
        define(lowerCamelCase(weight.name), .tensor(weight.type), .weight(weight))
    }

    /// Appends an operation with one result.
    ///
    /// - Throws: `ShapeViolation` if the operands don't fit the operator.
    public mutating func append(_ kind: Operator, _ operands: [ValueID], named name: String) throws -> ValueID {
        try append(kind, operands, named: [name])[0]
    }

    /// Appends an operation with as many results as there are names.
    ///
    /// - Throws: `ShapeViolation` if the operands don't fit the operator, or the names don't fit its results.
    public mutating func append(_ kind: Operator, _ operands: [ValueID], named names: [String]) throws -> [ValueID] {
        let types = try ShapeRules.resultTypes(of: kind, operands: operands.map { values[$0.index].type })
        guard types.count == names.count else {
            throw ShapeViolation(rule: "\(kind.name).results", "\(types.count) results, but \(names.count) names")
        }
        let results = zip(names, types).map { define($0, $1, .operation) }
        operations.append(Operation(kind, operands: operands, results: results, keyPath: keyPath))
        return results
    }

    /// The type of a value of this block.
    public func type(of id: ValueID) -> ValueType { values[id.index].type }

    /// The finished block.
    public func build(results: [ValueID]) -> Block {
        Block(
            name: name,
            role: role,
            values: values,
            parameters: parameters,
            operations: operations,
            results: results
        )
    }

    private mutating func define(_ name: String, _ type: ValueType, _ origin: Value.Origin) -> ValueID {
        var unique = name
        var suffix = 2
        while !names.insert(unique).inserted {
            unique = "\(name)\(suffix)"
            suffix += 1
        }
        values.append(Value(name: unique, type: type, origin: origin))
        return ValueID(index: values.count - 1)
    }
}

/// `attention.query-norm` as `attentionQueryNorm`.
public func lowerCamelCase(_ dotted: String) -> String {
    let parts = dotted.split { $0 == "." || $0 == "-" || $0 == "_" }
    guard let first = parts.first else { return dotted }
    return first.prefix(1).lowercased() + first.dropFirst()
        + parts.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
}
