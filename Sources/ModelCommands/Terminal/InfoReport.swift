// Named values as one JSON object; numbers stay numbers.

import JSONText

enum InfoReport {
    /// One JSON object with the names in snake case.
    static func json(_ rows: [(String, String)]) -> String {
        var writer = JSONWriter()
        writer.object { writer in
            for (name, value) in rows {
                writer.key(String(name.map { $0 == " " || $0 == "-" ? "_" : $0 }))
                if let number = JSONNumber(value) { writer.number(number) } else { writer.string(value) }
            }
        }
        return writer.text
    }
}
