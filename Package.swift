// swift-tools-version: 6.2
// The floors of docs/architecture.md, one target each. Dependencies point down only.
import Foundation
import PackageDescription

let root = Context.packageDirectory

/// A prebuilt compiler beside this manifest spares every consumer the build of swift-syntax; `Scripts/make-artifact-bundle`
/// makes one. `VLMC_COMPILER=source` builds the compiler all the same.
let bundle = "vlmc.artifactbundle"
let compilerIsPrebuilt =
    Context.environment["VLMC_COMPILER"] != "source"
    && FileManager.default.fileExists(atPath: "\(root)/\(bundle)/info.json")

/// SwiftPM refuses unsafe flags in a dependency that it checked out by version; there, debug builds are merely slower.
let isCheckedOutByVersion = root.contains("/checkouts/")

let swiftSettings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .treatAllWarnings(as: .error),
]
let cSettings: [CSetting] = [
    .treatAllWarnings(as: .error)
]
/// Inner loops that tests run often: optimised in debug builds too.
let optimisedSwift: [SwiftSetting] =
    isCheckedOutByVersion ? [] : [.unsafeFlags(["-O"], .when(configuration: .debug))]
let optimisedC: [CSetting] =
    isCheckedOutByVersion ? [] : [.unsafeFlags(["-O2"], .when(configuration: .debug))]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let sharedTargets: [Target] = [
    .target(name: "TensorTypes", swiftSettings: swiftSettings),
    .target(name: "Diagnostics", swiftSettings: swiftSettings),
    .target(name: "JSONText", swiftSettings: swiftSettings + optimisedSwift),
    .target(name: "MachineLimits", path: "kernels/limits", cSettings: cSettings + optimisedC),
    .target(name: "CPUKernels", path: "kernels/cpu", cSettings: cSettings + optimisedC),
]

let compilerTargets: [Target] = [
    .target(
        name: "ModelDescriptions",
        dependencies: ["TensorTypes", "Diagnostics", "JSONText", "TOMLKit", "Yams"],
        swiftSettings: swiftSettings
    ),
    .target(
        name: "ComputeGraph",
        dependencies: ["TensorTypes", "Diagnostics", "ModelDescriptions"],
        swiftSettings: swiftSettings
    ),
    .target(
        name: "ReferenceInterpreter",
        dependencies: ["ModelDescriptions", "ComputeGraph", .product(name: "RealModule", package: "swift-numerics")],
        swiftSettings: swiftSettings + optimisedSwift
    ),
    .target(
        name: "Scheduling",
        dependencies: ["TensorTypes", "Diagnostics", "ModelDescriptions", "ComputeGraph"],
        swiftSettings: swiftSettings
    ),
    .target(
        name: "SourceEmission",
        dependencies: [
            "TensorTypes", "Diagnostics", "ModelDescriptions", "ComputeGraph", "Scheduling", "Stencil",
            .product(name: "SwiftSyntax", package: "swift-syntax"),
            .product(name: "SwiftSyntaxBuilder", package: "swift-syntax"),
            .product(name: "SwiftBasicFormat", package: "swift-syntax"),
        ],
        swiftSettings: swiftSettings
    ),
    .target(
        name: "CompilerDriver",
        dependencies: [
            "TensorTypes", "Diagnostics", "MachineLimits", "CPUKernels", "ModelDescriptions", "ComputeGraph",
            "Scheduling", "SourceEmission", "PathKit",
        ],
        swiftSettings: swiftSettings
    ),
    .executableTarget(
        name: "vlmc",
        dependencies: [
            "TensorTypes", "Diagnostics", "ModelDescriptions", "ComputeGraph", "Scheduling", "SourceEmission",
            "CompilerDriver", "PathKit", argumentParser,
        ],
        swiftSettings: swiftSettings
    ),
]

