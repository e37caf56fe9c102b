// How long the tests that damage their input at random go on. `Scripts/fuzz 100` runs them 100 times as long.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The length of tests with random input.
public enum FuzzRounds {
    /// What `VLMC_FUZZ_ROUNDS` says, at least 1: how many times as many rounds as a plain test run does.
    public static let factor: Int =
        getenv("VLMC_FUZZ_ROUNDS").flatMap { Int(String(cString: $0)) }.map { max($0, 1) } ?? 1
}
