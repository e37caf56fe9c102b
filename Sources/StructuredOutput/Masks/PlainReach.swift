// How much plain text may follow a configuration whatever it says: tokens of so much plain text need not be tried.
// Not the masks themselves. Next: MaskComputation.swift.

/// Finds how many characters of any plain text a configuration takes.
struct PlainReach {
    /// Longer reaches are not told apart unless they have no end.
    private static let characterLimit = 32
    private static let configurationLimit = 64

    private struct Move: Hashable {
        let byteClass: Int
        let next: PlainText.State
    }

    /// The classes of bytes that may come in each state of plain text.
    private let moves: [[Move]]

    init(_ classes: ByteClasses) {
        moves = PlainText.State.allCases.map { state in
            var moves: Set<Move> = []
            for byte in UInt8.min...UInt8.max {
                guard let next = state.next(byte) else { continue }
                moves.insert(Move(byteClass: Int(classes.classOfByte[Int(byte)]), next: next))
            }
            return moves.sorted { ($0.byteClass, $0.next.rawValue) < ($1.byteClass, $1.next.rawValue) }
        }
    }

    /// How many characters may follow `number`; `Int.max` if any number may.
    func characters(from number: ConfigurationStore.Number, in store: ConfigurationStore) -> Int {
        var seen: Set<ConfigurationStore.Number> = [number]
        var frontier = [number]
        for count in 0..<Self.characterLimit {
            var next: Set<ConfigurationStore.Number> = []
            for number in frontier where !follow(number, .boundary, in: store, to: &next) { return count }
            frontier = next.filter { seen.insert($0).inserted }
            if frontier.isEmpty { return Int.max }
            if seen.count > Self.configurationLimit { return count + 1 }
        }
        return Self.characterLimit
    }

    /// Collects the configurations after one character; false if some character cannot come.
    private func follow(
        _ number: ConfigurationStore.Number,
        _ state: PlainText.State,
        in store: ConfigurationStore,
        to ends: inout Set<ConfigurationStore.Number>
    ) -> Bool {
        for move in moves[state.rawValue] {
            let next = store.next(number, class: move.byteClass)
            if next == ConfigurationStore.dead { return false }
            if move.next == .boundary {
                ends.insert(next)
            } else if !follow(next, move.next, in: store, to: &ends) {
                return false
            }
        }
        return true
    }
}
