// The time of day, for answers and logs. Durations are measured by clocks that nobody sets.

import Glibc

enum WallClock {
    /// Seconds since 1970.
    static var seconds: Int { time(nil) }
}
