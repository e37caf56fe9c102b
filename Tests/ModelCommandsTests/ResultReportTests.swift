// Numbers as people read them.

import Testing

@testable import ModelCommands

@Suite struct ResultReportTests {
    @Test(arguments: [
        (0.0, "0"), (3, "3"), (-2, "-2"), (1.3402e-6, "1.3e-06"), (9.96e-7, "1.0e-06"), (0.0001, "1.0e-04"),
        (0.5, "5.0e-01"), (-1.26e-12, "-1.3e-12"), (2.5e9, "2.5e+09"), (1.1, "1.1e+00"), (1e300, "1.0e+300"),
        (.infinity, "inf"), (.nan, "nan"),
    ])
    func scientific(_ value: Double, _ expected: String) {
        #expect(ResultReport.scientific(value) == expected)
    }

    @Test(arguments: [(0.0, "0.00"), (1.005, "1.00"), (22.336, "22.34"), (0.999, "1.00"), (7.1, "7.10")])
    func rounded(_ value: Double, _ expected: String) {
        #expect(ResultReport.rounded(value) == expected)
    }
}