let runtimeTargets: [Target] = [
    .systemLibrary(name: "CImageLibraries"),
    .systemLibrary(name: "CMemoryAllocator"),
    .target(name: "CImageCodecs", dependencies: ["CImageLibraries"], cSettings: cSettings + optimisedC),
    .target(name: "ChatTemplates", dependencies: ["JSONText"], swiftSettings: swiftSettings + optimisedSwift),
    .target(
        name: "InputProcessing",
        dependencies: ["JSONText", "CImageCodecs", "CImageLibraries"],
        swiftSettings: swiftSettings + optimisedSwift
    ),
    .target(name: "StructuredOutput", dependencies: ["JSONText"], swiftSettings: swiftSettings + optimisedSwift),
    .target(
        name: "ModelRuntime",
        dependencies: ["TensorTypes", "Diagnostics", "JSONText", "CPUKernels"],
        swiftSettings: swiftSettings + optimisedSwift
    ),
    .target(
        name: "Generation",
        dependencies: ["TensorTypes", "ModelRuntime", "InputProcessing"],
        swiftSettings: swiftSettings + optimisedSwift
    ),
    .target(
        name: "ServingEngine",
        dependencies: ["ModelRuntime", "InputProcessing", "Generation"],
        swiftSettings: swiftSettings + optimisedSwift
    ),
    .target(
        name: "Serving",
        dependencies: [
            "TensorTypes", "JSONText", "ChatTemplates", "StructuredOutput", "ModelRuntime", "InputProcessing",
            "Generation", "ServingEngine", "CMemoryAllocator", argumentParser,
            .product(name: "AsyncHTTPClient", package: "async-http-client"),
            .product(name: "Hummingbird", package: "hummingbird"),
            .product(name: "HummingbirdCore", package: "hummingbird"),
            .product(name: "HTTPTypes", package: "swift-http-types"),
            .product(name: "NIOCore", package: "swift-nio"),
            .product(name: "NIOPosix", package: "swift-nio"),
            .product(name: "NIOSSL", package: "swift-nio-ssl"),
            .product(name: "Logging", package: "swift-log"),
            .product(name: "CoreMetrics", package: "swift-metrics"),
            .product(name: "Metrics", package: "swift-metrics"),
            .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            .product(name: "Tracing", package: "swift-distributed-tracing"),
            .product(name: "UnixSignals", package: "swift-service-lifecycle"),
        ],
        exclude: ["Page/Web"],
        swiftSettings: swiftSettings
    ),
    .target(
        name: "ModelCommands",
        dependencies: [
            "TensorTypes", "JSONText", "MachineLimits", "ModelRuntime", "InputProcessing", "Generation", argumentParser,
        ],
        swiftSettings: swiftSettings
    ),
]

let plugins: [Target] = [
    .plugin(name: "VLMCompiler", capability: .buildTool(), dependencies: ["vlmc"]),
    .plugin(
        name: "VLMCompilerCommand",
        capability: .command(
            intent: .custom(verb: "vlmc", description: "Lint, report, emit and compile model descriptions."),
            permissions: [.writeToPackageDirectory(reason: "vlmc writes generated sources and binaries.")]
        ),
        dependencies: ["vlmc"]
    ),
]

let compilerTests: [Target] = [
    .target(
        name: "TestSupport",
        dependencies: ["TensorTypes", "ModelDescriptions", "ComputeGraph", "TestRandomness"],
        path: "Tests/TestSupport",
        swiftSettings: swiftSettings
    ),
    .testTarget(
        name: "ModelDescriptionsTests",
        dependencies: ["ModelDescriptions", "Diagnostics", "TensorTypes", "TOMLKit", "TestRandomness"],
        exclude: ["PublishedModels"],
        swiftSettings: swiftSettings
    ),
    .testTarget(
        name: "ComputeGraphTests",
        dependencies: ["ComputeGraph", "ModelDescriptions", "Diagnostics", "TensorTypes", "TestSupport"],
        exclude: ["Goldens"],
        swiftSettings: swiftSettings
    ),
    .testTarget(
        name: "ReferenceInterpreterTests",
        dependencies: [
            "ReferenceInterpreter", "Scheduling", "ComputeGraph", "ModelDescriptions", "InputProcessing", "JSONText",
            "TensorTypes", "TestSupport", "TestRandomness",
        ],
        swiftSettings: swiftSettings
    ),
    .testTarget(
        name: "SchedulingTests",
        dependencies: [
            "Scheduling", "ReferenceInterpreter", "ComputeGraph", "ModelDescriptions", "Diagnostics", "TensorTypes",
            "TestSupport", "TestRandomness",
        ],
        exclude: ["Goldens"],
        swiftSettings: swiftSettings
    ),
    .testTarget(
        name: "SourceEmissionTests",
        dependencies: ["SourceEmission", "CompilerDriver", "ModelDescriptions", "TestSupport"],
        exclude: ["Goldens"],
        swiftSettings: swiftSettings
    ),
    .testTarget(
        name: "CompilerDriverTests",
        dependencies: ["CompilerDriver", "Scheduling", "SourceEmission", "TensorTypes", "TestSupport", "PathKit"],
        swiftSettings: swiftSettings
    ),
    // Uses the plugin with the compiler that was built from source; Tests/Parity uses it with a prebuilt one.
    .testTarget(
        name: "CompiledModelTests",
        dependencies: [
            "Generation", "InputProcessing", "ModelCommands", "ModelRuntime", "TensorTypes", "TestSupport",
        ],
        swiftSettings: swiftSettings,
        plugins: ["VLMCompiler"]
    ),
]

