// A matrix as the product kernels read it.
// Not how it comes to be packed (Packing/EntryPacker.swift), nor the layout (TensorTypes/Formats/WeightFormat.swift).

import CPUKernels
import TensorTypes

/// The packed weights of a linear map. They lie in memory that outlives this value and are only read.
public struct PackedMatrix: @unchecked Sendable {
    /// The panels, at a multiple of `WeightFormat.panelAlignment`.
    public let panels: UnsafeRawPointer
    /// Columns of a product with it. Where gates and ups alternate panel by panel, the gates only.
    public let outputs: Int
    /// Columns of what is multiplied by it.
    public let inputs: Int
    /// The encoding.
    public let format: WeightFormat

    /// Which of the manifest's entries it is, by which adapters know it; nil if it belongs to no manifest.
    public let entry: Int?

    /// A matrix whose panels have been packed.
    public init(panels: UnsafeRawPointer, outputs: Int, inputs: Int, format: WeightFormat, entry: Int? = nil) {
        precondition(outputs > 0 && inputs > 0, "a matrix of \(outputs) x \(inputs)")
        precondition(UInt(bitPattern: panels) % UInt(WeightFormat.panelAlignment) == 0, "misaligned panels")
        self.panels = panels
        self.outputs = outputs
        self.inputs = inputs
        self.format = format
        self.entry = entry
    }

    var kernelArgument: vlmc_matrix {
        vlmc_matrix(panels: panels, outputs: Int32(outputs), inputs: Int32(inputs), format: format.kernelTag)
    }
}
