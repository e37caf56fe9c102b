// The formats of strings that are obeyed, as regular expressions over ASCII.
// Some are narrower than their standards, never wider; docs/structured-output.md says where. Next: StringLanguage.swift.

enum StringFormats {
    /// The formats, sorted.
    static let names = patterns.keys.sorted()

    /// The texts of a format; nil if it is not known.
    static func automaton(_ name: String) throws(ConstraintError) -> CharacterAutomaton? {
        guard let pattern = patterns[name] else { return nil }
        return CharacterAutomatonBuilder.automaton(of: try RegexParser.pattern(pattern).wholeMatch)
    }

    private static let patterns: [String: String] = [
        "date": date, "time": time, "date-time": "(?:\(date))T(?:\(time))", "duration": duration, "uuid": uuid,
        "email": "\(localPart)@(?:\(hostname))", "hostname": hostname, "ipv4": ipv4, "ipv6": ipv6, "uri": uri,
    ]

    // RFC 3339, with the days that a month has. Without the year 0000, leap seconds and lower-case letters.
    private static let date: String = {
        let month31 = "(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
        let month30 = "(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
        let february = "02-(?:0[1-9]|1[0-9]|2[0-8])"
        let year = "(?:[0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)"
        let multipleOf4 = "(?:0[48]|[2468][048]|[13579][26])"
        let leapYear = "(?:[0-9]{2}\(multipleOf4)|\(multipleOf4)00)"
        return "\(year)-(?:\(month31)|\(month30)|\(february))|\(leapYear)-02-29"
    }()
    private static let time =
        "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,9})?(?:Z|[+\\-](?:[01][0-9]|2[0-3]):[0-5][0-9])"

    // RFC 3339, appendix A, with at most nine digits for each unit.
    private static let duration: String = {
        let number = "[0-9]{1,9}"
        let seconds = "\(number)S"
        let minutes = "\(number)M(?:\(seconds))?"
        let time = "T(?:\(number)H(?:\(minutes))?|\(minutes)|\(seconds))"
        let days = "\(number)D"
        let months = "\(number)M(?:\(days))?"
        let date = "(?:\(number)Y(?:\(months))?|\(months)|\(days))(?:\(time))?"
        return "P(?:\(date)|\(time)|\(number)W)"
    }()

    private static let uuid = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"

    // RFC 5321's dot-string: at most 64 characters, in one atom, two of 31 and 32, or four of 16 and 15.
    private static let localPart: String = {
        let atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\-]"
        return "(?:\(atom){1,64}|\(atom){1,31}\\.\(atom){1,32}|\(atom){1,16}(?:\\.\(atom){1,15}){1,3})"
    }()

    // RFC 1123. A name has at most 253 characters: three labels of 63, or eight of 30.
    private static let hostname: String = {
        func label(_ length: Int) -> String { "[A-Za-z0-9](?:[A-Za-z0-9\\-]{0,\(length - 2)}[A-Za-z0-9])?" }
        return "\(label(63))(?:\\.\(label(63))){0,2}|\(label(30))(?:\\.\(label(30))){0,7}"
    }()

    private static let octet = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
    private static let ipv4 = "\(octet)(?:\\.\(octet)){3}"

    // RFC 4291: eight groups, the last two perhaps as an IPv4 address, one run of zero groups perhaps as `::`.
    private static let ipv6: String = {
        let group = "[0-9a-fA-F]{1,4}"
        let last = "(?:\(group):\(group)|\(ipv4))"
        var forms = ["(?:\(group):){6}\(last)"]
        for before in 0...7 {
            let head = before == 0 ? "" : "\(group)(?::\(group)){\(before - 1)}"
            // At least one group is left out.
            let after = 7 - before
            var tails: [String] = [""]
            if after >= 1 { tails.append("\(group)(?::\(group)){0,\(after - 1)}") }
            if after >= 2 { tails.append("(?:\(group):){0,\(after - 2)}\(ipv4)") }
            forms.append("\(head)::(?:\(tails.joined(separator: "|")))")
        }
        return forms.joined(separator: "|")
    }()

    // RFC 3986, with an authority or a path after the scheme.
    private static let uri: String = {
        let unreserved = "[A-Za-z0-9\\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2}"
        let segment = "(?:\(unreserved))*"
        let authority = "(?:[A-Za-z0-9\\-._~!$&'()*+,;=:]|%[0-9A-Fa-f]{2})*@"
        let host = "(?:(?:[A-Za-z0-9\\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})+|\\[(?:\(ipv6))\\])(?::[0-9]{1,5})?"
        let path = "(?:/\(segment))*"
        let rest = "(?:\\?(?:\(unreserved)|[/?])*)?(?:#(?:\(unreserved)|[/?])*)?"
        let rootless = "/?(?:\(unreserved))+(?:/\(segment))*"
        return "[A-Za-z][A-Za-z0-9+\\-.]*:(?://(?:\(authority))?\(host)\(path)|\(rootless))\(rest)"
    }()
}
