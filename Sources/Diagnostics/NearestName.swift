// Finds the known name that a user probably meant: "did you mean `kv-heads`?".
// Not a search: a guess that is too far away is worse than none, so there is a cut-off.

/// The name among `names` that `name` was probably meant to be, or nil if none is close.
///
/// Case, `_` and `-` do not count as differences. Otherwise close means at most one edit (insertion, deletion,
/// replacement, exchange of neighbours) for every three characters of the shorter name. Of equally close names the
/// first one wins.
public func nearestName(to name: some StringProtocol, among names: some Sequence<String>) -> String? {
    let wanted = comparable(name)
    guard !wanted.isEmpty, wanted.count <= longestComparedName else { return nil }
    var best: (name: String, distance: Int)?
    for candidate in names {
        let known = comparable(candidate)
        guard !known.isEmpty, known.count <= longestComparedName else { continue }
        let allowed = min(wanted.count, known.count) / 3
        guard abs(wanted.count - known.count) <= allowed else { continue }
        let distance = editDistance(wanted, known)
        if distance <= allowed, distance < (best?.distance ?? .max) { best = (candidate, distance) }
    }
    return best?.name
}

/// Longer names are not compared: the work is quadratic in the length, and no key is that long.
private let longestComparedName = 96

private func comparable(_ name: some StringProtocol) -> [Character] {
    name.lowercased().map { $0 == "_" ? "-" : $0 }
}

/// The number of single-character edits between two names, an exchange of neighbours counting as one.
///
/// *Source*: optimal string alignment, Damerau 1964.
func editDistance(_ left: [Character], _ right: [Character]) -> Int {
    if left.isEmpty || right.isEmpty { return max(left.count, right.count) }
    var beforePrevious: [Int] = []
    var previous = Array(0...right.count)
    for row in 1...left.count {
        var current = [row]
        current.reserveCapacity(right.count + 1)
        for column in 1...right.count {
            let replacement = previous[column - 1] + (left[row - 1] == right[column - 1] ? 0 : 1)
            var best = min(replacement, previous[column] + 1, current[column - 1] + 1)
            if row > 1, column > 1, left[row - 1] == right[column - 2], left[row - 2] == right[column - 1] {
                best = min(best, beforePrevious[column - 2] + 1)
            }
            current.append(best)
        }
        beforePrevious = previous
        previous = current
    }
    return previous[right.count]
}
