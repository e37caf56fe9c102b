// Options from the environment: --max-num-seqs from VLMC_MAX_NUM_SEQS. The command line overrides it.

import Glibc

/// The options that the environment may state.
enum EnvironmentArguments {
    /// How an option is written.
    enum Kind {
        case value
        /// Several values, parted by commas; or one that is a JSON object.
        case list
        /// true or false; written as --NAME or --no-NAME.
        case flag
        /// true or false; written as --NAME, or not at all.
        case presence
    }

    /// Every option of the server but those that print and exit.
    static let options: [(name: String, kind: Kind)] = [
        ("weights", .value), ("host", .value), ("port", .value), ("served-model-name", .list), ("api-key", .list),
        ("api-key-file", .value), ("max-num-seqs", .value), ("max-waiting", .value), ("max-num-batched-tokens", .value),
        ("max-prompt-tokens-beside-answers", .value), ("max-model-len", .value), ("kv-cache-memory", .value),
        ("chat-template", .value),
        ("kv-cache-dtype", .value), ("dtype", .value), ("cache", .value), ("threads", .value), ("min-pixels", .value),
        ("max-pixels", .value), ("max-images", .value), ("image-cache-tokens", .value),
        ("enable-prefix-caching", .flag), ("allowed-local-media-path", .value), ("allowed-media-domains", .list),
        ("lora-modules", .list), ("enable-lora", .flag), ("max-loras", .value), ("max-lora-rank", .value),
        ("allow-runtime-lora-updating", .presence), ("allowed-lora-path", .value), ("ssl-certfile", .value),
        ("ssl-keyfile", .value), ("max-body-size", .value), ("max-connections", .value), ("drain-timeout", .value),
        ("slow-client-timeout", .value), ("log-level", .value), ("log-json", .presence), ("page", .flag),
        ("otlp-traces-endpoint", .value),
    ]

    /// Other names of options, which override the environment just the same.
    private static let otherNames = ["weights": ["model"], "max-model-len": ["context"]]

    /// `arguments`, and before them what the environment states and they do not.
    ///
    /// - Parameter environment: Looks a variable up.
    static func adding(
        to arguments: [String],
        environment: (String) -> String? = { getenv($0).map { String(cString: $0) } }
    ) -> [String] {
        let stated = Set(
            arguments.filter { $0.hasPrefix("--") }.map { argument in
                String(argument.dropFirst(2).prefix { $0 != "=" })
            }
        )
        var added: [String] = []
        for option in options {
            let variable = "VLMC_" + option.name.uppercased().map { $0 == "-" ? "_" : String($0) }.joined()
            let names = [option.name, "no-\(option.name)"] + (otherNames[option.name] ?? [])
            guard let value = environment(variable), stated.isDisjoint(with: names) else { continue }
            switch option.kind {
            case .value: added += ["--\(option.name)=\(value)"]
            case .list where value.hasPrefix("{"): added += ["--\(option.name)=\(value)"]
            case .list: added += value.split(separator: ",").map { "--\(option.name)=\($0)" }
            case .flag, .presence:
                switch value.lowercased() {
                case "1", "true", "yes", "on": added.append("--\(option.name)")
                case "0", "false", "no", "off", "": if option.kind == .flag { added.append("--no-\(option.name)") }
                // Anything else is left to the parser, which says what is wrong with it.
                default: added.append("--\(option.name)=\(value)")
                }
            }
        }
        return added + arguments
    }
}
