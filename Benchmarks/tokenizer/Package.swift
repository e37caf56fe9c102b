// swift-tools-version: 6.2
// The program that the scripts of this folder compare with the `tokenizers` package.
import PackageDescription

let package = Package(
    name: "TokenizerBenchmark",
    dependencies: [.package(name: "vlmc", path: "../..")],
    targets: [
        .executableTarget(
            name: "tokenizer-benchmark",
            dependencies: [.product(name: "ModelRuntime", package: "vlmc")]
        )
    ]
)
