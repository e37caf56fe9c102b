// Every error of loading, once: where, what was found, what would be right.
// Not errors of rendering: RenderingErrorTests.swift.

import Testing

@testable import ChatTemplates

@Suite struct LoadingErrorTests {
    /// Templates, and what is said of each behind the name of the file; a list of all names is cut off.
    private static let errors: [(source: String, description: String)] = [
        ("{{ 'abc }}", "1:4: this string has no end; expected '"),
        ("{# x", "1:1: this comment has no end; expected '#}'"),
        ("{% raw %}x", "1:1: '{% raw %}' has no end; expected '{% endraw %}'"),
        ("{{ a", "1:1: this tag has no end; expected '}}'"),
        ("{% if (a", "1:1: this tag has no end; expected ')'"),
        ("{{ a ! b }}", #"1:6: '!' cannot stand here; strings are quoted by ' or ""#),
        ("{{ a) }}", "1:5: found ')', which nothing opened"),
        ("{{ (a] }}", "1:6: found ']', expected ')'"),
        ("{{ 99999999999999999999 }}", "1:4: this integer is too large; integers have 64 bits here"),
        (#"{{ '\x4' }}"#, #"1:5: '\x' needs 2 hexadecimal digits behind it"#),
        (#"{{ '\u12' }}"#, #"1:5: '\u' needs 4 hexadecimal digits behind it"#),
        (#"{{ '\N{DASH}' }}"#, #"1:5: '\N{...}' is not supported; write '\u' and four digits"#),
        (#"{{ '\ud800' }}"#, "1:5: this escape stands for no character"),
        ("{{ 1 + }}", "1:8: found '}}', expected an expression"),
        ("{{ }}", "1:4: found '}}', expected an expression"),
        ("{{ a b }}", "1:6: found 'b', expected '}}'"),
        ("{{ a. }}", "1:7: found '}}', expected a name or an index behind '.'"),
        ("{{ a[1, ] }}", "1:9: found ']', expected an expression"),
        ("{{ {1} }}", "1:6: found '}', expected ':'"),
        ("{{ f(*a, *b) }}", "1:10: '*' stands too late; the order is values, names with values, '*', '**'"),
        ("{{ f(**a, **b) }}", "1:11: '**' stands too late; the order is values, names with values, '*', '**'"),
        (
            "{{ f(**a, b) }}",
            "1:11: this argument stands too late; the order is values, names with values, '*', '**'"
        ),
        (
            "{{ f(a=1, b) }}",
            "1:11: this argument stands too late; the order is values, names with values, '*', '**'"
        ),
        ("{{ f(**a, b=1) }}", "1:11: 'b' stands too late; the order is values, names with values, '*', '**'"),
        ("{{ f(a=1, a=2) }}", "1:11: the argument 'a' is given twice"),
        ("{{ x|nope }}", "1:6: there is no filter 'nope'; supported are"),
        ("{{ x|urlize }}", "1:6: the filter 'urlize' is not supported in chat templates; supported are"),
        ("{{ x is nope }}", "1:9: there is no test 'nope'; did you mean 'none'? supported are"),
        ("{{ x|map('nope') }}", "1:6: there is no filter 'nope'; supported are"),
        ("{{ x|select('nope') }}", "1:6: there is no test 'nope'; did you mean 'none'? supported are"),
        ("{{ x is string is string }}", "1:16: tests cannot be chained; write 'x is a and x is b'"),
        ("{{ x.encode() }}", "1:5: the method 'encode' is not supported in chat templates"),
        ("{{ lipsum() }}", "1:4: the function 'lipsum' is not supported in chat templates"),
        ("{% include 'x' %}", "1:4: the tag 'include' is not supported in chat templates; supported are"),
        ("{% endif %}", "1:4: found 'endif', which belongs to no open tag"),
        ("{% else %}", "1:4: found 'else', which belongs to no open tag"),
        ("{% 1 %}", "1:4: found '1', expected the name of a tag"),
        ("{% if x %}", "1:11: '{% if %}' has no end; expected '{% elif %}' or '{% else %}' or '{% endif %}'"),
        (
            "{% if x %}{% endfor %}",
            "1:14: found 'endfor', expected '{% elif %}' or '{% else %}' or '{% endif %}', which ends '{% if %}'"
        ),
        ("{% for x in y %}", "1:17: '{% for %}' has no end; expected '{% else %}' or '{% endfor %}'"),
        ("{% for x %}{% endfor %}", "1:10: found '%}', expected 'in'"),
        ("{% for none in y %}{% endfor %}", "1:8: 'none' is a constant and cannot be assigned to"),
        ("{% for loop in y %}{% endfor %}", "1:8: 'loop' cannot be assigned to inside a loop"),
        ("{% for x in y %}{% set loop = 1 %}{% endfor %}", "1:24: 'loop' cannot be assigned to inside a loop"),
        ("{% set 1 = 2 %}", "1:8: found '1', expected a name to assign to"),
        ("{% set a.b.c = 2 %}", "1:11: found '.', expected '%}'"),
        ("{% set x = %}", "1:12: found '%}', expected an expression"),
        ("{% filter %}{% endfilter %}", "1:11: found '%}', expected a name"),
        (
            "{% call 1 %}{% endcall %}",
            "1:9: '{% call %}' needs the call of a macro, as in '{% call card(title) %}'"
        ),
        ("{% macro m(a, a) %}{% endmacro %}", "1:15: there are two parameters 'a'"),
        (
            "{% macro m(a=1, b) %}{% endmacro %}",
            "1:17: the parameter 'b' needs a default value, as the one before it has one"
        ),
        ("{% macro m(caller) %}{{ caller }}{% endmacro %}", "1:4: the parameter 'caller' needs a default value"),
        ("{% break %}", "1:4: 'break' stands outside a loop"),
        (
            "{% for x in y %}{% macro m() %}{% continue %}{% endmacro %}{% endfor %}",
            "1:35: 'continue' stands outside a loop"
        ),
        ("{% with a %}{% endwith %}", "1:11: found '%}', expected '='"),
        ("{% if x", "1:1: this tag has no end; expected '%}'"),
        ("{{ x|tojosn }}", "1:6: there is no filter 'tojosn'; did you mean 'tojson'? supported are"),
        ("{{ x is defind }}", "1:9: there is no test 'defind'; did you mean 'defined'? supported are"),
        (
            "{% for x in y %}{% endif %}{% endfor %}",
            "1:20: found 'endif', expected '{% else %}' or '{% endfor %}', which ends '{% for %}'"
        ),
    ]

    @Test(arguments: errors.indices)
    func errorsSayWhatWouldBeRight(index: Int) {
        let (source, expected) = Self.errors[index]
        let error = #expect(throws: TemplateError.self) { try ChatTemplate(source, name: "chat.jinja") }
        #expect(error?.kind == .syntax)
        let description = error?.description ?? ""
        if expected.hasSuffix("supported are") {
            #expect(description.hasPrefix("chat.jinja:" + expected + " "))
        } else {
            #expect(description == "chat.jinja:" + expected)
        }
    }

    @Test func placesCountLinesAndBytes() {
        let places: [(String, String)] = [
            ("a\n{{ 1 }}\n  {{ b c }}", "3:8"), ("é{{ b c }}", "1:8"), ("a\r\nb\rc\n{{ b c }}", "4:6"),
            ("{{ 1\n +\n* }}", "3:1"), ("{% if x %}\n{# y #}\n{% nope %}", "3:4"), ("{{ '\n\n' }}{{ b c }}", "3:10"),
        ]
        for (source, place) in places {
            let error = #expect(throws: TemplateError.self) { try ChatTemplate(source, name: "t") }
            #expect(error.map { "\($0.line):\($0.column)" } == place, "\(source.debugDescription)")
        }
    }
}