let runtimeTests: [Target] = [
    .target(name: "TestRandomness", path: "Tests/TestRandomness", swiftSettings: swiftSettings),
    .testTarget(name: "TensorTypesTests", dependencies: ["TensorTypes"], swiftSettings: swiftSettings),
    .testTarget(name: "DiagnosticsTests", dependencies: ["Diagnostics"], swiftSettings: swiftSettings),
    .testTarget(name: "JSONTextTests", dependencies: ["JSONText", "TestRandomness"], swiftSettings: swiftSettings),
    .testTarget(
        name: "ChatTemplatesTests",
        dependencies: ["ChatTemplates", "JSONText", "TestRandomness"],
        swiftSettings: swiftSettings
    ),
    .testTarget(
        name: "InputProcessingTests",
        dependencies: ["InputProcessing", "JSONText", "CImageCodecs", "CImageLibraries", "TestRandomness"],
        swiftSettings: swiftSettings
    ),
    .testTarget(
        name: "StructuredOutputTests",
        dependencies: ["StructuredOutput", "JSONText", "TestRandomness"],
        exclude: ["Fixtures"],
        swiftSettings: swiftSettings
    ),
    .testTarget(
        name: "ModelRuntimeTests",
        dependencies: ["ModelRuntime", "CPUKernels", "JSONText", "TensorTypes", "TestRandomness"],
        exclude: ["Model/Fixtures"],
        swiftSettings: swiftSettings
    ),
    .testTarget(
        name: "ServingEngineTests",
        dependencies: ["ServingEngine", "ModelRuntime", "InputProcessing", "TensorTypes", "TestRandomness"],
        swiftSettings: swiftSettings
    ),
    .testTarget(
        name: "ServingTests",
        dependencies: [
            "Serving", "ServingEngine", "Generation", "ModelRuntime", "InputProcessing", "JSONText", "TestRandomness",
            argumentParser,
            .product(name: "InMemoryTracing", package: "swift-distributed-tracing"),
            .product(name: "Logging", package: "swift-log"),
            .product(name: "NIOCore", package: "swift-nio"),
            .product(name: "NIOPosix", package: "swift-nio"),
            .product(name: "NIOSSL", package: "swift-nio-ssl"),
            .product(name: "NIOTLS", package: "swift-nio"),
            .product(name: "Tracing", package: "swift-distributed-tracing"),
        ],
        swiftSettings: swiftSettings
    ),
    .testTarget(
        name: "ModelCommandsTests",
        dependencies: ["ModelCommands", "ModelRuntime", "TensorTypes", "JSONText", argumentParser],
        swiftSettings: swiftSettings
    ),
]

let runtimeDependencies: [Package.Dependency] = [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
    .package(url: "https://github.com/apple/swift-log", from: "1.14.0"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.9.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.2"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.0.0"),
]

let compilerDependencies: [Package.Dependency] = [
    .package(url: "https://github.com/swiftlang/swift-syntax", exact: "603.0.1"),
    .package(url: "https://github.com/stencilproject/Stencil", from: "0.15.1"),
    .package(url: "https://github.com/kylef/PathKit", from: "1.0.1"),
    .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/apple/swift-numerics", from: "1.1.1"),
]

let package = Package(
    name: "vlmc",
    products: [
        .library(name: "ModelRuntime", targets: ["ModelRuntime", "InputProcessing", "Generation", "TensorTypes"]),
        .library(name: "ModelCommands", targets: ["ModelCommands"]),
        .library(name: "Serving", targets: ["Serving"]),
        .library(name: "StructuredOutput", targets: ["StructuredOutput"]),
        .plugin(name: "VLMCompiler", targets: ["VLMCompiler"]),
        .plugin(name: "VLMCompilerCommand", targets: ["VLMCompilerCommand"]),
    ],
    dependencies: runtimeDependencies + (compilerIsPrebuilt ? [] : compilerDependencies),
    targets: sharedTargets + runtimeTargets + plugins + runtimeTests
        + (compilerIsPrebuilt ? [.binaryTarget(name: "vlmc", path: bundle)] : compilerTargets + compilerTests)
)
