// Every error of rendering, once: where, and what is wrong. A table, hence its length.
// Not errors of loading: LoadingErrorTests.swift. Not limits of length and depth: LimitTests.swift.

import Testing

@testable import ChatTemplates

@Suite struct RenderingErrorTests {
    /// Templates, and what is said of each behind the name of the file.
    private static let errors: [(source: String, kind: TemplateError.Kind, description: String)] = [
        ("{{ x.y }}", .evaluation, "1:5: 'x' is undefined"),
        ("{{ none.y.z }}", .evaluation, "1:10: a value of type None has no attribute 'y'"),
        ("{{ x['y'] }}", .evaluation, "1:5: 'x' is undefined"),
        ("{{ x() }}", .evaluation, "1:5: 'x' is undefined"),
        ("{{ x + 1 }}", .evaluation, "1:4: 'x' is undefined"),
        ("{{ 1 + x }}", .evaluation, "1:4: 'x' is undefined"),
        ("{{ -x }}", .evaluation, "1:4: 'x' is undefined"),
        ("{{ x < 1 }}", .evaluation, "1:8: 'x' is undefined"),
        ("{{ x[1:] }}", .evaluation, "1:5: 'x' is undefined"),
        ("{{ 'a'.nope() }}", .evaluation, "1:12: a value of type str has no attribute 'nope'"),
        (
            "{{ [].append(1) }}", .evaluation,
            "1:13: 'append' of a value of type list would change or escape it, which chat templates may not"
        ),
        ("{{ ''.__class__() }}", .evaluation, "1:16: a value of type str has no attribute '__class__'"),
        ("{{ {}.a.b }}", .evaluation, "1:8: a value of type dict has no attribute 'a'"),
        ("{{ [][0].b }}", .evaluation, "1:9: a value of type list has no element 0"),
        ("{{ ('x' if false).y }}", .evaluation, "1:18: the condition behind 'if' is false, and there is no 'else'"),
        ("{{ 1 + 'a' }}", .evaluation, "1:4: '+' does not work on values of types int and str"),
        ("{{ 1 < 'a' }}", .evaluation, "1:8: '<' does not work on values of types int and str"),
        ("{{ -'a' }}", .evaluation, "1:4: a value of type str has no sign"),
        ("{{ 1 / 0 }}", .evaluation, "1:4: division by zero"),
        ("{{ 1.5 // 0 }}", .evaluation, "1:4: division by zero"),
        ("{{ 0 ** -1 }}", .evaluation, "1:4: division by zero"),
        ("{{ (-8) ** 0.5 }}", .evaluation, "1:5: a negative number to a broken power is no real number"),
        ("{{ 10.0 ** 400 }}", .evaluation, "1:4: a number becomes too large"),
        (
            "{{ 9223372036854775807 + 1 }}", .evaluation,
            "1:4: an integer becomes too large; integers have 64 bits here"
        ),
        (
            "{{ (-9223372036854775807 - 1)|abs }}", .evaluation,
            "1:31: an integer becomes too large; integers have 64 bits here"
        ),
        ("{{ 2 ** 64 }}", .evaluation, "1:4: an integer becomes too large; integers have 64 bits here"),
        (
            "{{ '99999999999999999999'|int }}", .evaluation,
            "1:27: an integer becomes too large; integers have 64 bits here"
        ),
        ("{{ 1e30|int }}", .evaluation, "1:9: an integer becomes too large; integers have 64 bits here"),
        ("{{ big + 1 }}", .evaluation, "1:4: an integer becomes too large; integers have 64 bits here"),
        ("{{ big.bit_length() }}", .evaluation, "1:18: this integer is too large"),
        ("{{ 1 in 'a' }}", .evaluation, "1:9: 'in <string>' needs a string, not a value of type int"),
        ("{{ 1 in 2 }}", .evaluation, "1:9: a value of type int has no elements to iterate over"),
        ("{{ {[]: 1} }}", .evaluation, "1:5: a value of type list cannot be a key"),
        ("{{ {}[0].x }}", .evaluation, "1:9: a value of type dict has no element 0"),
        ("{{ 5[1:] }}", .evaluation, "1:5: a value of type int cannot be sliced"),
        ("{{ 'a'[::0] }}", .evaluation, "1:7: the step of a slice cannot be 0"),
        ("{{ 'a'['b':] }}", .evaluation, "1:7: '[:]' needs an integer, not a value of type str"),
        ("{{ 5() }}", .evaluation, "1:5: a value of type int cannot be called"),
        ("{{ range }}", .evaluation, "1:4: a value of type method has no text"),
        ("{{ [1]|map('upper') }}", .evaluation, "1:8: an iterator has no text; turn it into a list with '|list'"),
        ("{{ cycler(1) }}", .evaluation, "1:10: a value of type cycler has no text"),
        ("{% for x in 5 %}{% endfor %}", .evaluation, "1:13: a value of type int has no elements to iterate over"),
        ("{% set a, b = 1, 2, 3 %}", .evaluation, "1:8: there are 3 values for 2 names"),
        (
            "{% set x.a = 1 %}", .evaluation,
            "1:8: only attributes of a namespace(...) can be set, not of a value of type Undefined"
        ),
        (
            "{% set n = namespace() %}{% set n._a = 1 %}", .evaluation,
            "1:33: attributes of a namespace may not start with an underscore, as '_a' does"
        ),
        (
            "{{ namespace([('_a', 1)]) }}", .evaluation,
            "1:13: attributes of a namespace may not start with an underscore, as '_a' does"
        ),
        ("{{ namespace({1: 2}) }}", .evaluation, "1:13: 'namespace' needs a string, not a value of type int"),
        ("{{ dict(1) }}", .evaluation, "1:8: a value of type int has no elements to iterate over"),
        ("{{ dict([1]) }}", .evaluation, "1:8: a value of type int has no elements to iterate over"),
        ("{{ dict([(1, 2, 3)]) }}", .evaluation, "1:8: 'dict' needs pairs of a key and a value"),
        ("{{ dict({}, {}) }}", .evaluation, "1:8: 'dict' takes one value, and names with values"),
        ("{{ f(**5) if f else dict(**5) }}", .evaluation, "1:28: '**' needs a dictionary, not a value of type int"),
        ("{{ dict(**{1: 2}) }}", .evaluation, "1:11: the names behind '**' have to be strings"),
        ("{{ dict(a=1, **{'a': 2}) }}", .evaluation, "1:16: the argument 'a' is given twice"),
        ("{% macro m() %}{% endmacro %}{{ m(a=1) }}", .evaluation, "1:34: the macro 'm' takes no argument 'a'"),
        (
            "{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}", .evaluation,
            "1:35: the macro 'm' takes at most 1 values, not 2"
        ),
        ("{% macro m(a) %}{{ a.b }}{% endmacro %}{{ m() }}", .evaluation, "1:21: the parameter 'a' was not given"),
        (
            "{% macro m() %}{{ caller() }}{% endmacro %}{{ m() }}", .evaluation,
            "1:25: this macro was called without a call block"
        ),
        (
            "{% macro m() %}{{ caller() }}{% endmacro %}{% call(x) m(caller=1) %}{% endcall %}", .evaluation,
            "1:56: the argument 'caller' is the call block's"
        ),
        (
            "{% macro m() %}{{ caller(1) }}{% endmacro %}{% call m() %}{% endcall %}", .evaluation,
            "1:25: the body of a call block takes at most 0 values, not 1"
        ),
        ("{{ 'a'|upper(1) }}", .evaluation, "1:8: 'upper' takes at most 0 arguments, not 1"),
        ("{{ 'a'|trim(nope=1) }}", .evaluation, "1:8: 'trim' takes no argument 'nope'; it takes 'chars'"),
        ("{{ 'a'.upper(nope=1) }}", .evaluation, "1:13: 'upper' takes no argument 'nope'; it takes none by name"),
        ("{{ 'a'|replace('b') }}", .evaluation, "1:8: 'replace' needs its argument 'new'"),
        ("{{ 'a'|trim('b', chars='c') }}", .evaluation, "1:8: 'trim' gets two values for its argument 'chars'"),
        ("{{ 'a'|trim(1) }}", .evaluation, "1:8: 'trim' needs a string, not a value of type int"),
        ("{{ 'a'|center('x') }}", .evaluation, "1:8: 'center' needs an integer, not a value of type str"),
        ("{{ 5|length }}", .evaluation, "1:6: 'length' needs a sequence, not a value of type int"),
        ("{{ 5|last }}", .evaluation, "1:6: 'last' needs a sequence, not a value of type int"),
        ("{{ 5|items|list }}", .evaluation, "1:6: 'items' needs a dictionary, not a value of type int"),
        ("{{ 5|indent }}", .evaluation, "1:6: 'indent' needs a string, not a value of type int"),
        ("{{ 5|truncate }}", .evaluation, "1:6: 'truncate' needs a string, not a value of type int"),
        (
            "{{ 'abc'|truncate(1) }}", .evaluation,
            "1:10: 'truncate' needs a length of at least 3 and a leeway of at least 0"
        ),
        ("{{ 'a'|abs }}", .evaluation, "1:8: 'abs' needs a number, not a value of type str"),
        ("{{ 'a'|round }}", .evaluation, "1:8: 'round' needs a number, not a value of type str"),
        (
            "{{ 1|round(0, 'up') }}", .evaluation,
            "1:6: the method of 'round' is 'common', 'ceil' or 'floor', not 'up'"
        ),
        ("{{ 1|round(5000) }}", .evaluation, "1:6: 'round' takes no precision of 5000"),
        ("{{ (1e308 * 10)|round(0, 'ceil') }}", .evaluation, "1:17: 'round' takes finite numbers"),
        ("{{ {}|dictsort(by='x') }}", .evaluation, "1:7: 'dictsort' sorts by 'key' or 'value', not by 'x'"),
        ("{{ 5|dictsort }}", .evaluation, "1:6: 'dictsort' needs a dictionary, not a value of type int"),
        ("{{ ['a']|sum(start='') }}", .evaluation, "1:10: 'sum' does not add strings; use '|join'"),
        ("{{ [1]|slice(0)|list }}", .evaluation, "1:8: division by zero"),
        ("{{ 'a'|format(1, b=2) }}", .evaluation, "1:8: 'format' takes values or names with values, not both"),
        ("{{ [1]|map|list }}", .evaluation, "1:8: 'map' needs the name of a filter, or an 'attribute'"),
        (
            "{{ [1]|map(attribute='a', x=1)|list }}", .evaluation,
            "1:8: 'map' takes 'attribute' and 'default', or the name of a filter"
        ),
        ("{{ [1]|map('a' ~ 'b')|list }}", .evaluation, "1:8: there is no filter 'ab'"),
        ("{{ [1]|select('a' ~ 'b')|list }}", .evaluation, "1:8: there is no test 'ab'"),
        ("{{ [1]|selectattr|list }}", .evaluation, "1:8: 'selectattr' needs the name of an attribute"),
        ("{{ x|tojson }}", .evaluation, "1:6: 'x' is undefined, so it cannot be written as JSON"),
        ("{{ range(3)|tojson }}", .evaluation, "1:13: a value of type range cannot be written as JSON"),
        ("{{ {(1, 2): 3}|tojson }}", .evaluation, "1:16: a value of type tuple cannot be a key in JSON"),
        ("{{ 1|tojson(separators='a') }}", .evaluation, "1:6: 'separators' needs two strings"),
        (
            "{{ 1|tojson(indent='a', separators=(1, 2)) }}", .evaluation,
            "1:6: 'separators' needs a string, not a value of type int"
        ),
        ("{{ [1, 'a']|sort }}", .evaluation, "1:13: '<' does not work on values of types str and int"),
        ("{{ 5 is divisibleby 0 }}", .evaluation, "1:9: division by zero"),
        ("{{ 'a' is odd }}", .evaluation, "1:11: the format does not use all of its values"),
        (
            "{{ [1] is sameas [1] }}", .evaluation,
            "1:11: 'sameas' is not supported for values of type list; use '=='"
        ),
        ("{{ range(1, 2, 0) }}", .evaluation, "1:9: the step of 'range' cannot be 0"),
        ("{{ range('a') }}", .evaluation, "1:9: 'range' needs an integer, not a value of type str"),
        ("{{ range(1000000) }}", .limit, "1:9: 'range' gives at most 100000 numbers"),
        ("{{ strftime_now(1) }}", .evaluation, "1:16: 'strftime_now' needs a string, not a value of type int"),
        (
            #"{{ strftime_now('a\0') }}"#, .evaluation,
            "1:16: 'strftime_now' takes a format of at most 4096 bytes without a NUL"
        ),
        ("{{ raise_exception('No ' ~ 5) }}", .raised, "1:19: No 5"),
        ("{{ cycler() }}", .evaluation, "1:10: 'cycler' needs at least one value, and no names"),
        ("{{ [1].index(2) }}", .evaluation, "1:13: the value is not in the list"),
        ("{{ 'a'.index('b') }}", .evaluation, "1:13: 'index' does not find the text"),
        ("{{ 'a'.split('') }}", .evaluation, "1:13: 'split' needs a separator that is not empty"),
        ("{{ 'a'.partition('') }}", .evaluation, "1:17: 'partition' needs a separator that is not empty"),
        ("{{ 'a'.join([1]) }}", .evaluation, "1:12: 'join' needs a string, not a value of type int"),
        ("{{ 'a'.ljust(3, 'xy') }}", .evaluation, "1:13: 'ljust' needs one character to fill with"),
        (
            "{% for x in [1] %}{{ loop.cycle() }}{% endfor %}", .evaluation,
            "1:32: 'loop.cycle' needs at least one value, and no names"
        ),
        (
            "{% for x in [1] %}{{ loop.changed(a=1) }}{% endfor %}", .evaluation,
            "1:34: 'loop.changed' takes no names"
        ),
        (
            "{% for x in [1] %}{{ loop([2]) }}{% endfor %}", .evaluation,
            "1:26: 'loop' can be called in a loop that is marked 'recursive' only"
        ),
        ("{{ '%s' % () }}", .evaluation, "1:4: the format has too few values"),
        ("{{ '%s' % (1, 2) }}", .evaluation, "1:4: the format does not use all of its values"),
        ("{{ 'a' % 1 }}", .evaluation, "1:4: the format does not use all of its values"),
        ("{{ '%' % 1 }}", .evaluation, "1:4: the format ends within a conversion"),
        ("{{ '%y' % 1 }}", .evaluation, "1:4: the conversion '%y' is not supported in chat templates"),
        ("{{ '%d' % 'a' }}", .evaluation, "1:4: '%d' needs an integer, not a value of type str"),
        ("{{ '%f' % 'a' }}", .evaluation, "1:4: '%f' needs a number, not a value of type str"),
        ("{{ '%c' % 'ab' }}", .evaluation, "1:4: '%c' needs one character or its number, not a value of type str"),
        ("{{ '%.2000f' % 1 }}", .evaluation, "1:4: this precision is too large"),
        ("{{ '%(a)s' % 1 }}", .evaluation, "1:4: a format with names needs a dictionary"),
        ("{{ '%(a)s' % {} }}", .evaluation, "1:4: the values have no 'a'"),
        ("{{ '%a' % 'é' }}", .evaluation, "1:4: '%a' is not supported here; use '%r'"),
        ("{{ '{' .format() }}", .evaluation, "1:15: a format has a '{' without its '}'"),
        ("{{ '}'.format() }}", .evaluation, "1:14: a format has a '}' without its '{'"),
        ("{{ '{}'.format() }}", .evaluation, "1:15: the format has no value 0"),
        ("{{ '{a}'.format() }}", .evaluation, "1:16: the format has no value 'a'"),
        ("{{ '{}{0}'.format(1) }}", .evaluation, "1:18: a format numbers all of its fields or none"),
        ("{{ '{0}{}'.format(1) }}", .evaluation, "1:18: a format numbers all of its fields or none"),
        ("{{ '{!x}'.format(1) }}", .evaluation, "1:17: a format converts by '!s' or '!r' only"),
        ("{{ '{!'.format(1) }}", .evaluation, "1:15: a format has a '{' without its '}'"),
        ("{{ '{!}'.format(1) }}", .evaluation, "1:16: a format needs a conversion behind '!'"),
        ("{{ '{!ra}'.format(1) }}", .evaluation, "1:18: a format needs ':' behind a conversion"),
        ("{{ '{0[]}'.format(1) }}", .evaluation, "1:18: a format has an empty field"),
        ("{{ '{0[a]b}'.format({}) }}", .evaluation, "1:20: a format needs '.' or '[' behind ']'"),
        ("{{ '{:{:{}}}'.format(1, 2, 3) }}", .evaluation, "1:21: fields nest too deep in a format"),
        ("{{ '{:zz}'.format(1) }}", .evaluation, "1:18: 'zz' is no format specification"),
        ("{{ '{:s}'.format(1) }}", .evaluation, "1:17: an integer takes no such format specification"),
        ("{{ '{:s}'.format(1.5) }}", .evaluation, "1:17: a number takes no format specification 's'"),
        (
            "{{ '{:.2}'.format(1.5) }}", .evaluation,
            "1:18: a precision needs 'f', 'e', 'g' or '%' behind it in chat templates"
        ),
        ("{{ '{:.2000f}'.format(1.5) }}", .evaluation, "1:22: this precision is too large"),
        ("{{ '{:d}'.format('a') }}", .evaluation, "1:17: a string takes no such format specification"),
        ("{{ '{:=5}'.format('a') }}", .evaluation, "1:18: a string cannot be aligned by '='"),
        ("{{ '{:5}'.format(none) }}", .evaluation, "1:17: a value of type None takes no format specification"),
        ("{{ '{:5}'.format(x) }}", .evaluation, "1:17: what is undefined takes no format specification"),
        ("{{ '{:,x}'.format(5) }}", .evaluation, "1:18: ',' does not group digits of this base"),
        (
            "{{ '{:08,}'.format(5) }}", .evaluation,
            "1:19: grouped digits cannot be filled up with zeros in chat templates"
        ),
        ("{% if no %}{{ 5|nope }}{% else %}{{ x.y }}{% endif %}", .evaluation, "1:38: 'x' is undefined"),
        ("{% if true %}{{ 5|nope }}{% endif %}", .evaluation, "1:19: there is no filter 'nope'"),
        ("{% if true %}{{ 5 is nope }}{% endif %}", .evaluation, "1:22: there is no test 'nope'"),
        ("{{ 5|int(0, 'a') }}", .evaluation, "1:6: 'base' needs an integer, not a value of type str"),
        ("{% if true %}{{ [1]|map('nope')|list }}{% endif %}", .evaluation, "1:21: there is no filter 'nope'"),
    ]

    @Test(arguments: errors.indices)
    func errorsSayWhatIsWrong(index: Int) throws {
        let (source, kind, expected) = Self.errors[index]
        let template = try ChatTemplate(source, name: "chat.jinja")
        let error = #expect(throws: TemplateError.self) {
            try template.render(["big": .largeInteger("12345678901234567890")])
        }
        #expect(error?.kind == kind)
        #expect(error?.description == "chat.jinja:" + expected)
    }

    @Test func whatTheTemplateRaisesIsTheMessageItself() throws {
        let source = "{% for m in messages %}\n{{ raise_exception('No ' ~ m.role ~ '!') }}{% endfor %}"
        let template = try ChatTemplate(source, name: "chat.jinja")
        let error = #expect(throws: TemplateError.self) {
            try template.render(["messages": .list([.dictionary(["role": .text("system")])])])
        }
        #expect(error == TemplateError(kind: .raised, file: "chat.jinja", line: 2, column: 19, message: "No system!"))
    }
}
