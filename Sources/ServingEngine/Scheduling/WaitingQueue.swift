// The requests that wait, and whose turn is next. Fair between users by the work that was done for each of them.
// Not whether there is room for the next: StepPlanner.swift.

/// Requests that wait.
///
/// Lower priorities first. Among equal ones the user goes first for whom the least work has been done; requests of a user
/// keep their order. Who comes back after a pause starts where the least served of the present users stands: idleness is
/// not saved up.
///
/// *Source*: the virtual token counter of Sheng et al., "Fairness in Serving Large Language Models", OSDI 2024, with
/// its weights of 1 for a token read and 2 for a token written.
struct WaitingQueue<Request> {
    /// A request that waits.
    private struct Entry {
        let request: Request
        let id: UInt64
        let priority: Int
        let arrival: UInt64
    }

    private struct User {
        var work = 0.0
        /// Requests that wait or run.
        var requests = 0
        var waiting: [Entry] = []
    }

    private var users: [String: User] = [:]
    private var arrivals: UInt64 = 0
    /// Requests that wait.
    private(set) var count = 0

    /// The most users without requests whose work is remembered.
    private static var rememberedUsers: Int { 4096 }

    /// Adds a request behind those of its user.
    mutating func append(_ request: Request, id: UInt64, user: String, priority: Int) {
        arrive(user)
        arrivals += 1
        users[user]?.waiting.append(Entry(request: request, id: id, priority: priority, arrival: arrivals))
        users[user]?.requests += 1
        count += 1
    }

    /// The request whose turn it is.
    var next: Request? { nextPlace.map { users[$0.user]?.waiting[$0.index].request } ?? nil }

    /// Takes the request whose turn it is. It counts for its user until `leave`.
    mutating func popNext() -> Request? {
        guard let place = nextPlace else { return nil }
        count -= 1
        return users[place.user]?.waiting.remove(at: place.index).request
    }

    /// Takes a request that is no longer wanted; nil if it does not wait.
    mutating func remove(id: UInt64, user: String) -> Request? {
        guard let index = users[user]?.waiting.firstIndex(where: { $0.id == id }) else { return nil }
        count -= 1
        return users[user]?.waiting.remove(at: index).request
    }

    /// The requests that wait, in the order of their arrival.
    var all: [Request] {
        users.values.flatMap(\.waiting).sorted { $0.arrival < $1.arrival }.map(\.request)
    }

    /// Takes note that a request of `user` has ended.
    mutating func leave(_ user: String) {
        users[user]?.requests -= 1
        let idle = users.filter { $0.value.requests == 0 }
        if idle.count > Self.rememberedUsers, let least = idle.min(by: { $0.value.work < $1.value.work }) {
            users[least.key] = nil
        }
    }

    /// Takes note of work that was done for `user`.
    mutating func charge(_ user: String, read: Int, written: Int) {
        users[user]?.work += Double(read) + 2 * Double(written)
    }

    private mutating func arrive(_ name: String) {
        guard (users[name]?.requests ?? 0) == 0 else { return }
        let least = users.values.lazy.filter { $0.requests > 0 }.map(\.work).min() ?? 0
        users[name, default: User()].work = max(users[name]?.work ?? 0, least)
    }

    /// The request whose turn it is: each user's first of its lowest priority, and of these the least served user's.
    private var nextPlace: (user: String, index: Int)? {
        var best: (user: String, index: Int, rank: (Int, Double, UInt64))?
        for (name, user) in users {
            guard let index = user.waiting.indices.min(by: { rank(user, $0) < rank(user, $1) }) else { continue }
            let found = rank(user, index)
            if best.map({ found < $0.rank }) ?? true { best = (name, index, found) }
        }
        return best.map { ($0.user, $0.index) }
    }

    private func rank(_ user: User, _ index: Int) -> (Int, Double, UInt64) {
        (user.waiting[index].priority, user.work, user.waiting[index].arrival)
    }
}
