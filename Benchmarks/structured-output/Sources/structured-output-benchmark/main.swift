// Random walks through the masks of each constraint, with the time that every token took.
// Not a comparison with other libraries. Next: SyntheticVocabulary.swift, Workloads.swift.

import StructuredOutput

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What a walk may cost at most in tokens.
let tokensOfWalk = 300

/// Microseconds of this thread's processor time, which other programs on the machine hardly change.
func microseconds(_ work: () throws -> Void) rethrows -> Double {
    func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e6 + Double(time.tv_nsec) / 1e3
    }
    let start = now()
    try work()
    return now() - start
}

func columns(_ texts: [String]) -> String {
    texts.enumerated().map { index, text in
        let pad = String(repeating: " ", count: max((index == 0 ? 22 : 10) - text.count, 0))
        return index == 0 ? text + pad : pad + text
    }.joined()
}

func digits(_ value: Double) -> String {
    value >= 100 ? String(Int(value.rounded())) : String(Double(Int((value * 10).rounded())) / 10)
}

/// The constraints to measure; all of them if none is named.
let only = CommandLine.arguments.dropFirst(3)
let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
let size = arguments.first ?? 152_000
let walks = arguments.count > 1 ? arguments[1] : 20
var made: TokenVocabulary?
let making = microseconds { made = SyntheticVocabulary.vocabulary(count: size) }
guard let vocabulary = made else { preconditionFailure("the vocabulary was made above") }
print("\(size) tokens; inventing them and building the tries took \(digits(making / 1000)) ms")
print("microseconds of processor time for each token (mask and accept); cold: the first walk, warm: all others")
print(columns(["", "compile", "cold", "cold max", "warm", "p99", "max", "tokens", "top", "stack"]))

for (name, constraint) in workloads where only.isEmpty || only.contains(name) {
    let compiler = ConstraintCompiler(vocabulary: vocabulary)
    var result: CompiledConstraint?
    let compileTime = try microseconds { result = try compiler.compile(constraint) }
    guard let compiled = result else { continue }
    var random = SyntheticWalk(vocabulary: vocabulary)
    var cold: [Double] = []
    var warm: [Double] = []
    for walk in 0..<walks {
        var state = ConstraintState(compiled)
        for _ in 0..<tokensOfWalk where !state.isEnded {
            var mask: TokenMask?
            let maskTime = microseconds { mask = state.allowedTokens() }
            guard let token = mask.flatMap({ random.token(of: $0) }) else { break }
            let acceptTime = microseconds { _ = state.accept(token) }
            if walk == 0 { cold.append(maskTime + acceptTime) } else { warm.append(maskTime + acceptTime) }
        }
    }
    warm.sort()
    let statistics = compiled.statistics
    func mean(_ times: [Double]) -> Double { times.reduce(0, +) / Double(max(times.count, 1)) }
    print(
        columns([
            name, digits(compileTime), digits(mean(cold)), digits(cold.max() ?? 0), digits(mean(warm)),
            digits(warm.isEmpty ? 0 : warm[warm.count * 99 / 100]), digits(warm.last ?? 0),
            String(cold.count + warm.count), String(statistics.topMasksMade), String(statistics.stackMasksMade),
        ])
    )
}
