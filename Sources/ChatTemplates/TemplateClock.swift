// The time that strftime_now tells, which a test can fix, and its formatting as Python's datetime does it.
// Not a calendar: local time comes from the C library. Next: Library/GlobalFunctions.swift.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A local date and time without a time zone.
public struct TemplateTime: Hashable, Sendable {
    /// The year.
    public var year: Int
    /// The month, from 1.
    public var month: Int
    /// The day of the month, from 1.
    public var day: Int
    /// The hour, from 0.
    public var hour: Int
    /// The minute.
    public var minute: Int
    /// The second.
    public var second: Int
    /// The microsecond.
    public var microsecond: Int

    /// Makes a time; nothing is checked.
    public init(
        year: Int,
        month: Int,
        day: Int,
        hour: Int = 0,
        minute: Int = 0,
        second: Int = 0,
        microsecond: Int = 0
    ) {
        self.year = year
        self.month = month
        self.day = day
        self.hour = hour
        self.minute = minute
        self.second = second
        self.microsecond = microsecond
    }
}

/// Where a rendering takes the time from.
public struct TemplateClock: Sendable {
    let now: @Sendable () -> TemplateTime

    /// A clock that asks `now` whenever a template asks it.
    public init(_ now: @escaping @Sendable () -> TemplateTime) { self.now = now }

    /// A clock that stands.
    public static func fixed(_ time: TemplateTime) -> TemplateClock { TemplateClock { time } }

    /// The machine's local time.
    public static let system = TemplateClock {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        var seconds = time.tv_sec
        var fields = tm()
        localtime_r(&seconds, &fields)
        return TemplateTime(
            year: Int(fields.tm_year) + 1900,
            month: Int(fields.tm_mon) + 1,
            day: Int(fields.tm_mday),
            hour: Int(fields.tm_hour),
            minute: Int(fields.tm_min),
            second: Int(fields.tm_sec),
            microsecond: Int(time.tv_nsec) / 1000
        )
    }
}

extension TemplateTime {
    /// The longest format that `formatted` takes, in bytes; a directive may ask for padding of its own.
    static let formatLimit = 4_096

    /// The time written by a format of `strftime`, with `%f` for microseconds, and nothing for `%z` and `%Z`; nil for a
    /// format that holds a NUL or is too long.
    func formatted(_ format: [UInt8]) -> [UInt8]? {
        guard format.count <= Self.formatLimit, !format.contains(0) else { return nil }
        var prepared: [UInt8] = []
        var index = 0
        while index < format.count {
            let byte = format[index]
            index += 1
            guard byte == UInt8(ascii: "%") else {
                prepared.append(byte)
                continue
            }
            guard index < format.count else {
                prepared.append(byte)
                break
            }
            switch format[index] {
            case UInt8(ascii: "f"): prepared += String(1_000_000 + max(0, microsecond) % 1_000_000).utf8.dropFirst()
            case UInt8(ascii: "z"), UInt8(ascii: "Z"): break
            default: prepared += [byte, format[index]]
            }
            index += 1
        }
        guard !prepared.isEmpty else { return [] }
        var fields = tm()
        fields.tm_year = Int32(clamping: year) &- 1900
        fields.tm_mon = Int32(clamping: month) &- 1
        fields.tm_mday = Int32(clamping: day)
        fields.tm_hour = Int32(clamping: hour)
        fields.tm_min = Int32(clamping: minute)
        fields.tm_sec = Int32(clamping: second)
        // timegm finds the day of the week and of the year; it knows no time zone, so the rest stays as it is.
        timegm(&fields)
        fields.tm_isdst = -1
        // Where even this does not suffice the result is empty, as in Python.
        var output = [CChar](repeating: 0, count: Swift.max(1024, 256 * prepared.count))
        let count = (prepared.map { CChar(bitPattern: $0) } + [0]).withUnsafeBufferPointer { pattern in
            pattern.baseAddress.map { strftime(&output, output.count, $0, &fields) } ?? 0
        }
        return output[..<count].map { UInt8(bitPattern: $0) }
    }
}
