// The table [checkpoint]: element type and names of the tensors in the files, where they differ from the model's own.
// Not the tensors: ComputeGraph derives their names and shapes from the layers.

import TensorTypes

extension ModelDescription {
    /// How the tensors of a model are found in the checkpoint's files.
    public struct Checkpoint: Sendable, Equatable {
        /// The element type in which the weights were published: f32, f16 or bf16.
        public var elementType: ElementType
        /// Other prefixes found in files, and the prefix that the model uses instead. The longest match is replaced, once.
        public var renamed: [String: String]
        /// Tensors that files may leave out, and the tensor that serves for each.
        public var tied: [String: String]
        /// Patterns, with `*` for any characters, of tensors that files hold and the model does not read.
        public var unused: [String]

        /// A checkpoint; without further arguments its names are the model's own.
        public init(
            elementType: ElementType,
            renamed: [String: String] = [:],
            tied: [String: String] = [:],
            unused: [String] = []
        ) {
            self.elementType = elementType
            self.renamed = renamed
            self.tied = tied
            self.unused = unused
        }
    }
}

extension ModelDescription.Checkpoint {
    /// The element types in which weights are published.
    static let elementTypes: [ElementType] = [.f32, .f16, .bf16]

    init?(from reader: inout TableReader) {
        let dtype = reader.choice("dtype", among: Self.elementTypes.map(\.rawValue))
        let renamed = reader.stringTable("renamed")
        let tied = reader.stringTable("tied")
        let unused = reader.strings("unused", default: [])
        for (found, name) in renamed ?? [:] where found == name {
            reader.report("the prefix \(TOMLText.string(found)) is renamed to itself", at: "renamed", inner: found)
        }
        for (alias, tensor) in tied ?? [:] {
            if alias == tensor {
                reader.report("the tensor \(TOMLText.string(alias)) is tied to itself", at: "tied", inner: alias)
            } else if tied?[tensor] != nil {
                reader.report(
                    "the tensor \(TOMLText.string(tensor)) is tied to another one itself",
                    at: "tied",
                    inner: alias
                )
            }
        }
        for (position, pattern) in (unused ?? []).enumerated() where pattern.allSatisfy({ $0 == "*" }) {
            reader.report(
                "the pattern \(TOMLText.string(pattern)) would leave every tensor unused",
                at: "unused",
                element: position
            )
        }
        guard let dtype, let elementType = ElementType(rawValue: dtype), let renamed, let tied, let unused else {
            return nil
        }
        self.init(elementType: elementType, renamed: renamed, tied: tied, unused: unused)
    }

    func write(to writer: inout TableWriter) {
        writer.write("dtype", elementType)
        writer.write("renamed", renamed)
        writer.write("tied", tied)
        writer.write("unused", unused)
    }
}
