// `adapter_config.json`: what each field means for modules, and each way in which one is refused.

import JSONText
import Testing

import enum TestRandomness.FuzzRounds

@testable import ModelRuntime

@Suite struct AdapterFieldsTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func read(_ members: String, isLoRA: Bool = true) throws -> AdapterFields {
        let text = "{\n" + (isLoRA ? #""peft_type": "LORA", "# : "") + members + "}"
        return try AdapterFields(path: folder.write(text.utf8, to: "adapter_config.json"))
    }

    private func module(_ members: String, _ path: String) throws -> AdapterConfiguration.Module {
        let fields = try read(members)
        #expect(fields.problems.isEmpty, "\(fields.problems.lines)")
        var budget = ModulePattern.Budget()
        return try #require(fields.configuration.module(at: path, &budget))
    }

    private static let path = "model.layers.3.self_attn.q_proj"

    @Test func defaultsAreThoseOfPEFT() throws {
        #expect(try module(#""r": 8"#, Self.path) == .init(rank: 8, scale: 1, isTargeted: true))
        #expect(try module(#""task_type": null"#, Self.path) == .init(rank: 8, scale: 1, isTargeted: true))
    }

    @Test func ranksAndScales() throws {
        #expect(try module(#""r": 4, "lora_alpha": 10"#, Self.path).scale == 2.5)
        #expect(try module(#""r": 4, "lora_alpha": 10.5, "use_rslora": true"#, Self.path).scale == 5.25)
        let patterns =
            #""r": 4, "lora_alpha": 8, "rank_pattern": {"k_proj": 2, "self.attn.q_proj": 16, "q_proj": 1}, "#
            + #""alpha_pattern": {".*layers\\.[3-5]\\..*": 4}"#
        // The first pattern that matches counts; a full stop in a plain name is any character.
        #expect(try module(patterns, Self.path) == .init(rank: 16, scale: 0.25, isTargeted: true))
        #expect(try module(patterns, "model.layers.7.self_attn.q_proj").scale == 0.5)
        #expect(try module(patterns, "model.layers.7.mlp.q_proj").rank == 1)
        #expect(try module(patterns, "model.layers.7.mlp.xq_proj").rank == 4)
    }

    @Test func targets() throws {
        func isTargeted(_ members: String, _ path: String = Self.path) throws -> Bool {
            try module(members, path).isTargeted
        }
        #expect(try isTargeted(#""target_modules": ["q_proj"]"#))
        #expect(try isTargeted(#""target_modules": ["self_attn.q_proj", "x"]"#))
        #expect(try !isTargeted(#""target_modules": ["proj", "attn.q_proj"]"#))
        #expect(try isTargeted(#""target_modules": null"#))
        #expect(try isTargeted(#""target_modules": ".*q_proj""#))
        #expect(try !isTargeted(#""target_modules": "q_proj""#))
        #expect(try isTargeted(#""target_modules": "all-linear""#))
        #expect(try !isTargeted(#""target_modules": "all-linear""#, "lm_head"))
        #expect(try !isTargeted(#""target_modules": ["q_proj"], "exclude_modules": ["self_attn.q_proj"]"#))
        #expect(try !isTargeted(#""target_modules": ["q_proj"], "exclude_modules": ".*\\.3\\..*""#))
        #expect(try isTargeted(#""target_modules": ["q_proj"], "exclude_modules": []"#))
    }

