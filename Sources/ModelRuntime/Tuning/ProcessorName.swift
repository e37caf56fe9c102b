// How the processor names itself.

import Glibc

enum ProcessorName {
    /// `AMD EPYC, family 26, model 2, stepping 1`; what the system tells of it, or `unknown`.
    static let current: String = {
        guard let file = fopen("/proc/cpuinfo", "re") else { return "unknown" }
        defer { fclose(file) }
        var lines: [String] = []
        var buffer = [CChar](repeating: 0, count: 4096)
        // The first processor's lines end with an empty one.
        while fgets(&buffer, Int32(buffer.count), file) != nil, lines.count < 64 {
            let line = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            if line == "\n" { break }
            lines.append(line)
        }
        return name(lines) ?? "unknown"
    }()

    /// What the lines about one processor say, or nil if they do not name it.
    ///
    /// - Source: `show_cpuinfo` in arch/x86/kernel/cpu/proc.c and arch/arm64/kernel/cpuinfo.c of Linux 6.
    static func name(_ lines: [String]) -> String? {
        var values: [String: String] = [:]
        for line in lines {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let name = line[..<colon].split(whereSeparator: \.isWhitespace).joined(separator: " ")
            let value = line[line.index(after: colon)...].split(whereSeparator: \.isWhitespace).joined(separator: " ")
            values[name] = value
        }
        if let model = values["model name"] {
            let numbers = [("cpu family", "family"), ("model", "model"), ("stepping", "stepping")]
            return ([model] + numbers.compactMap { key, name in values[key].map { "\(name) \($0)" } })
                .joined(separator: ", ")
        }
        return values["CPU part"].map { "\(values["CPU implementer"] ?? ""), part \($0)" }
    }
}
