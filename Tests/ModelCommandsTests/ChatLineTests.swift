// Lines that a user types into `chat`, and figures as they are shown.

import Testing

@testable import ModelCommands

@Suite struct ChatLineTests {
    @Test(arguments: [
        ("", ChatLine.empty), ("   ", .empty), ("/exit", .exit), ("/quit ", .exit), ("/clear", .clear),
        ("/help", .help), ("/image a b.png", .image("a b.png")), ("/image", .image("")),
        ("/system Be brief.", .system("Be brief.")), ("/nothing", .unknown("/nothing")),
        (" What is it? ", .message("What is it?")), ("a /image b", .message("a /image b")),
    ])
    func lines(_ text: String, _ expected: ChatLine) {
        #expect(ChatLine(text) == expected)
    }

    @Test(arguments: [(0.0, "0.00"), (1.005, "1.00"), (12.3456, "12.35"), (0.099, "0.10")])
    func figures(_ value: Double, _ expected: String) {
        #expect(ResultReport.rounded(value) == expected)
    }

    @Test func divergenceOfEqualAndDifferentRows() {
        #expect(abs(KullbackLeibler.divergence([1, 2, 3], [2, 3, 4])) < 1e-12)
        // p = (1/2, 1/2), q = (1/4, 3/4): log 2 / 2 + log(2/3) / 2.
        let expected = 0.14384103622589042
        let found = KullbackLeibler.divergence([0, 0], [0, 1.0986123])
        #expect(abs(found - expected) < 1e-6)
    }
}
