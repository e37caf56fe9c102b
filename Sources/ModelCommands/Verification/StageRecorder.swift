// Keeps those rows of each stage that a fixture has stored, while the model runs in chunks.

import ModelRuntime

/// Collects rows of stages by name.
final class StageRecorder {
    /// A row of a stage.
    struct Key: Hashable {
        let stage: String
        let row: Int
    }

    /// The rows that were asked for.
    private(set) var rows: [Key: [Float]] = [:]
    /// How often each stage was shown rows before: chunks of one prompt follow one another.
    private var offsets: [String: Int] = [:]
    private let wanted: Set<Key>

    /// A recorder for these rows.
    init(_ wanted: Set<Key>) { self.wanted = wanted }

    /// The observer that a model is given.
    var observer: StageObserver {
        StageObserver { [self] rows in record(rows) }
    }

    private func record(_ stage: StageObserver.Rows) {
        let name = stage.layer.map { "\(stage.stage).\($0)" } ?? stage.stage
        let first = offsets[name] ?? 0
        offsets[name] = first + stage.rowCount
        for row in 0..<stage.rowCount {
            let key = Key(stage: name, row: first + row)
            guard wanted.contains(key) else { continue }
            rows[key] = Array(stage.values[row * stage.width..<(row + 1) * stage.width])
        }
    }
}
