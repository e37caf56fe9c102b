// The known name that a misspelt one may stand for. Not a spelling checker for texts.

/// Finds the nearest of known names.
enum NearestName {
    /// The known name that is at most two edits away, or nil; of equally near ones the first in order.
    static func of(_ name: String, among known: some Collection<String>) -> String? {
        // Longer names than these are no misspellings, and comparing them would take long.
        guard name.utf8.count <= 40 else { return nil }
        let distances = known.sorted().map { ($0, distance(Array(name.utf8), Array($0.utf8))) }
        guard let nearest = distances.min(by: { $0.1 < $1.1 }), nearest.1 <= min(2, name.utf8.count - 1) else {
            return nil
        }
        return nearest.0
    }

    /// The number of bytes to insert, remove or replace (Levenshtein).
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (index, byte) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in right.indices {
                let replaced = diagonal + (byte == right[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, diagonal + 1, row[column] + 1)
            }
        }
        return row[right.count]
    }
}
