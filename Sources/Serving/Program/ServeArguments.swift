// The options of `serve`, under the names that vLLM uses where it has them. Each can come from the environment, too.

import ArgumentParser
import Generation
import Glibc
import ModelRuntime
import ServingEngine

/// How a model is served.
struct ServeArguments: ParsableArguments {
    @Option(
        name: [.customLong("weights"), .customLong("model")],
        help: ArgumentHelp("The checkpoint: a folder in the layout of Hugging Face.", valueName: "dir")
    )
    var weights: String

    @Option(help: "The address to listen on; 0.0.0.0 for all.")
    var host = "127.0.0.1"

    @Option(parsing: .unconditional, help: "The port to listen on; 0 for any that is free.")
    var port = 8000

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Names that requests may call the model by.", valueName: "name")
    )
    var servedModelName: [String] = []

    @Option(help: ArgumentHelp("A key that requests must bear; may be repeated.", valueName: "key"))
    var apiKey: [String] = []

    @Option(help: ArgumentHelp("A file of such keys, one a line.", valueName: "file"))
    var apiKeyFile: String?

    @Option(parsing: .unconditional, help: "Sequences that are worked on at a time.")
    var maxNumSeqs = 64

    @Option(parsing: .unconditional, help: "Requests that may wait; more are told to come back.")
    var maxWaiting = 1024

    @Option(parsing: .unconditional, help: "Tokens that a step computes at most.")
    var maxNumBatchedTokens = 512

    @Option(parsing: .unconditional, help: "Tokens of prompts in a step in which answers go on.")
    var maxPromptTokensBesideAnswers = 128

    @Option(
        name: [.customLong("max-model-len"), .customLong("context")],
        parsing: .unconditional,
        help: "Tokens that prompt and answer may have together."
    )
    var maxModelLen: Int?

    @Option(help: "Memory for keys and values, such as 4GiB; room for four whole contexts without.")
    var kvCacheMemory: ByteCount?

    @Option(help: ArgumentHelp("A chat template in Jinja, instead of the checkpoint's.", valueName: "file"))
    var chatTemplate: String?

    @Option(help: "What keys and values are kept as: auto, bf16, f32 or int8.")
    var kvCacheDtype = "auto"

    @Option(help: "The format of the weights: auto, or as `info` lists them.")
    var dtype = "auto"

    @Option(name: .customLong("cache"), help: ArgumentHelp("The folder for packed weights.", valueName: "dir"))
    var cacheFolder: String?

    @Option(parsing: .unconditional, help: "Threads that compute; one per core without.")
    var threads: Int?

    @Option(parsing: .unconditional, help: "The fewest pixels of an image after resizing.")
    var minPixels: Int?

    @Option(parsing: .unconditional, help: "The most pixels of an image after resizing; fewer are faster.")
    var maxPixels: Int?

    @Option(parsing: .unconditional, help: "Images that one request may have.")
    var maxImages = 16

    @Option(parsing: .unconditional, help: "Image tokens whose encodings are kept.")
    var imageCacheTokens = 16384

    @Flag(inversion: .prefixedNo, help: "Whether keys and values of common beginnings are kept and shared.")
    var enablePrefixCaching = true

    @Option(help: ArgumentHelp("A folder below which requests may name image files.", valueName: "dir"))
    var allowedLocalMediaPath: String?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Hosts from which images are fetched that requests name by URL.", valueName: "host")
    )
    var allowedMediaDomains: [String] = []

    @OptionGroup var adapters: AdapterArguments

    @Option(help: ArgumentHelp("The certificate, in PEM, for TLS.", valueName: "file"))
    var sslCertfile: String?

    @Option(help: ArgumentHelp("The certificate's key, in PEM.", valueName: "file"))
    var sslKeyfile: String?

    @Option(help: "The most bytes of a request's body, such as 64MiB.")
    var maxBodySize = ByteCount(64 << 20)

    @Option(parsing: .unconditional, help: "Connections at a time.")
    var maxConnections = 4096

    @Option(parsing: .unconditional, help: "Seconds that answers may go on after the server was told to end.")
    var drainTimeout = 30

    @Option(
        parsing: .unconditional,
        help: "Seconds that a client may take to send a request, or to take a piece of an answer."
    )
    var slowClientTimeout = 60

    @Option(help: "How much is logged: trace, debug, info, notice, warning, error or critical.")
    var logLevel = "info"

    @Flag(help: "Log lines of JSON.")
    var logJson = false

    @Option(
        help: ArgumentHelp(
            "Where a collector of OpenTelemetry takes traces, over HTTP, such as http://localhost:4318/v1/traces.",
            valueName: "url"
        )
    )
    var otlpTracesEndpoint: WebAddress?

    @Flag(inversion: .prefixedNo, help: "Whether the page at / is shown.")
    var page = true

    func validate() throws {
        func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws {
            guard range.contains(value) else {
                throw ValidationError("--\(name) is \(value); allowed: \(range.lowerBound) to \(range.upperBound).")
            }
        }
        try check("port", port, 0...65535)
        try check("max-num-seqs", maxNumSeqs, 1...4096)
        try check("max-waiting", maxWaiting, 1...1_000_000)
        try check("max-num-batched-tokens", maxNumBatchedTokens, 1...65536)
        try check("max-prompt-tokens-beside-answers", maxPromptTokensBesideAnswers, 1...65536)
        try check("max-images", maxImages, 1...1024)
        try check("image-cache-tokens", imageCacheTokens, 1...1 << 24)
        try check("max-connections", maxConnections, 1...1_000_000)
        try check("drain-timeout", drainTimeout, 0...86400)
        try check("slow-client-timeout", slowClientTimeout, 1...86400)
        guard (sslCertfile == nil) == (sslKeyfile == nil) else {
            throw ValidationError("--ssl-certfile and --ssl-keyfile belong together.")
        }
        do throws(AllowedHostError) {
            _ = try AllowedHosts(allowedMediaDomains)
        } catch {
            throw ValidationError("\(error).")
        }
        if let folder = allowedLocalMediaPath {
            var status = stat()
            guard stat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
                throw ValidationError("--allowed-local-media-path: \(folder) is no folder.")
            }
        }
        if maxNumSeqs > maxNumBatchedTokens {
            throw ValidationError(
                "--max-num-seqs is \(maxNumSeqs), more than the \(maxNumBatchedTokens) tokens of a step "
                    + "(--max-num-batched-tokens)."
            )
        }
    }
}

/// A number of bytes, written as 4GiB, 512MiB or 1000000.
struct ByteCount: ExpressibleByArgument, CustomStringConvertible, Sendable, Hashable {
    let value: Int

    init(_ value: Int) { self.value = value }

    init?(argument: String) {
        let units = [
            ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40), ("kB", 1000), ("MB", 1_000_000),
            ("GB", 1_000_000_000),
        ]
        let unit = units.first { argument.hasSuffix($0.0) } ?? ("", 1)
        guard let number = Double(argument.dropLast(unit.0.count)), number > 0, number.isFinite else { return nil }
        let bytes = number * Double(unit.1)
        guard bytes >= 1, bytes < 1e15 else { return nil }
        value = Int(bytes)
    }

    var description: String {
        for (name, unit) in [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] where value % unit == 0 {
            return "\(value / unit)\(name)"
        }
        return "\(value)"
    }

    var defaultValueDescription: String { description }
}

extension WebAddress: ExpressibleByArgument {
    init?(argument: String) {
        do { try self.init(argument) } catch { return nil }
    }
}
