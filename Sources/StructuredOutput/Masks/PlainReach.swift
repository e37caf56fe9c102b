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
            guard let next = afterOneCharacter(frontier, in: store) else { return count }
            frontier = next.filter { seen.insert($0).inserted }
            if frontier.isEmpty { return Int.max }
            if seen.count > Self.configurationLimit { return count + 1 }
        }
        return Self.characterLimit
    }

    /// The configurations after one character; nil if some character cannot come.
    private func afterOneCharacter(
        _ numbers: [ConfigurationStore.Number],
        in store: ConfigurationStore
    ) -> Set<ConfigurationStore.Number>? {
        var ends: Set<ConfigurationStore.Number> = []
        var open = numbers.map { Place(number: $0, state: .boundary) }
        var seen: Set<Place> = []
        while let place = open.popLast() {
            for move in moves[place.state.rawValue] {
                let next = store.next(place.number, class: move.byteClass)
                if next == ConfigurationStore.dead { return nil }
                if move.next == .boundary {
                    ends.insert(next)
                } else {
                    let further = Place(number: next, state: move.next)
                    if seen.insert(further).inserted { open.append(further) }
                }
            }
        }
        return ends
    }

    private struct Place: Hashable {
        let number: ConfigurationStore.Number
        let state: PlainText.State
    }
}
