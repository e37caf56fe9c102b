// Adapters as clients see them: chosen by the model's name, listed, loaded and unloaded while the server runs.

import Glibc
import JSONText
import ModelRuntime
import ServingEngine
import Testing

@testable import Serving

@Suite struct AdaptersTests {
    private static let load = "/v1/load_lora_adapter"
    private static let unload = "/v1/unload_lora_adapter"
    private let folder: AdapterFolder

    init() throws { folder = try AdapterFolder() }

    private func chat(_ model: String?) -> String {
        let name = model.map { "\"model\": \"\($0)\", " } ?? ""
        return "{\(name)\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}], \"max_tokens\": 4}"
    }

    /// Runs a server that begins with the adapter `claims`, and may be told of others below the folder.
    private func with(
        _ engine: ScriptedEngine,
        count: Int = 2,
        mayUpdate: Bool = true,
        _ body: @escaping @Sendable (RunningServer, ServedAdapters) async throws -> Void
    ) async throws {
        let limits = AdapterLimits(count: count, rank: 4, spareCount: 1)
        let loaded = AdapterFolder.adapters(limits)
        try loaded.load("claims", from: folder.add("claims"))
        let adapters = try ServedAdapters(
            loaded,
            modelNames: RunningServer.model.names,
            parents: ["claims": "other-name"],
            updatesBelow: mayUpdate ? folder.path : nil
        )
        try await RunningServer.with(engine, isLoaded: false) { server in
            server.server.begin(Server.Loaded(model: RunningServer.model, engine: engine, adapters: adapters))
            try await body(server, adapters)
        }
    }

    // MARK: Choosing

