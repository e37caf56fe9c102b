// Names of generated types, lines of generated calls, literals.

import Testing

@testable import SourceEmission

@Suite struct GeneratedNamesTests {
    @Test(arguments: [
        ("qwen2.5-vl-3b", "Qwen2_5VL3B"), ("qwen2-vl-2b", "Qwen2VL2B"), ("smollm2-360m", "Smollm2_360M"),
        ("tiny-qwen25vl-a", "TinyQwen25vlA"), ("72b", "Model72B"), ("a", "A"),
    ])
    func typeNames(_ name: String, _ expected: String) {
        #expect(typeName(ofModel: name) == expected)
    }

    @Test func literalsAreEscaped() {
        #expect(literal("a\"b\\c\n\\(d)") == ##"#"a"b\c\#n\(d)"#"##)
        #expect(literal("<|im_end|>") == "\"<|im_end|>\"")
    }

    @Test func floatLiteralsReadBackExactly() {
        for value in [1e-6, 0.08838834764831843, 1.0, 3.4e38, 1e-45] {
            #expect(Float(floatLiteral(value)) == Float(value))
        }
    }

    @Test func callsBreakWhereLinesEnd() {
        var call = Call("cpu.linear")
        call.add(nil, "input")
        call.add("rows", "rowCount")
        call.add("bias", nil)
        #expect(call.text(indentation: 8) == "cpu.linear(input, rows: rowCount)")
        #expect(call.text(indentation: 100) == "cpu.linear(\n    input,\n    rows: rowCount\n)")
    }
}
