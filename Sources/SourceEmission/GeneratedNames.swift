// Names in generated code: types from the name of the model, members from the names of blocks and values.
// Keywords cannot occur: every name has at least two words or is none of them.

import ComputeGraph

/// `qwen2.5-vl-3b` as `Qwen2_5VL3B`: short words in capitals, others with a capital, digits kept apart.
func typeName(ofModel name: String) -> String {
    var result = ""
    for word in name.split(whereSeparator: { !$0.isLetter && !$0.isNumber }) {
        let isShort = word.count <= 2 || (word.count <= 4 && word.dropLast().allSatisfy(\.isNumber))
        let capital = isShort ? word.uppercased() : word.prefix(1).uppercased() + word.dropFirst()
        if let last = result.last, last.isNumber, capital.first?.isNumber ?? false { result += "_" }
        result += capital
    }
    return result.first?.isNumber ?? true ? "Model\(result)" : result
}

/// `decoder.layer` as `DecoderLayer`.
func upperCamelCase(_ dotted: String) -> String {
    let lower = lowerCamelCase(dotted)
    return lower.prefix(1).uppercased() + lower.dropFirst()
}
