// swift-tools-version: 6.2
// Every tiny model as a module made by the build plugin, and one program with the verbs of all of them.
// Scripts/test runs its `verify` over the fixtures of all models.
import PackageDescription

/// Targets under Sources/, each with the description of one model.
let models = [
    "TinyQwen25vlA", "TinyQwen25vlB", "TinyQwen25vlC", "TinyQwen25vlD",
    "TinyQwen25vlE", "TinyQwen25vlF", "TinyQwen25vlG", "TinyQwen2vlA",
    "TinyQwen2vlB", "TinyQwen2vlC", "TinySmollm2A", "TinySmollm2B",
    "TinySmollm2C", "TinySmollm2D",
]

let package = Package(
    name: "Parity",
    dependencies: [.package(name: "vlmc", path: "../..")],
    targets: models.map { model in
        .target(
            name: model,
            dependencies: [.product(name: "ModelRuntime", package: "vlmc")],
            plugins: [.plugin(name: "VLMCompiler", package: "vlmc")]
        )
    } + [
        .executableTarget(
            name: "parity",
            dependencies: models.map { .target(name: $0) } + [.product(name: "ModelCommands", package: "vlmc")]
        )
    ]
)
