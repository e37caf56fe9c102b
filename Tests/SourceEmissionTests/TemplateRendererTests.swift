// Templates: what each asks for is what it is given, in both directions.

import Testing

@testable import SourceEmission

@Suite struct TemplateRendererTests {
    private let manifest = "package/Package.swift.stencil"
    private let complete: [String: any Sendable] = [
        "version": "1", "descriptionFile": "a.toml", "descriptionHash": "00", "product": "a", "module": "A",
        "runtimePath": "\"../vlmc\"",
    ]

    @Test func templatesAreEmbedded() {
        #expect(TemplateRenderer.templates == ["package/Package.swift.stencil", "package/README.md.stencil"])
    }

    @Test func everyVariableIsPutIn() throws {
        let text = try TemplateRenderer().render(manifest, complete)
        #expect(text.contains("name: \"A\""))
        #expect(text.contains("path: \"../vlmc\""))
        #expect(!text.contains("{"))
    }

    @Test func aMissingVariableIsRefused() {
        #expect(throws: TemplateMismatch.self) {
            try TemplateRenderer().render(manifest, complete.filter { $0.key != "module" })
        }
    }

    @Test func anUnreadVariableIsRefused() {
        #expect(throws: TemplateMismatch.self) {
            try TemplateRenderer().render(manifest, complete.merging(["surplus": "1"]) { $1 })
        }
    }

    @Test func anUnknownTemplateIsRefused() {
        #expect(throws: TemplateMismatch.self) { try TemplateRenderer().render("package/None.stencil", [:]) }
    }

    @Test func loopVariablesAreNotAskedFor() {
        let text = "{{ a.b }} {% for file in files %}{{ file.path }}{% endfor %} {{ c|upper }}"
        #expect(TemplateRenderer.variables(of: text) == ["a", "files", "c"])
    }
}