    @Test func layers() throws {
        func isTargeted(_ members: String, _ path: String = Self.path) throws -> Bool {
            try module(#""target_modules": ["q_proj", "model.layers.0.q_proj"], "# + members, path).isTargeted
        }
        #expect(try isTargeted(#""layers_to_transform": [1, 3]"#))
        #expect(try isTargeted(#""layers_to_transform": 3"#))
        #expect(try isTargeted(#""layers_to_transform": []"#))
        #expect(try !isTargeted(#""layers_to_transform": [1]"#))
        #expect(try !isTargeted(#""layers_to_transform": [3]"#, "blocks.3.q_proj"), "two names stand before the number")
        #expect(try isTargeted(#""layers_to_transform": [1], "layers_pattern": "blocks""#, "blocks.1.q_proj"))
        #expect(try !isTargeted(#""layers_to_transform": [3], "layers_pattern": ["h", "blocks"]"#))
        #expect(try !isTargeted(#""layers_to_transform": [4]"#, "model.layers.3.experts.4.q_proj"), "the first number")
        #expect(try isTargeted(#""layers_to_transform": [5]"#, "model.layers.0.q_proj"), "named in full")
    }

    @Test func fieldsWithoutEffect() throws {
        let members = #"""
            "lora_dropout": 0.3, "fan_in_fan_out": true, "inference_mode": false, "task_type": "CAUSAL_LM",
            "base_model_name_or_path": "x", "revision": "y", "auto_mapping": {"a": "b"}, "megatron_core": "megatron.core",
            "eva_config": {"rho": 2}, "init_lora_weights": "gaussian", "loftq_config": {}, "bias": "none",
            "use_dora": false, "modules_to_save": null, "layer_replication": [], "use_novelty": false, "novelty": {}
            """#
        #expect(try read(members).problems.isEmpty)
    }

    @Test(arguments: [
        (#""bias": "all""#, #"`bias` is "all"; only "none""#), (#""use_dora": true"#, "`use_dora` asks for magnitudes"),
        (#""lora_bias": true"#, "biases of lora_B"), (#""use_qalora": true"#, "QA-LoRA"),
        (#""use_bdlora": {"nblocks": 2}"#, "block-diagonal"),
        (#""modules_to_save": ["embed_tokens"]"#, "whole modules"),
        (#""trainable_token_indices": [1]"#, "rows of the embedding"),
        (#""target_parameters": ["a"]"#, "no linear map"),
        (#""layer_replication": [[0, 2]]"#, "layers that repeat"), (#""megatron_config": {"a": 1}"#, "Megatron"),
        (#""alora_invocation_tokens": [5]"#, "middle of a prompt"), (#""arrow_config": {"top_k": 3}"#, "routing"),
        (#""kasa_config": {"beta": 1}"#, "KaSA"), (#""monteclora_config": {"a": 1}"#, "random samples"),
        (#""ensure_weight_tying": true"#, "embedding and head share"),
        (#""init_lora_weights": "pissa_niter_16""#, "changes the weights of the model"),
        (#""r": 0"#, "`r` is 0; a rank of 1 to 4096"), (#""r": "8""#, #"`r` is "8""#),
        (#""lora_alpha": true"#, "`lora_alpha` is true; a number"), (#""use_rslora": "yes""#, "true or false"),
        (#""rank_pattern": [1]"#, "an object is right"), (#""rank_pattern": {"q_proj": 5000}"#, "`q_proj` is 5000"),
        (#""alpha_pattern": {"(q": 1}"#, "the pattern `(q` has a `(`"),
        (#""alpha_pattern": {"q": null}"#, "`q` is null"),
        (#""target_modules": "(?<=a)b""#, "which is not read"), (#""target_modules": [1]"#, "names of modules"),
        (#""exclude_modules": "[""#, "not closed"), (#""layers_to_transform": "all""#, "numbers of layers"),
        (#""layers_to_transform": [-1]"#, "numbers of layers"),
        (#""layers_to_transform": 1, "layers_pattern": "a|b""#, "the plain name of a list"),
        (#""lora_alfa": 3"#, "`lora_alfa` is not known; did you mean `lora_alpha`?"),
        (#""frobnicate": 3"#, "not known"),
    ]) func refused(members: String, problem: String) throws {
        let fields = try read(#""lora_dropout": 0, "# + members)
        let line = try #require(fields.problems.lines.first)
        #expect(fields.problems.count == 1 && line.contains(problem), "\(fields.problems.lines)")
        #expect(line.hasPrefix(folder["adapter_config.json"] + ":2:"), "\(line)")
    }

    @Test func otherMethods() throws {
        #expect(
            try read("", isLoRA: false).problems.lines.first?.contains("`peft_type` is missing; LORA is right") == true
        )
        let other = try read(#""peft_type": "IA3""#, isLoRA: false)
        #expect(other.problems.lines.first?.contains(#"`peft_type` is "IA3"; LORA is right"#) == true)
    }

    @Test func allProblemsAtOnce() throws {
        #expect(try read(#""bias": "all", "use_dora": true, "r": 0"#).problems.count == 3)
    }

    @Test func noJSON() throws {
        for text in ["", "[]", "{", "3"] {
            let path = try folder.write(text.utf8, to: "adapter_config.json")
            let problem = #expect(throws: AdapterError.Problem.self) { try AdapterFields(path: path) }
            #expect(problem?.description.contains(path) == true)
        }
        let missing = #expect(throws: AdapterError.Problem.self) { try AdapterFields(path: folder["none.json"]) }
        guard case .file = missing else {
            Issue.record("\(String(describing: missing))")
            return
        }
    }

    @Test func damagedConfigurationsNeverTrap() throws {
        let text = #"""
            {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "rank_pattern": {"a.*b": 2, "q": 3}, "bias": "none",
            "target_modules": ["q", "v"], "exclude_modules": "x(y|z)+", "layers_to_transform": [1, 2],
            "use_rslora": false, "init_lora_weights": true, "alpha_pattern": {"[0-9]+": 2.5}}
            """#
        let pieces = Array(#"[]{}(),:"0123456789.-tfn"#.utf8)
        var generator = SeededGenerator(seed: 6)
        var read = 0
        for _ in 0..<600 * FuzzRounds.factor {
            var bytes = Array(text.utf8)
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes.remove(at: place)
                case 1: bytes[place] = pieces[Int.random(in: 0..<pieces.count, using: &generator)]
                default: bytes.insert(pieces[Int.random(in: 0..<pieces.count, using: &generator)], at: place)
                }
            }
            do {
                let fields = try AdapterFields(path: folder.write(bytes, to: "adapter_config.json"))
                var budget = ModulePattern.Budget(steps: 100_000)
                _ = fields.configuration.module(at: Self.path, &budget)
                read += 1
            } catch let problem as AdapterError.Problem {
                #expect(!problem.description.isEmpty)
            }
        }
        #expect(read > 50)
    }
}
