// Layer kinds that this module does not know: whoever reads a description brings them along.

import Diagnostics
import Testing

@testable import ModelDescriptions

/// A feed-forward layer with experts, as a module above might add it.
private struct ExpertMLP: LayerParameters {
    static let kind = "expert-mlp"
    static let role = LayerRole.feedForward
    static let summary = "some of many feed-forward layers"

    var experts: Int
    var chosen: Int
    var hidden: Int
    var inner: Layer

    init?(from reader: inout TableReader, context: LayerContext) {
        let experts = reader.integer("experts", in: 1...1024)
        let chosen = reader.integer("chosen", in: 1...64, default: experts.map { min($0, 8) })
        let inner = reader.layer("inner", role: .feedForward, context: context)
        if let experts, let chosen, chosen > experts {
            reader.report("`chosen` = \(chosen) exceeds `experts` = \(experts)", at: "chosen")
        }
        guard let experts, let chosen, let inner, let hidden = context.hidden else { return nil }
        self.experts = experts
        self.chosen = chosen
        self.hidden = hidden
        self.inner = inner
    }

    func write(to writer: inout TableWriter) {
        writer.write("experts", experts)
        writer.write("chosen", chosen)
        writer.write("inner", inner)
    }
}

/// A layer that breaks the rule to say why it refuses.
private struct SilentMLP: LayerParameters {
    static let kind = "silent-mlp"
    static let role = LayerRole.feedForward
    static let summary = "refuses everything"

    init?(from reader: inout TableReader, context: LayerContext) { nil }

    func write(to writer: inout TableWriter) {}
}

/// Another layer under a name that is taken.
private struct OtherMLP: LayerParameters {
    static let kind = "mlp"
    static let role = LayerRole.feedForward
    static let summary = "not the usual one"

    init?(from reader: inout TableReader, context: LayerContext) {}

    func write(to writer: inout TableWriter) {}
}

struct LayerCatalogTests {
    private func reader(_ kinds: any LayerParameters.Type...) -> ModelReader {
        var catalog = LayerCatalog.standard
        for kind in kinds { catalog.add(kind) }
        return ModelReader(catalog: catalog)
    }

    private func text(mlp: String) -> String {
        let known = "{ kind = \"mlp\", intermediate = 128, activation = \"relu\", bias = false }"
        return Example.language.replacing(known, with: mlp)
    }

    private let expert =
        "{ kind = \"expert-mlp\", experts = 16, inner = { kind = \"gated-mlp\", intermediate = 8, activation = \"silu\" } }"

    @Test func `an added kind is read, with the width of its stage, and printed`() throws {
        let description = try reader(ExpertMLP.self).description(of: text(mlp: expert), file: "m")
        let layer = try #require(description.decoder.mlp.parameters as? ExpertMLP)
        #expect(layer.experts == 16)
        #expect(layer.chosen == 8)
        #expect(layer.hidden == description.decoder.hidden)
        #expect(layer.inner == Layer(GatedMLP(intermediate: 8, activation: .silu)))
        let printed = ModelPrinter().print(description)
        #expect(printed.contains("[decoder.mlp]\nkind = \"expert-mlp\"\nexperts = 16\nchosen = 8\n"))
        #expect(try reader(ExpertMLP.self).description(of: printed, file: "m") == description)
    }

    @Test func `a kind that is not in the catalog is not known`() {
        let outcome = ModelReader().read(text(mlp: expert), file: "m")
        #expect(
            outcome.diagnostics.map(\.message) == [
                "`kind` is the string \"expert-mlp\", but must be one of \"gated-mlp\", \"mlp\""
            ]
        )
    }

    @Test func `an added kind reports like the others`() {
        let wrong = expert.replacing("experts = 16", with: "experts = 4, chosen = 5, size = 1")
            .replacing("silu", with: "sillu")
        let outcome = reader(ExpertMLP.self).read(text(mlp: wrong), file: "m")
        #expect(
            outcome.diagnostics.map(\.message) == [
                "`chosen` = 5 exceeds `experts` = 4",
                "[decoder.mlp] has no key `size`; its keys are `kind`, `experts`, `chosen`, `inner`",
                "`activation` is the string \"sillu\", but must be one of \"silu\", \"gelu\", \"gelu-tanh\", "
                    + "\"quick-gelu\", \"relu\"; did you mean \"silu\"?",
            ]
        )
    }

    @Test func `a kind that refuses without a reason is named`() {
        let outcome = reader(SilentMLP.self).read(text(mlp: "{ kind = \"silent-mlp\" }"), file: "m")
        #expect(
            outcome.diagnostics.map { "\($0)" } == [
                "m:14:7: error: the layer kind `silent-mlp` refused this table without a reason"
            ]
        )
    }

    @Test func `of two kinds with one name the later counts`() throws {
        let reader = reader(OtherMLP.self)
        #expect(reader.catalog.kinds.count == LayerCatalog.standard.kinds.count)
        let description = try reader.description(of: text(mlp: "{ kind = \"mlp\" }"), file: "m")
        #expect(description.decoder.mlp.parameters is OtherMLP)
    }

    @Test func `the standard kinds have distinct names and fill every place`() {
        let catalog = LayerCatalog.standard
        #expect(Set(catalog.kinds.map { $0.kind }).count == catalog.kinds.count)
        for role in LayerRole.allCases { #expect(!catalog.kinds(for: role).isEmpty, "\(role)") }
        #expect(catalog.kinds.allSatisfy { !$0.summary.isEmpty })
        #expect(catalog.kind(named: "gated-mlp") == GatedMLP.self)
        #expect(catalog.kind(named: "gated_mlp") == nil)
    }

    @Test func `layers are equal by kind and parameters`() {
        #expect(Layer(RMSNorm(epsilon: 1)) == Layer(RMSNorm(epsilon: 1)))
        #expect(Layer(RMSNorm(epsilon: 1)) != Layer(RMSNorm(epsilon: 2)))
        #expect(Layer(RMSNorm(epsilon: 1)) != Layer(LayerNorm(epsilon: 1)))
    }
}
