// Measures ThreadPool: the cost of a call, and its speed while another process takes one core.
// Not kernels: a chunk here counts in a register for some microseconds. Usage: threads-benchmark [seconds a case]

import Glibc
import ModelRuntime

/// Work of a fixed number of instructions; depends on nothing in memory.
@inline(never)
func spin(_ rounds: Int) -> UInt64 {
    var state: UInt64 = 1
    for _ in 0..<rounds { state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407 }
    return state
}

func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// Calls a second, each of `chunks` chunks of `rounds` rounds: the median of slices of a tenth of the time.
func callsPerSecond(_ pool: ThreadPool, chunks: Int, rounds: Int, seconds: Double) -> Double {
    var rounds = rounds
    var rates: [Double] = []
    for _ in 0..<10 {
        let start = now()
        var calls = 0
        repeat {
            for _ in 0..<16 {
                pool.run(chunks: chunks, context: &rounds) { context, _, _ in
                    let rounds = context.assumingMemoryBound(to: Int.self).pointee
                    precondition(spin(rounds) != 0)
                }
            }
            calls += 16
        } while now() - start < seconds / 10
        rates.append(Double(calls) / (now() - start))
    }
    return rates.sorted()[5]
}

/// A process that does nothing but take the last CPU: this program again.
func startHog() -> pid_t {
    var child = pid_t()
    let last = sysconf(Int32(_SC_NPROCESSORS_ONLN)) - 1
    let words = ["taskset", "-c", String(last), CommandLine.arguments[0], "hog"]
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    defer { arguments.forEach { free($0) } }
    precondition(posix_spawnp(&child, words[0], nil, nil, &arguments, environ) == 0, "cannot start \(words[0])")
    usleep(100_000)
    return child
}

/// A number with two digits behind the point.
func text(_ x: Double) -> String {
    let hundredths = Int((x * 100).rounded())
    return "\(hundredths / 100).\(hundredths % 100 / 10)\(hundredths % 10)"
}

func show(_ what: String, _ figure: Double, _ unit: String, limit: Double, isAtMost: Bool) {
    let verdict = (isAtMost ? figure <= limit : figure >= limit) ? "holds" : "EXCEEDED"
    print("\(what): \(text(figure)) \(unit), limit \(text(limit)), ratio \(text(figure / limit)), \(verdict)")
}

if CommandLine.arguments.dropFirst().first == "hog" {
    while spin(1 << 20) != 0 {}
}

let seconds = CommandLine.arguments.dropFirst().first.flatMap(Double.init) ?? 1
let one = ThreadPool(threads: 1)
let two = ThreadPool(threads: 2)
let before = two.joins
let empty = callsPerSecond(two, chunks: 2, rounds: 0, seconds: seconds)
print("joins counted: \(two.joins - before)")
show("a call of two empty chunks", 1e6 / empty, "us", limit: 3, isAtMost: true)

// As a decode step: calls of 16 chunks of 4 us.
let sample = 100_000
let rounds = Int(4e-6 * Double(sample) * callsPerSecond(one, chunks: 1, rounds: sample, seconds: 0.2))
for isDisturbed in [false, true] {
    let hog = isDisturbed ? startHog() : 0
    let alone = callsPerSecond(one, chunks: 16, rounds: rounds, seconds: seconds)
    let together = callsPerSecond(two, chunks: 16, rounds: rounds, seconds: seconds)
    if hog != 0 {
        kill(hog, SIGKILL)
        waitpid(hog, nil, 0)
    }
    show(
        isDisturbed ? "2 threads beside a process on one core, of 1 thread's speed" : "2 threads, of 1 thread's speed",
        together / alone,
        "x",
        limit: isDisturbed ? 0.8 : 1.8,
        isAtMost: false
    )
}
