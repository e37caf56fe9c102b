// Whose turn it is.

import Testing

@testable import ServingEngine

@Suite struct WaitingQueueTests {
    @Test func requestsOfOneUserKeepTheirOrder() {
        var queue = WaitingQueue<Int>()
        for index in 0..<5 { queue.append(index, id: UInt64(index), user: "a", priority: 0) }
        #expect(queue.remove(id: 2, user: "a") == 2)
        #expect(queue.remove(id: 2, user: "a") == nil)
        #expect(queue.count == 4)
        var order: [Int] = []
        while let next = queue.popNext() { order.append(next) }
        #expect(order == [0, 1, 3, 4])
    }

    @Test func lowerPrioritiesGoFirst() {
        var queue = WaitingQueue<String>()
        queue.append("late", id: 1, user: "a", priority: 5)
        queue.append("soon", id: 2, user: "a", priority: -1)
        queue.append("normal", id: 3, user: "b", priority: 0)
        #expect([queue.popNext(), queue.popNext(), queue.popNext()] == ["soon", "normal", "late"])
    }

    /// One user asks for a hundred long answers, another for ten short ones: both have the same share of the work.
    @Test func workIsShared() {
        var queue = WaitingQueue<String>()
        for id in 0..<100 { queue.append("greedy", id: UInt64(id), user: "greedy", priority: 0) }
        for id in 100..<200 { queue.append("modest", id: UInt64(id), user: "modest", priority: 0) }
        var work = ["greedy": 0, "modest": 0]
        for _ in 0..<110 {
            guard let name = queue.popNext() else { break }
            let tokens = name == "greedy" ? 500 : 50
            queue.charge(name, read: 0, written: tokens)
            work[name, default: 0] += tokens
        }
        #expect(abs(work["greedy", default: 0] - work["modest", default: 0]) <= 500)
    }

    /// Who was away is not owed the work that others had meanwhile.
    @Test func idlenessIsNotSavedUp() {
        var queue = WaitingQueue<String>()
        queue.append("a", id: 1, user: "a", priority: 0)
        _ = queue.popNext()
        queue.charge("a", read: 10_000, written: 0)
        queue.append("b", id: 2, user: "b", priority: 0)
        queue.append("a", id: 3, user: "a", priority: 0)
        // Both stand equal: the one that came first goes first, and then they take turns.
        #expect(queue.popNext() == "b")
        queue.charge("b", read: 10, written: 0)
        queue.append("b", id: 4, user: "b", priority: 0)
        #expect(queue.popNext() == "a")
    }
}
