// swift-tools-version: 6.2
// Measures the thread pool: what a call costs, and what it is worth beside a process that takes a core.
import PackageDescription

let package = Package(
    name: "ThreadsBenchmark",
    dependencies: [.package(name: "vlmc", path: "../..")],
    targets: [
        .executableTarget(
            name: "threads-benchmark",
            dependencies: [.product(name: "ModelRuntime", package: "vlmc")]
        )
    ]
)
