// The models of these tests, compiled by the build plugin from the TOML files in Models/ and loaded once.
// Whether they compute what transformers computes is the business of Tests/Parity; here it is how they may be called.

import Foundation
import Generation
import InputProcessing
import ModelRuntime
import TensorTypes
import TestSupport

/// Where tests find checkpoints and leave packed weights.
enum Files {
    static let fixtures = ModelFiles.repository.appendingPathComponent("Tests/Fixtures")

    static func checkpoint(_ name: String) -> String { fixtures.appendingPathComponent("checkpoints/\(name)").path }

    static func image(_ name: String) -> String { fixtures.appendingPathComponent("images/\(name)").path }

    /// One folder for the packed weights of this process; the models are tiny.
    static let cache: String = {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("vlmc-\(UUID().uuidString)")
        return folder.path
    }()

    /// A copy of a checkpoint that a test may damage, removed afterwards.
    static func withCopy<Result>(of name: String, _ body: (_ folder: String) throws -> Result) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("vlmc-\(UUID().uuidString)")
        try FileManager.default.copyItem(atPath: checkpoint(name), toPath: folder.path)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try body(folder.path)
    }
}

/// Loads `Model`, in single precision unless `change` says otherwise.
func load<Model: CompiledModel>(
    _ model: Model.Type,
    from folder: String? = nil,
    change: (inout LoadingOptions) -> Void = { _ in },
    callbacks: PackingCallbacks = PackingCallbacks()
) throws -> LoadedModel<Model> {
    var options = LoadingOptions(checkpoint: folder ?? Files.checkpoint(Model.manifest.name))
    options.cacheFolder = Files.cache
    options.weightFormat = .f32
    options.contextTokens = 1024
    options.threads = 2
    change(&options)
    return try LoadedModel(options, callbacks: callbacks)
}

extension LoadedModel {
    /// A prompt of text and images of the fixtures.
    func prompt(_ question: String, _ images: [String] = []) throws -> Prompt {
        try prompt(question: question, images: images.map { try patches(ofImageAt: Files.image($0)) })
    }
}

/// Greedy answers of a fixed length, whatever the model would end them with.
func greedy(_ count: Int) -> SamplingParameters {
    var parameters = SamplingParameters.greedy
    parameters.ignoresEndOfSequence = true
    parameters.maximumTokens = count
    return parameters
}
