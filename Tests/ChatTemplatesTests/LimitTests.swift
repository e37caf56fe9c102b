// What a rendering may not exceed: bytes, steps, depth; and that costs grow with the input, not with its square.
// Counted, not timed. Not damage: TemplatePropertyTests.swift.

import Foundation
import Testing

@testable import ChatTemplates

@Suite struct LimitTests {
    private func failure(
        _ source: String,
        _ variables: [String: TemplateValue] = [:],
        limits: RenderingLimits = .standard
    ) -> TemplateError? {
        do throws(TemplateError) {
            _ = try ChatTemplate(source, name: "t").render(variables, limits: limits)
            return nil
        } catch {
            return error
        }
    }

    @Test(
        arguments: [
            "{{ 'a' * 101 }}",
            "{% for i in range(101) %}a{% endfor %}",
            "{% set ns = namespace(s='ab') %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
            "{{ 'a' * 9223372036854775807 }}", "{{ 'ab' * 9223372036854775807 }}",
            "{{ 'x' | center(9223372036854775807) }}", "{{ 'x'.ljust(4611686018427387904) }}{{ 'x'.zfill(1000) }}",
            "{{ '%1000d' % 1 }}", "{{ '%*s' % (9223372036854775807, 'x') }}", "{{ '%-9223372036854775807s' % 'x' }}",
            "{{ '{:1000}'.format(1) }}", "{{ '{:>99999999999999999999}'.format('x') }}",
            "{{ [1] | tojson(indent=1000) }}", "{{ [[[[[1]]]]] | tojson(indent=21) }}",
            "{{ 'a\nb' | indent(9223372036854775807) }}",
            "{{ ('a' * 60) | replace('a', 'bbb') }}", "{{ ('a' * 60) | replace('', 'b') }}",
            "{{ (['aaaaa'] * 30) | join('bb') }}", "{{ 'bb'.join(['a'] * 50) }}", "{{ ('<' * 40) | e }}",
            "{% set x %}{{ 'a' * 60 }}{{ 'a' * 60 }}{% endset %}", "{{ ['a' * 90, 'a' * 90] }}",
            "{{ 'a' * 60 ~ 'b' * 60 }}", "{{ 'a' * 60 + 'b' * 60 }}", "{{ ('a' * 99) | title ~ 'bb' }}",
        ]
    )
    func textsAreBounded(source: String) {
        let error = failure(source, limits: RenderingLimits(textBytes: 100))
        #expect(error?.kind == .limit)
        #expect(error?.message.contains("100 bytes") ?? false, "\(String(describing: error))")
    }

    @Test(
        arguments: [
            "{% for i in range(1000) %}{% for j in range(1000) %}{% endfor %}{% endfor %}",
            "{{ [0] * 1000000 }}", "{{ [0, 1] * 9223372036854775807 }}", "{{ ([0] * 90000) * 90000 }}",
            "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
            "{{ range(100000) | batch(1) | list | length }}", "{{ [1] | batch(1000000, 0) | list }}",
            "{{ [1] | slice(9223372036854775807) | list }}", "{{ range(100000) | map('string') | list }}",
            "{{ range(100000) | list | sort(reverse=true) | first }}", "{{ ('abc' * 40000) | list }}",
            // A few elements that hold each other become many when they are looked at.
            "{% set n = namespace(x=[1]) %}{% for i in range(99) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x == n.x }}",
            "{% set n = namespace(x=(1,)) %}{% for i in range(99) %}{% set n.x = (n.x, n.x) %}{% endfor %}{{ {n.x: 1} }}",
            // Cheap to write, long to do.
            "{% set x = 'a' * 90000 %}{% for i in range(1000) %}{% set y = x | trim %}{% endfor %}",
            "{% set x = ' ' * 90000 %}{% for i in range(1000) %}{% set y = x.strip() %}{% endfor %}",
            "{% set x = 'a' * 90000 %}{% for i in range(1000) %}{% if x is upper %}{% endif %}{% endfor %}",
            "{% set x = 'a' * 90000 %}{% for i in range(1000) %}{% set y = 'b'.find(x) %}{% endfor %}",
            "{% set x = 'a' * 90000 %}{% for i in range(1000) %}{% set y = {}[x] %}{% endfor %}",
            "{% set x = [1] * 9000 %}{% for i in range(1000) %}{% set y = x | reverse %}{% endfor %}",
            "{% set x = [1] * 9000 %}{% for i in range(1000) %}{% set y = x | sum %}{% endfor %}",
            "{% set x = 'a' * 90000 %}{% for i in range(1000) %}{% set y = x == x %}{% endfor %}",
            "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(30) }}",
            "{% for i in range(100000) if false %}{% endfor %}", "{{ 99999 in range(100000) | list }}",
        ]
    )
    func stepsAreBounded(source: String) {
        let error = failure(source, limits: RenderingLimits(steps: 50_000))
        #expect(error?.kind == .limit)
        #expect(error?.message.contains("50000 steps") ?? false, "\(String(describing: error))")
    }