    @Test(arguments: [
        ("/v1/chat/completions", #""messages": [{"role": "user", "content": "Hi"}]"#),
        ("/v1/completions", #""prompt": "Hi""#), ("/v1/responses", #""input": "Hi""#),
        ("/v1/messages", #""max_tokens": 4, "messages": [{"role": "user", "content": "Hi"}]"#),
    ]) func theModelsNameChooses(path: String, rest: String) async throws {
        let engine = ScriptedEngine(["x"])
        try await with(engine) { server, adapters in
            let claims = try #require(adapters["claims"]?.adapter)
            for (name, expected) in [
                ("claims", claims.identity), ("tiny", 0), ("other-name", 0), ("claims", claims.identity),
            ] {
                let found = try await server.post(path, #"{"model": "\#(name)", \#(rest)}"#)
                #expect(found.status == 200, "\(found.text)")
                #expect(found.json["model"]?.string == name)
                let chosen = try #require(engine.requests.last).adapter
                #expect(chosen?.adapter.identity ?? 0 == expected && (expected == 0 || chosen?.name == name))
            }
            let unknown = try await server.post(path, #"{"model": "claim", \#(rest)}"#)
            #expect(unknown.status == 404)
            #expect(unknown.text.contains("this server has tiny, other-name, claims"))
        }
    }

    @Test func tokensOfAnAdaptersModel() async throws {
        try await with(ScriptedEngine(["x"])) { server, _ in
            let base = try await server.post("/tokenize", #"{"model": "tiny", "prompt": "Hi"}"#)
            let found = try await server.post("/tokenize", #"{"model": "claims", "prompt": "Hi"}"#)
            #expect(found.status == 200 && found.text == base.text)
        }
    }

    @Test func theList() async throws {
        let path = folder.path
        try await with(ScriptedEngine(["x"])) { server, _ in
            let list = try await server.ask("GET", "/v1/models").json["data"]?.array ?? []
            #expect(list.map { $0["id"]?.string } == ["tiny", "other-name", "claims"])
            #expect(list.map { $0["parent"]?.string } == [nil, nil, "other-name"])
            #expect(list.map { $0["root"]?.string } == ["checkpoints/tiny", "checkpoints/tiny", "\(path)/claims"])
            #expect(list.allSatisfy { $0["max_model_len"]?.integer == 512 && $0["object"]?.string == "model" })
            #expect(list.last?["created"]?.integer ?? 0 > 1_600_000_000)
            let one = try await server.ask("GET", "/v1/models/claims").json
            #expect(one["parent"]?.string == "other-name" && one["id"]?.string == "claims")
            #expect(try await server.ask("GET", "/v1/models/claim").status == 404)
        }
    }

    // MARK: Coming and going

    @Test func loadingAndUnloading() async throws {
        try folder.add("bills")
        let engine = ScriptedEngine(["x"])
        try await with(engine) { server, adapters in
            let request = #"{"lora_name": "b", "lora_path": "bills"}"#
            let loaded = try await server.post(Self.load, request)
            #expect(loaded.status == 200)
            #expect(loaded.text == "Success: LoRA adapter 'b' added successfully.")
            #expect(try await server.post("/v1/chat/completions", chat("b")).status == 200)
            let first = try #require(adapters["b"]?.adapter.identity)
            #expect(engine.requests.last?.adapter?.adapter.identity == first)
            let names = try await server.ask("GET", "/v1/models").json["data"]?.array?.map { $0["id"]?.string }
            #expect(names == ["tiny", "other-name", "b", "claims"])

            let again = try await server.post(Self.load, request)
            #expect(again.status == 400)
            #expect(again.error.code == "adapter_exists" && again.error.param == "lora_name")
            #expect(adapters["b"]?.adapter.identity == first)
            let replaced = try await server.post(
                Self.load,
                #"{"lora_name": "b", "lora_path": "\#(self.folder.path)/bills", "load_inplace": true}"#
            )
            #expect(replaced.status == 200)
            #expect(try #require(adapters["b"]).adapter.identity != first)

            let unloaded = try await server.post(Self.unload, #"{"lora_name": "b", "lora_int_id": 1}"#)
            #expect(unloaded.status == 200)
            #expect(unloaded.text == "Success: LoRA adapter 'b' removed successfully.")
            let missing = try await server.post(Self.unload, #"{"lora_name": "b"}"#)
            #expect(missing.status == 404)
            #expect(missing.error.code == "adapter_not_found")
            let gone = try await server.post("/v1/chat/completions", chat("b"))
            #expect(gone.status == 404)
            #expect(gone.error.code == "model_not_found")
            #expect(try await server.post("/v1/chat/completions", chat(nil)).status == 200)
            #expect(engine.requests.last?.adapter == nil)
        }
    }

    /// Names come and go on many connections at once; every answer is one of those that there are.
    @Test func manyAtOnce() async throws {
        for index in 0..<3 { try folder.add("\(index)") }
        try await with(ScriptedEngine(["x"]), count: 4) { server, adapters in
            let statuses = try await withThrowingTaskGroup(of: [Int].self) { group in
                for task in 0..<6 {
                    group.addTask {
                        var found: [Int] = []
                        for round in 0..<6 {
                            let name = "\((task + round) % 3)"
                            let path = round % 3 == 2 ? Self.unload : Self.load
                            let place = path == Self.load ? #", "lora_path": "\#(name)", "load_inplace": true"# : ""
                            found.append(try await server.post(path, #"{"lora_name": "\#(name)"\#(place)}"#).status)
                            found.append(try await server.post("/v1/chat/completions", chat(name)).status)
                        }
                        return found
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            // Requests that are answered hold adapters: now and then there is no room for another.
            #expect(Set(statuses).isSubset(of: [200, 400, 404]) && statuses.contains(200))
            #expect(adapters["claims"] != nil)
            #expect(try await server.post("/v1/chat/completions", chat("claims")).status == 200)
        }
    }

    // MARK: What is refused

    @Test func fixedAdapters() async throws {
        try await with(ScriptedEngine(["x"]), mayUpdate: false) { server, _ in
            for (path, body) in [
                (Self.load, #"{"lora_name": "b", "lora_path": "claims"}"#), (Self.unload, #"{"lora_name": "claims"}"#),
            ] {
                let found = try await server.post(path, body)
                #expect(found.status == 404)
                #expect(found.error.message.contains("--allow-runtime-lora-updating"))
            }
            #expect(try await server.post("/v1/chat/completions", chat("claims")).status == 200)
        }
        try await RunningServer.with(ScriptedEngine(["x"])) { server in
            let found = try await server.post(Self.unload, #"{"lora_name": "claims"}"#)
            #expect(found.error.code == "adapters_fixed")
        }
    }

    @Test func foldersThatMayNotBeRead() async throws {
        let outside = try AdapterFolder()
        try outside.add("secret")
        #expect(symlink("\(outside.path)/secret", "\(folder.path)/link") == 0)
        let sibling = folder.path + "-sibling"
        #expect(symlink("\(outside.path)/secret", sibling) == 0)
        defer { unlink(sibling) }
        try await with(ScriptedEngine(["x"])) { server, adapters in
            for path in [
                "\(outside.path)/secret", "link", "../\(outside.path.split(separator: "/").last ?? "")/secret", sibling,
                "none", "/", "", "claims/../../etc", "claims/adapter_config.json/x",
            ] {
                let found = try await server.post(Self.load, #"{"lora_name": "b", "lora_path": "\#(path)"}"#)
                #expect(found.status == 404, "\(path): \(found.text)")
                #expect(found.error.message.contains("in the folder that this server may read"), "\(path)")
            }
            #expect(adapters.names == ["claims"])
        }
        withExtendedLifetime(outside) {}
    }

    @Test func adaptersThatDoNotFit() async throws {
        try folder.add("other", module: "other.layer")
        try folder.add("large", rank: 8)
        try folder.add("fits")
        #expect(truncate("\(try folder.add("short"))/adapter_model.safetensors", 300) == 0)
        try await with(ScriptedEngine(["x"])) { server, adapters in
            func refusal(_ name: String, _ path: String) async throws -> (
                message: String, param: String?, code: String?
            ) {
                let found = try await server.post(Self.load, #"{"lora_name": "\#(name)", "lora_path": "\#(path)"}"#)
                #expect(found.status == 400, "\(found.text)")
                return found.error
            }
            let other = try await refusal("b", "other")
            #expect(other.code == "invalid_adapter" && other.param == "lora_path")
            for half in ["A", "B"] {
                #expect(other.message.contains("base_model.model.other.layer.lora_\(half).weight belongs to no matrix"))
            }
            #expect(try await refusal("b", "large").message.contains("the rank is 8"))
            #expect(try await refusal("b", "short").code == "invalid_adapter")
            #expect(try await refusal("tiny", "fits").param == "lora_name")
            #expect(try await refusal("", "fits").param == "lora_name")
            #expect(try await server.post(Self.load, #"{"lora_name": "b", "lora_path": "fits"}"#).status == 200)
            #expect(try await refusal("c", "fits").code == "too_many_adapters")
            #expect(adapters.names == ["b", "claims"])
            for body in [#"{"lora_name": "b"}"#, #"{"lora_path": "b"}"#, #"{"lora_name": 1, "lora_path": "b"}"#] {
                #expect(try await server.post(Self.load, body).status == 400)
            }
            let unknown = try await server.post(Self.load, #"{"lora_name": "b", "lora_path": "b", "lora_pth": "b"}"#)
            #expect(unknown.status == 400)
            #expect(unknown.error.param == "lora_pth")
        }
    }

    // MARK: Metrics

    @Test func requestsByAdapter() {
        let registry = PrometheusRegistry(PrometheusRegistry.descriptions, labels: [("model_name", "tiny")])
        let metrics = EngineMetrics(registry)
        func lines() -> [Substring] {
            String(decoding: registry.exposition(), as: UTF8.self).split(separator: "\n")
                .filter { $0.hasPrefix("vllm:lora_requests_info") }
        }
        metrics.refresh(EngineState())
        #expect(lines().isEmpty)
        for names in [AdapterNames(running: ["a", "b"], waiting: ["c"]), AdapterNames()] {
            metrics.refresh(EngineState(adapters: names), adapterLimit: 3)
            let running = names.running.joined(separator: ",")
            let waiting = names.waiting.joined(separator: ",")
            let labels =
                #"{model_name="tiny",max_lora="3",running_lora_adapters="\#(running)","#
                + #"waiting_lora_adapters="\#(waiting)"}"#
            #expect(lines().count == 1 && lines().allSatisfy { $0.hasPrefix("vllm:lora_requests_info\(labels) ") })
        }
    }
}

@Suite struct AdapterArgumentsTests {
    private func parse(_ options: [String]) throws -> AdapterArguments { try AdapterArguments.parse(options) }

    @Test func modules() throws {
        let found = try parse([
            "--lora-modules", "a=/x/y=z", #"{"name": "b", "path": "c", "base_model_name": "tiny"}"#, "--lora-modules",
            "d=e",
        ])
        #expect(found.loraModules.map(\.name) == ["a", "b", "d"])
        #expect(found.loraModules.map(\.path) == ["/x/y=z", "c", "e"])
        #expect(found.loraModules.map(\.baseModelName) == [nil, "tiny", nil])
        try found.check(modelNames: ["tiny"])
        #expect(throws: (any Error).self) { try found.check(modelNames: ["other"]) }
        #expect(throws: (any Error).self) { try found.check(modelNames: ["tiny", "d"]) }
    }

    @Test(
        arguments: [
            ["--lora-modules", "a"], ["--lora-modules", "=b"], ["--lora-modules", "a="],
            ["--lora-modules", #"{"name": "a"}"#], ["--lora-modules", #"{"name": "a", "path": "b", "rank": 1}"#],
            ["--lora-modules", #"{"name": "a", "path": "b", "base_model_name": 1}"#], ["--lora-modules", "{"],
            ["--lora-modules", "a=b", "a=c"], ["--max-loras", "0"], ["--max-loras", "-1"], ["--max-lora-rank", "0"],
            ["--max-lora-rank", "5000"], ["--lora-modules", "a=b", "c=d", "--max-loras", "1"],
            ["--no-enable-lora", "--lora-modules", "a=b"], ["--allow-runtime-lora-updating"],
            ["--allowed-lora-path", "d"],
            ["--no-enable-lora", "--allow-runtime-lora-updating", "--allowed-lora-path", "d"],
        ]
    ) func wrongOptions(_ options: [String]) {
        #expect(throws: (any Error).self) { try parse(options) }
    }

    /// Room: for those that are named, and for others only if any may come.
    @Test func room() throws {
        let folder = try AdapterFolder()
        let small = try folder.add("small")
        let large = try folder.add("large", rank: 40)
        #expect(try parse([]).limits() == .none && parse(["--enable-lora", "--max-loras", "3"]).limits() == .none)
        #expect(try parse(["--lora-modules", "a=\(small)"]).limits() == AdapterLimits(count: 1, rank: 16))
        #expect(
            try parse(["--lora-modules", "a=\(small)", "b=\(large)", "--max-loras", "9"]).limits()
                == AdapterLimits(count: 2, rank: 40)
        )
        #expect(
            try parse(["--lora-modules", "b=\(large)", "--max-lora-rank", "8"]).limits()
                == AdapterLimits(count: 1, rank: 8)
        )
        let updating = ["--allow-runtime-lora-updating", "--allowed-lora-path", "/"]
        #expect(try parse(updating).limits() == AdapterLimits(count: 4, rank: 16, spareCount: 1))
        #expect(
            try parse(updating + ["--max-loras", "2", "--max-lora-rank", "64"]).limits()
                == AdapterLimits(count: 2, rank: 64, spareCount: 1)
        )
        #expect(throws: AdapterError.self) { try parse(["--lora-modules", "a=\(folder.path)/none"]).limits() }
    }

    @Test func fromTheEnvironment() throws {
        func modules(_ value: String) throws -> [AdapterModule] {
            let all = EnvironmentArguments.adding(to: ["--weights", "w"]) { $0 == "VLMC_LORA_MODULES" ? value : nil }
            return try ServeArguments.parse(all).adapters.loraModules
        }
        #expect(try modules("a=b,c=d").map(\.name) == ["a", "c"])
        #expect(try modules(#"{"name": "a", "path": "b"}"#).map(\.path) == ["b"])
        func mayUpdate(_ value: String) throws -> Bool {
            let environment = [
                "VLMC_ALLOW_RUNTIME_LORA_UPDATING": value, "VLMC_ALLOWED_LORA_PATH": value == "True" ? "/" : nil,
            ]
            let all = EnvironmentArguments.adding(to: ["--weights", "w"]) { environment[$0] ?? nil }
            return try ServeArguments.parse(all).adapters.allowRuntimeLoraUpdating
        }
        #expect(try mayUpdate("True") && !mayUpdate("false"))
    }
}
