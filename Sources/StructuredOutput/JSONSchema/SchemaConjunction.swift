// Several schemas that hold together: references followed, `allOf` joined, `anyOf` and `oneOf` multiplied out.
// Not texts (SchemaCompiler.swift). Next: MergedSchema.swift.

import JSONText

extension SchemaReader {
    /// More alternatives than this at one place are refused.
    static let alternativeLimit = 512
    private static let referenceDepthLimit = 64

    /// The alternatives of schemas that hold together: a value must obey all keywords of one alternative.
    mutating func alternatives(
        of places: [SchemaPlace],
        within open: [ExactText] = []
    ) throws(ConstraintError) -> [[SchemaKeywords]] {
        var result: [[SchemaKeywords]] = [[]]
        for place in places {
            result = try product(result, try alternatives(of: place, within: open), at: place.pointer)
        }
        return result
    }

    private mutating func alternatives(
        of place: SchemaPlace,
        within open: [ExactText]
    ) throws(ConstraintError) -> [[SchemaKeywords]] {
        guard !open.contains(ExactText(place.pointer)) else {
            throw ConstraintError(
                .schema(pointer: place.pointer),
                "the schema refers to itself without a value between"
            )
        }
        guard open.count < Self.referenceDepthLimit else {
            throw ConstraintError(
                .schema(pointer: place.pointer),
                "references and combinations follow one another through more than \(Self.referenceDepthLimit) schemas"
            )
        }
        let keywords = try keywords(at: place)
        let open = open + [ExactText(place.pointer)]
        let own = keywords.assertionCount > keywords.combinatorCount
        var result: [[SchemaKeywords]] = own ? [[keywords]] : [[]]
        if let reference = keywords.reference {
            let target = try target(of: reference, at: place.pointer(to: "$ref"))
            result = try product(result, try alternatives(of: target, within: open), at: place.pointer)
        }
        for part in keywords.allOf {
            result = try product(result, try alternatives(of: part, within: open), at: place.pointer)
        }
        for list in keywords.alternatives {
            var choices: [[SchemaKeywords]] = []
            for choice in list { choices += try alternatives(of: choice, within: open) }
            result = try product(result, choices, at: place.pointer)
        }
        return result
    }

    private mutating func product(
        _ left: [[SchemaKeywords]],
        _ right: [[SchemaKeywords]],
        at pointer: String
    ) throws(ConstraintError) -> [[SchemaKeywords]] {
        guard left.count * right.count <= Self.alternativeLimit else {
            throw ConstraintError(
                .schema(pointer: pointer),
                "`anyOf` and `oneOf` multiply to more than \(Self.alternativeLimit) alternatives"
            )
        }
        try countWork(left.count * right.count)
        return left.flatMap { first in
            right.map { second in
                first
                    + second.filter { new in !first.contains { ExactText($0.pointer) == ExactText(new.pointer) } }
            }
        }
    }
}

extension SchemaKeywords {
    /// How many keywords only bring other schemas in.
    fileprivate var combinatorCount: Int {
        (reference == nil ? 0 : 1) + (allOf.isEmpty ? 0 : 1) + alternatives.count
    }
}
