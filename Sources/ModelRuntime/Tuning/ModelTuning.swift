// What was chosen by measurement for a model on a machine, and what it was measured for.
// Not the measuring (ModelCommands/Tuning), nor where it is kept (TuningStore.swift).

import JSONText
import TensorTypes

/// What a choice was measured for. With anything else it does not fit.
public struct TuningKey: Sendable, Hashable {
    /// The processor, as it names itself.
    public let processor: String
    /// The kernel sets of this build that the processor can run.
    public let kernelSets: [String]
    /// The model.
    public let model: String
    /// The compiler that wrote it, and with it the version of the kernels.
    public let generator: String
    /// The formats of its weights.
    public let formats: String
    /// Threads of the device.
    public let threads: Int

    /// A model with weights in some formats on so many threads of this machine.
    public init(_ manifest: ModelManifest, formats: WeightFormats, threads: Int) {
        self.init(
            processor: ProcessorName.current,
            kernelSets: CPUKernelSet.allNames.filter { CPUKernelSet.named($0) != nil },
            model: manifest.name,
            generator: manifest.generator,
            formats: formats.listed,
            threads: threads
        )
    }

    init(
        processor: String,
        kernelSets: [String],
        model: String,
        generator: String,
        formats: String,
        threads: Int
    ) {
        self.processor = processor
        self.kernelSets = kernelSets
        self.model = model
        self.generator = generator
        self.formats = formats
        self.threads = threads
    }

    /// The members of a file, in their order.
    var members: [(name: String, value: String)] {
        [
            ("version", "\(ModelTuning.version)"), ("processor", processor),
            ("kernel_sets", kernelSets.joined(separator: " ")), ("model", model), ("generator", generator),
            ("formats", formats), ("threads", "\(threads)"),
        ]
    }
}

extension WeightFormats {
    /// `w4g32, vision w8g32`: the standard, and classes that have another one.
    public var listed: String {
        let exceptions = exceptions.sorted { $0.key.rawValue < $1.key.rawValue }
        return ([standard.name] + exceptions.map { "\($0.key.rawValue) \($0.value.name)" }).joined(separator: ", ")
    }
}

/// What was chosen by measurement.
public struct ModelTuning: Sendable, Hashable {
    /// The version of what parameters mean. With another one, what was measured means nothing.
    static let version = 1

    /// The kernel set.
    public let kernels: String
    /// The products that are not read in the standard way.
    public let products: ProductTunings

    /// A choice.
    public init(kernels: String, products: ProductTunings) {
        self.kernels = kernels
        self.products = products
    }

    // MARK: JSON

    /// The choice as a text that says what it was measured for.
    func json(_ key: TuningKey) -> [UInt8] {
        var writer = JSONWriter(layout: .indented)
        writer.object { writer in
            for (name, value) in key.members {
                writer.key(name)
                writer.string(value)
            }
            writer.key("kernels")
            writer.string(kernels)
            writer.key("products")
            writer.array { writer in
                for (kind, tuning) in products.sorted(by: { $0.key < $1.key }) {
                    Self.write(kind, tuning, to: &writer)
                }
            }
        }
        return writer.utf8
    }

    private static func write(_ kind: ProductKind, _ tuning: ProductTuning, to writer: inout JSONWriter) {
        writer.object { writer in
            for (name, value) in [
                ("operation", kind.operation.rawValue), ("format", kind.matrix.format.name),
                ("rows", kind.rows.rawValue),
            ] {
                writer.key(name)
                writer.string(value)
            }
            for (name, value) in [
                ("outputs", kind.matrix.outputs), ("inputs", kind.matrix.inputs), ("ahead_bytes", tuning.aheadBytes),
                ("small_chunk_bytes", tuning.smallChunkBytes), ("long_quarters", tuning.longQuarters),
            ] {
                writer.key(name)
                writer.integer(value)
            }
        }
    }

    /// Reads a choice that was measured for `key`.
    ///
    /// - Throws: `TuningDamage` if the text is something else.
    init(json bytes: UnsafeRawBufferPointer, for key: TuningKey) throws(TuningDamage) {
        let root: JSONValue
        do {
            root = try JSONDocument(bytes).root
        } catch {
            throw TuningDamage(reason: "it is not JSON: \(error)")
        }
        for (name, value) in key.members {
            guard let found = root[name]?.string else { throw TuningDamage(reason: "it has no `\(name)`") }
            guard found == value else {
                throw TuningDamage(reason: "it was made for the \(name) `\(found)`; here it is `\(value)`")
            }
        }
        guard let kernels = root["kernels"]?.string, key.kernelSets.contains(kernels) else {
            throw TuningDamage(reason: "it names no kernels that run here")
        }
        guard let list = root["products"]?.array else { throw TuningDamage(reason: "it has no list of `products`") }
        self.kernels = kernels
        var products: ProductTunings = [:]
        for (index, value) in list.enumerated() {
            guard let kind = ProductKind(value), let tuning = ProductTuning(value) else {
                throw TuningDamage(reason: "its `products[\(index)]` makes no sense")
            }
            products[kind] = tuning
        }
        self.products = products
    }
}

/// A remembered choice that cannot be used.
public struct TuningDamage: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong with it.
    public let reason: String

    /// What is wrong with it.
    public var description: String { reason }
}

extension ProductKind: Comparable {
    /// By rows, operation and matrix, so that lists have one order.
    public static func < (left: ProductKind, right: ProductKind) -> Bool {
        func place(_ kind: ProductKind) -> (String, String, Int, Int, UInt32) {
            let matrix = kind.matrix
            return (kind.rows.rawValue, kind.operation.rawValue, matrix.outputs, matrix.inputs, matrix.format.kernelTag)
        }
        return place(left) < place(right)
    }

    fileprivate init?(_ value: JSONValue) {
        guard let operation = value["operation"]?.string.flatMap(Operation.init),
            let outputs = value["outputs"]?.integer,
            let inputs = value["inputs"]?.integer, outputs > 0, inputs > 0,
            let format = value["format"]?.string.flatMap(WeightFormat.named),
            let rows = value["rows"]?.string.flatMap(Rows.init(rawValue:))
        else { return nil }
        self.init(operation, DeviceCall.Matrix(outputs: outputs, inputs: inputs, format: format), rows)
    }
}

extension ProductTuning {
    fileprivate init?(_ value: JSONValue) {
        guard let ahead = value["ahead_bytes"]?.integer, let chunk = value["small_chunk_bytes"]?.integer,
            let quarters = value["long_quarters"]?.integer
        else { return nil }
        self.init(aheadBytes: ahead, smallChunkBytes: chunk, longQuarters: quarters)
    }
}
