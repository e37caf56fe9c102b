// Functions of the C library, by names that do not clash, for reference computations in tests.

import Glibc

/// e to the power of `x`.
func exponential(_ x: Double) -> Double { exp(x) }

/// The natural logarithm of `x`.
func logarithm(_ x: Double) -> Double { log(x) }
