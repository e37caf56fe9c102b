// Directories kept as a tree says, the place of the runtime, and builds that see what has changed in it.

import CompilerDriver
import Foundation
import PathKit
import SourceEmission
import TestSupport
import Testing

@Suite struct WorkspaceTests {
    private func withDirectory(_ body: (Path) throws -> Void) throws {
        let directory = Path(NSTemporaryDirectory()) + UUID().uuidString
        try directory.mkpath()
        defer { try? directory.delete() }
        try body(directory)
    }

    @Test func aDirectoryBecomesTheTreeAndNothingElse() throws {
        try withDirectory { directory in
            let first = SourceTree([
                SourceTree.File(path: "a/one.swift", text: "1\n"), SourceTree.File(path: "two.swift", text: "2\n"),
            ])
            try Workspace.synchronise(first, into: directory)
            let second = SourceTree([SourceTree.File(path: "two.swift", text: "2\n")])
            let before = try FileManager.default.attributesOfItem(atPath: (directory + "two.swift").string)
            try Workspace.synchronise(second, into: directory)
            let after = try FileManager.default.attributesOfItem(atPath: (directory + "two.swift").string)
            #expect(!(directory + "a/one.swift").exists)
            #expect(before[.modificationDate] as? Date == after[.modificationDate] as? Date)
            #expect(before[.systemFileNumber] as? Int == after[.systemFileNumber] as? Int)
        }
    }

    @Test func theRuntimePackageIsFoundOrEveryPlaceNamed() throws {
        let root = ModelFiles.repository.path
        let found = try RuntimePackage(stated: root, environment: [:], executable: "/none/bin/vlmc")
        #expect(found.path == root)
        #expect(throws: RuntimePackageError.self) {
            try RuntimePackage(stated: "/nowhere", environment: ["VLMC_HOME": root], executable: "/none/bin/vlmc")
        }
    }

    // MARK: Building

    /// A package with the shape of the runtime's: Swift over C, from folders that SwiftPM is told about.
    private static let runtime = [
        "Package.swift": """
        // swift-tools-version: 6.0
        import PackageDescription
        let package = Package(
            name: "runtime",
            products: [.library(name: "ModelRuntime", targets: ["ModelRuntime"])],
            targets: [
                .target(name: "CPUKernels", path: "kernels/cpu"),
                .target(name: "ModelRuntime", dependencies: ["CPUKernels"]),
            ]
        )
        """,
        "kernels/cpu/one.c": "#include \"one.h\"\nint one(void) { return 1; }\n",
        "kernels/cpu/include/one.h": "int one(void);\n",
        "kernels/cpu/include/module.modulemap": "module CPUKernels {\n    header \"one.h\"\n    export *\n}\n",
        "Sources/ModelRuntime/Answer.swift": "import CPUKernels\npublic func answer() -> Int { Int(one()) }\n",
    ]

    /// A kernel with a header of its own, and a source that calls it.
    private static let addition = [
        "kernels/cpu/two.c": "#include \"two.h\"\nint two(void) { return 2; }\n",
        "kernels/cpu/include/two.h": "int two(void);\n",
        "kernels/cpu/include/module.modulemap":
            "module CPUKernels {\n    header \"one.h\"\n    header \"two.h\"\n    export *\n}\n",
        "Sources/ModelRuntime/Sum.swift": "import CPUKernels\nfunc sum() -> Int { Int(one() + two()) }\n",
        "Sources/ModelRuntime/Answer.swift": "public func answer() -> Int { sum() }\n",
    ]

    /// A model that prints what the runtime answers.
    private func model(_ runtime: Path) -> SourceTree {
        let manifest = """
            // swift-tools-version: 6.0
            import PackageDescription
            let package = Package(
                name: "model",
                dependencies: [.package(path: "\(runtime)")],
                targets: [
                    .executableTarget(
                        name: "model",
                        dependencies: [.product(name: "ModelRuntime", package: "\(runtime.lastComponent)")]
                    )
                ]
            )
            """
        return SourceTree([
            SourceTree.File(path: "Package.swift", text: manifest),
            SourceTree.File(path: "Sources/model/main.swift", text: "import ModelRuntime\nprint(answer())\n"),
        ])
    }

    private func write(_ files: [String: String], to folder: Path) throws {
        for (name, text) in files { try AtomicFile.write(text, to: folder + name) }
    }

    /// SwiftPM looks for new files in root packages only, and the runtime is none.
    @Test func sourcesAndHeadersOfTheRuntimeComeAndGo() throws {
        try withDirectory { directory in
            let folder = directory + "runtime"
            try write(Self.runtime, to: folder)
            let runtime = try RuntimePackage(stated: folder.string, environment: [:], executable: "/none/bin/vlmc")
            let workspace = Workspace(runtime: runtime, cache: (directory + "cache").string, environment: [:])
            func answer() throws -> String {
                let log = BuildOutput()
                do {
                    let binary = try workspace.build(model(folder), products: ["model"]) { log.append($0) }[0]
                    return try output(of: binary)
                } catch {
                    return log.text
                }
            }
            // From the second build on the plan is the one that was kept.
            for _ in 0..<2 { #expect(try answer() == "1\n") }
            try write(Self.addition, to: folder)
            #expect(try answer() == "3\n")
            for name in Self.addition.keys where Self.runtime[name] == nil { try (folder + name).delete() }
            try write(Self.runtime, to: folder)
            #expect(try answer() == "1\n")
        }
    }

    private func output(of program: String) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self)
    }
}

/// The lines that a build writes.
private final class BuildOutput: @unchecked Sendable {
    private(set) var text = ""

    func append(_ line: String) { text += line + "\n" }
}
