// swift-tools-version: 6.2
// A package that holds a model: the plugin turns `reader.toml` into a type, and the program calls it.
import PackageDescription

let package = Package(
    name: "ReadDocument",
    dependencies: [.package(name: "vlmc", path: "../..")],
    targets: [
        .target(
            name: "Reader",
            dependencies: [.product(name: "ModelRuntime", package: "vlmc")],
            plugins: [.plugin(name: "VLMCompiler", package: "vlmc")]
        ),
        .executableTarget(name: "read-document", dependencies: ["Reader"]),
    ]
)
