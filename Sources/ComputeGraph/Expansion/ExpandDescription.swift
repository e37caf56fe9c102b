// From a description to a graph: one block per stack of layers, and the two entry points `encode-images` and `step`.
// What a layer becomes is said by its kind (Layers/). Fusion comes later, in module Scheduling.

import Diagnostics
import ModelDescriptions

/// A layer kind that cannot stand where a description puts it.
struct MissingExpansion: Error {
    let kind: String
    let wanted: String
}

/// The parameters of `layer` as a kind that expands in the role `Role`.
func expansion<Role>(of layer: Layer, as role: Role.Type) throws -> Role {
    guard let expansion = layer.parameters as? Role else {
        throw MissingExpansion(kind: layer.kind, wanted: layer.role.rawValue)
    }
    return expansion
}

/// Expands descriptions into graphs.
public enum GraphExpansion {
    /// The name of the block of one layer of the image encoder.
    public static let visionLayer = "vision.layer"
    /// The name of the block of one layer of the decoder.
    public static let decoderLayer = "decoder.layer"
    /// The name of the entry that turns patches of images into features.
    public static let encodeImages = "encode-images"
    /// The name of the entry that runs the decoder over a batch of rows.
    public static let step = "step"

    /// The graph of `description`.
    ///
    /// - Throws: `DiagnosticError` for what the description asks for and no layer kind here computes.
    public static func graph(of description: ModelDescription) throws -> Graph {
        var blocks: [Block] = []
        if let vision = description.vision, let bridge = description.bridge {
            try refuseUncovered(vision, in: description)
            let expansion = VisionExpansion(description: description, vision: vision, bridge: bridge)
            try located("vision", in: description) {
                blocks.append(try expansion.layerBlock())
                blocks.append(try expansion.entryBlock())
            }
        }
        let expansion = DecoderExpansion(description: description, decoder: description.decoder)
        try located("decoder", in: description) {
            blocks.append(try expansion.layerBlock())
            blocks.append(try expansion.entryBlock())
        }
        let graph = Graph(name: description.name, blocks: blocks)
        let violations = GraphVerifier.violations(in: graph)
        precondition(violations.isEmpty, "the expansion made a malformed graph: \(violations)")
        return graph
    }

    private static func refuseUncovered(
        _ vision: ModelDescription.Vision,
        in description: ModelDescription
    ) throws {
        var diagnostics: [Diagnostic] = []
        func refuse(_ keyPath: String, _ what: String) {
            diagnostics.append(
                Diagnostic(
                    .error,
                    "\(what), which this version parses but does not compile",
                    at: description.sources.span(of: keyPath)
                )
            )
        }
        if !vision.deepstackLayers.isEmpty {
            refuse("vision.deepstack-layers", "the encoder hands features of inner layers to the decoder")
        }
        if let positions = vision.positions {
            refuse("vision.positions", "the encoder has positions of the kind `\(positions.kind)`")
        }
        if !diagnostics.isEmpty { throw DiagnosticError(diagnostics) }
    }

    /// Turns what an expansion throws into a diagnostic with its place in the TOML.
    private static func located(
        _ keyPath: String,
        in description: ModelDescription,
        _ body: () throws -> Void
    ) throws {
        let span = description.sources.span(of: keyPath)
        do {
            try body()
        } catch let error as MissingExpansion {
            let message = "layer kind `\(error.kind)` has no expansion for the role \(error.wanted)"
            throw DiagnosticError([Diagnostic(.error, message, at: span)])
        } catch let error as ShapeViolation {
            throw DiagnosticError([Diagnostic(.error, "the layers do not fit together: \(error)", at: span)])
        }
    }
}