    @Test func nestedElementsThatPrintAsMuchAreBounded() {
        let doubling =
            "{% set ns = namespace(x=[1]) %}{% for i in range(150) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}"
        for show in ["{{ ns.x }}", "{{ ns.x | tojson }}", "{{ ns.x | string | length }}"] {
            #expect(failure(doubling + show, limits: RenderingLimits(textBytes: 10_000))?.kind == .limit)
        }
    }

    /// Templates that nest as deep as they can in one way or another.
    private static let deep = [
        "{% macro m(n) %}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}",
        "{% macro m(n) %}{% if n %}{% for x in [1] %}{% with y = 1 %}{{ m(n + 1)|upper|trim ~ '' }}{% endwith %}"
            + "{% endfor %}{% endif %}{% endmacro %}{{ m(1) }}",
        "{% macro m() %}{% call m() %}x{% endcall %}{{ caller() }}{% endmacro %}{{ m() }}",
        "{% for x in [[1]] recursive %}{{ loop([x]) }}{% endfor %}",
        "{% macro m() %}{% set x %}{% filter upper %}{{ m() }}{% endfilter %}{% endset %}{% endmacro %}{{ m() }}",
        "{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}",
        "{% set ns = namespace(x=[]) %}{% for i in range(300) %}{% set ns.x = [ns.x] %}{% endfor %}",
        "{% set ns = namespace(x={}) %}{% for i in range(300) %}{% set ns.x = {'a': ns.x} %}{% endfor %}",
        "{% set ns = namespace(x=[]) %}{% for i in range(300) %}{% set ns.x = ns.x | map('string') %}{% endfor %}",
        "{% set ns = namespace(x='') %}{% for i in range(300) %}{% set ns.x = joiner(ns.x) %}{% endfor %}",
        "{% set ns = namespace(x='') %}{% for i in range(300) %}{% set ns.x = cycler(ns.x) %}{% endfor %}",
        "{% set ns = namespace(x=[]) %}{% for i in range(300) %}{% set ns.x = [ns.x].index %}{% endfor %}",
    ]

    @Test(arguments: deep)
    func depthIsBounded(source: String) {
        #expect(failure(source)?.kind == .limit)
    }

    /// All at once: the deepest of everything has to fit the stack of a thread that is smaller than usual.
    @Test func theDeepestTemplatesNeedLittleStack() async {
        let nested = "{{ " + String(repeating: "(", count: 98) + "1" + String(repeating: ")", count: 98) + " }}"
        let lists = "{{ " + String(repeating: "[", count: 98) + "1" + String(repeating: "]", count: 98) + " }}"
        let tags =
            String(repeating: "{% for a in [1] %}", count: 49) + "x" + String(repeating: "{% endfor %}", count: 49)
        let values =
            "{% set ns = namespace(x=[]) %}{% for i in range(190) %}{% set ns.x = [ns.x] %}{% endfor %}"
            + "{{ ns.x == ns.x }}{{ ns.x | tojson | length }}{{ ns.x }}{{ {(1, 2): ns.x} }}"
        let outcomes = await withCheckedContinuation { continuation in
            let thread = Thread {
                let sources = Self.deep + [nested, lists, tags, values]
                continuation.resume(returning: sources.map { self.failure($0)?.kind })
            }
            thread.stackSize = 2 << 20
            thread.start()
        }
        #expect(outcomes == Self.deep.map { _ in .limit } + [nil, nil, nil, nil])
    }

    /// What stands before a part, the part that is repeated, and what stands behind it.
    private static let deepTemplates: [(String, String, String)] = [
        ("{{ ", "(", ""), ("{{ ", "[", ""), ("{{ ", "{1:", ""), ("{{ ", "-", "1 }}"), ("{{ ", "not ", "1 }}"),
        ("{{ 1", "+1", " }}"),
        ("{{ 1", " or 1", " }}"), ("{{ x", ".x", " }}"), ("{{ 1", " if 1 else 1", " }}"), ("{{ 1", " if 1", " }}"),
        ("{{ x", "[0]", " }}"), ("{{ x", "|abs", " }}"), ("{{ x", "()", " }}"), ("{{ x", "**1", " }}"),
        ("{{ x(", "x(", ""),
        ("{% set ", "(", "a"), ("", "{% if 1 %}", ""), ("", "{% for a in b %}", ""), ("", "{% macro m() %}", ""),
        ("", "{% set a %}", ""), ("", "{% filter e %}", ""), ("", "{% generation %}", ""), ("", "{% with %}", ""),
    ]

    @Test(arguments: deepTemplates.indices)
    func deepTemplatesAreRefused(index: Int) {
        let (start, part, end) = Self.deepTemplates[index]
        let error = failure(start + String(repeating: part, count: 20_000) + end)
        #expect(error?.kind == .syntax)
        // An unclosed bracket is found before anything is parsed.
        #expect(error.map { $0.message.contains("deeper than") || $0.message.contains("has no end") } ?? false)
    }

