// Log lines on standard error: readable ones, or JSON for programs that collect them.

import Glibc
import JSONText
import Logging

/// A backend of swift-log.
struct LineLog: LogHandler {
    let label: String
    let isJSON: Bool
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]

    init(label: String, isJSON: Bool) {
        self.label = label
        self.isJSON = isJSON
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let (level, message) = (event.level, event.message)
        let all = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        var text: String
        if isJSON {
            var writer = JSONWriter()
            writer.object { writer in
                writer.key("time")
                writer.string(Self.time)
                writer.key("level")
                writer.string(level.rawValue)
                writer.key("message")
                writer.string("\(message)")
                for (key, value) in all where !["time", "level", "message"].contains(key) {
                    writer.key(key)
                    writer.string("\(value)")
                }
            }
            text = writer.text
        } else {
            text = "\(Self.time) \(level.rawValue) \(message)"
            for (key, value) in all { text += " \(key)=\(Self.quotedIfNeeded("\(value)"))" }
        }
        text += "\n"
        // One write for one line, so that lines of several threads do not mix.
        text.withUTF8 { _ = write(2, $0.baseAddress, $0.count) }
    }

    /// A value that could be mistaken for several, or for another line, in quotes.
    private static func quotedIfNeeded(_ value: String) -> String {
        let isPlain = !value.isEmpty && value.unicodeScalars.allSatisfy { $0.value > 0x20 && $0 != "\"" && $0 != "=" }
        if isPlain { return value }
        var writer = JSONWriter()
        writer.string(value)
        return writer.text
    }

    /// The time as RFC 3339 writes it, in UTC.
    private static var time: String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var parts = tm()
        gmtime_r(&now.tv_sec, &parts)
        func padded(_ value: Int, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(width - digits.count, 0)) + digits
        }
        let date = [Int(parts.tm_year) + 1900, Int(parts.tm_mon) + 1, Int(parts.tm_mday)].map { padded($0, 2) }
        let clock = [Int(parts.tm_hour), Int(parts.tm_min), Int(parts.tm_sec)].map { padded($0, 2) }
        return date.joined(separator: "-") + "T" + clock.joined(separator: ":") + "."
            + padded(now.tv_nsec / 1_000_000, 3) + "Z"
    }
}
