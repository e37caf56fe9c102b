// What the tests share: the committed outputs of transformers, and rendering as these were made.
// Not tests. Next: FeatureTests.swift.

import Foundation
import JSONText

@testable import ChatTemplates

/// The committed outputs of the reference library, described in Tests/Fixtures/README.md.
enum TemplateFixtures {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/chat-templates")

    static func json(_ name: String) throws -> JSONValue {
        try JSONDocument(Array(Data(contentsOf: folder.appending(path: name)))).root
    }

    static func text(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: folder.appending(path: name)), as: UTF8.self)
    }

    /// The time at which the fixtures were made.
    static let clock = TemplateClock.fixed(
        TemplateTime(year: 2026, month: 3, day: 7, hour: 9, minute: 5, second: 3, microsecond: 42)
    )
}

/// What the reference did with a template.
enum ReferenceOutcome: Equatable {
    case text(String)
    case raised
    /// Its output holds an address or something else that is not compared.
    case notCompared
    /// It needs integers of more than 64 bits, which are an error here.
    case tooLarge

    init(_ json: JSONValue) {
        switch json.content {
        case .string(let text): self = .text(text)
        case .number(let number) where number.integer == 1: self = .tooLarge
        case .number: self = .notCompared
        default: self = .raised
        }
    }
}

/// What this implementation does with a template.
enum Outcome: Equatable, CustomStringConvertible {
    case text(String)
    case failed(TemplateError)

    init(_ source: String, _ variables: [String: TemplateValue]) {
        do throws(TemplateError) {
            let template = try ChatTemplate(source, name: "t")
            self = .text(try template.render(variables, clock: TemplateFixtures.clock).text)
        } catch {
            self = .failed(error)
        }
    }

    var description: String {
        switch self {
        case .text(let text): text.debugDescription
        case .failed(let error): "error \(error)"
        }
    }

    /// Whether this is what the reference's outcome asks for.
    func agrees(with reference: ReferenceOutcome) -> Bool {
        switch (reference, self) {
        // Scalar by scalar: Swift's own equality takes composed and decomposed characters for the same.
        case (.text(let expected), .text(let text)): expected.utf8.elementsEqual(text.utf8)
        case (.raised, .failed), (.tooLarge, .failed), (.notCompared, _): true
        case (.text, .failed), (.raised, .text), (.tooLarge, .text): false
        }
    }
}

extension JSONValue {
    /// The members of an object as variables; nothing in them is a message's text unless that is asked for.
    func variables(isMessageText: Bool = false) -> [String: TemplateValue] {
        var variables: [String: TemplateValue] = [:]
        for member in object ?? [] { variables[member.key] = TemplateValue(member.value, isMessageText: isMessageText) }
        return variables
    }
}
