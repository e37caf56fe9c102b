// swift-tools-version: 6.2
// The program that measures what constraints cost.
import PackageDescription

let package = Package(
    name: "StructuredOutputBenchmark",
    dependencies: [.package(name: "vlmc", path: "../..")],
    targets: [
        .executableTarget(
            name: "structured-output-benchmark",
            dependencies: [.product(name: "StructuredOutput", package: "vlmc")]
        )
    ]
)