    @Test func longTemplatesAreNotDeepOnes() throws {
        let many = (0..<5_000).map { "{% if x == \($0) %}a{% elif x == -\($0) %}b{% endif %}" }.joined()
        #expect(failure(many) == nil)
        #expect(failure("{{ 1" + String(repeating: " ~ 1", count: 5_000) + " }}") == nil)
        #expect(failure("{{ [" + String(repeating: "1, ", count: 5_000) + "] | length }}") == nil)
        #expect(failure("{% if a %}" + String(repeating: "{% elif a %}", count: 5_000) + "{% endif %}") == nil)
        #expect(failure(String(repeating: " ", count: SyntaxLimits.bytes)) == nil)
        let error = failure(String(repeating: " ", count: SyntaxLimits.bytes + 1))
        #expect(error?.description == "t:1:1: the template has 4194305 bytes; at most 4194304 are supported")
    }

    @Test func variablesThatNestTooDeepAreRefused() {
        var value = TemplateValue.list([])
        for _ in 0..<300 { value = .list([value]) }
        #expect(failure("{{ x }}", ["x": value])?.kind == .limit)
        // What the template does not use is not looked at.
        #expect(failure("{{ y }}", ["x": value]) == nil)
    }

    private static func steps(_ template: ChatTemplate, _ variables: [String: TemplateValue]) throws -> Double {
        let renderer = try template.renderer(variables)
        _ = try renderer.run()
        return Double(renderer.steps)
    }

    /// Steps for a text of n scalars and for one twice as long.
    @Test(
        arguments: [
            "{{ x }}", "{% for c in x %}{{ c }}{% endfor %}", "{{ x.split(' ') | join('_') }}",
            "{{ x.split() | length }}",
            "{{ x.replace('a', 'bb') }}", "{{ x | replace('', '-') }}", "{{ x[1:] }}{{ x[::-1] }}{{ x[-5:] }}",
            "{{ x | trim }}{{ x.strip('ab') }}", "{{ x | upper | lower | title }}", "{{ x | indent }}",
            "{{ x | tojson }}",
            "{{ [x] }}", "{{ x.splitlines() | join }}", "{{ x.find('zz') }}{{ x.rfind('zz') }}{{ x.count('a') }}",
            "{{ 'aaaaaaaab' in x }}", "{{ x | list | reverse | join }}", "{{ x | wordcount }}{{ x | e }}",
            "{% set y %}{{ x }}{% endset %}{{ y }}", "{% macro m(z) %}{{ z }}{% endmacro %}{{ m(x) }}",
            "{{ '%s' % x }}{{ '{}'.format(x) }}", "{{ x.partition('zz')[0] }}{{ x.rsplit('a', 1)[0] }}",
            "{{ x | truncate(10) }}{{ x | unique | list | length }}", "{% for c in x %}{{ loop.last }}{% endfor %}",
        ]
    )
    func stepsGrowWithTheText(source: String) throws {
        let template = try ChatTemplate(source, name: "t")
        func steps(_ count: Int) throws -> Double {
            let text = String(repeating: "aaaaaaaa é한 b\n", count: count)
            return try Self.steps(template, ["x": .text(TemplateText(text, isMessageText: true))])
        }
        let ratio = try steps(8_000) / steps(4_000)
        #expect((1.5...2.1).contains(ratio), "\(ratio)")
    }

    @Test func stepsGrowWithTheConversation() throws {
        // `everything_else` adds to a list message by message, which takes the square of their number in Python too.
        for family in try FamilyFixture().families where family.name != "everything_else" {
            let template = try ChatTemplate(family.template, name: family.name)
            func steps(_ count: Int) throws -> Double {
                var messages: [TemplateValue] = []
                for index in 0..<count {
                    messages.append(
                        .dictionary([
                            "role": .text(index.isMultiple(of: 2) ? "user" : "assistant"),
                            "content": .text(TemplateText("word \(index)", isMessageText: true)),
                        ])
                    )
                }
                return try Self.steps(
                    template,
                    ["messages": .list(messages), "bos_token": .text(""), "eos_token": .text("")]
                )
            }
            let ratio = try steps(512) / steps(256)
            #expect((1.8...2.1).contains(ratio), "\(family.name): \(ratio)")
        }
    }

    @Test func whatHoldsItselfIsFreed() throws {
        weak var scope: Scope?
        weak var namespace: Namespace?
        let source =
            "{% set ns = namespace() %}{% set ns.self = [ns] %}{% macro m() %}{{ ns }}{% endmacro %}{% set k = m %}"
        let parsed = try ChatTemplate(source, name: "t")
        do {
            let renderer = try parsed.renderer([:])
            _ = try renderer.run()
            scope = renderer.scopes.first
            namespace = renderer.namespaces.first
            #expect(scope != nil && namespace != nil)
        }
        #expect(scope == nil && namespace == nil)
    }
}
