// The options of `serve`: from the command line, from the environment, and what is wrong with them.

import ArgumentParser
import Testing

@testable import Serving

@Suite struct ServeArgumentsTests {
    @Test func everyOptionCanComeFromTheEnvironment() {
        let help = ServeArguments.helpMessage(columns: 400)
        let names = help.split(separator: "\n").compactMap { line -> String? in
            guard let option = line.split(separator: " ").first(where: { $0.hasPrefix("--") }) else { return nil }
            return String(option.dropFirst(2).prefix { $0 != "/" && $0 != "," && $0 != ")" })
        }
        let known = Set(EnvironmentArguments.options.map(\.name))
        #expect(known.symmetricDifference(names) == ["help"])
    }

    @Test func theCommandLineOverridesTheEnvironment() throws {
        let environment = [
            "VLMC_PORT": "9000", "VLMC_MAX_NUM_SEQS": "5", "VLMC_API_KEY": "a,b", "VLMC_PAGE": "false",
            "VLMC_WEIGHTS": "there",
        ]
        let all = EnvironmentArguments.adding(to: ["--model", "here", "--port=7"]) { environment[$0] }
        let arguments = try ServeArguments.parse(all)
        #expect(arguments.weights == "here")
        #expect(arguments.port == 7)
        #expect(arguments.maxNumSeqs == 5)
        #expect(arguments.apiKey == ["a", "b"])
        #expect(!arguments.page)
    }

    @Test func aCommandLineOfVLLM() throws {
        let (translated, notes) = try FamiliarArguments.translated([
            "folder", "--max_model_len", "4096", "--enable-auto-tool-choice", "--tool-call-parser", "hermes",
            "--gpu-memory-utilization=0.9", "--tensor-parallel-size", "1", "--limit-mm-per-prompt", #"{"image": 4}"#,
            "--served-model-name", "a", "b", "--uvicorn-log-level", "warning", "--no-enable-prefix-caching",
        ])
        let arguments = try ServeArguments.parse(translated)
        #expect(arguments.weights == "folder")
        #expect(arguments.maxModelLen == 4096)
        #expect(arguments.maxImages == 4)
        #expect(arguments.servedModelName == ["a", "b"])
        #expect(arguments.logLevel == "warning")
        #expect(!arguments.enablePrefixCaching)
        #expect(notes.count == 4)
        #expect(notes.allSatisfy { $0.contains(" has no effect: ") })
    }

    @Test(
        arguments: [
            (["--tensor-parallel-size", "2"], "'1'"), (["--tool-call-parser=mistral"], "'hermes'"),
            (["--limit-mm-per-prompt", "many"], "image"), (["--seed"], "Missing value"),
        ]
    ) func optionsOfVLLMThatAskForMore(_ options: [String], _ words: String) {
        do {
            _ = try FamiliarArguments.translated(options)
            Issue.record("\(options) were taken")
        } catch {
            #expect("\(error)".contains(words))
        }
    }

    /// No option is both here and there.
    @Test func optionsOfServeStayAsTheyAre() throws {
        for option in EnvironmentArguments.options where option.kind == .value {
            let arguments = ["--\(option.name)=x"]
            #expect(try FamiliarArguments.translated(arguments) == (arguments, []))
        }
    }

    @Test(
        arguments: [
            ["--port", "70000"], ["--max-num-seqs", "0"], ["--ssl-certfile", "a.pem"], ["--kv-cache-memory", "lots"],
            ["--kv-cache-memory", "-1GiB"], ["--max-num-seqs", "600"], ["--unknown"],
            ["--otlp-traces-endpoint", "localhost:4318"], ["--otlp-traces-endpoint", "grpc://localhost:4317"],
            ["--allowed-media-domains", "example.org", "https://example.com"],
            ["--allowed-local-media-path", #filePath], ["--allowed-media-domains", "*"],
        ]
    ) func wrongOptions(_ options: [String]) {
        #expect(throws: (any Error).self) { try ServeArguments.parse(["--weights", "dir"] + options) }
    }

    @Test(arguments: [("4GiB", 4 << 30), ("1.5MiB", 3 << 19), ("2GB", 2_000_000_000), ("77", 77)])
    func byteCounts(_ text: String, _ bytes: Int) {
        #expect(ByteCount(argument: text)?.value == bytes)
    }
}
