// Adapters by name: taken names, places, unloading while somebody uses one, and many threads at once.

import Testing

@testable import ModelRuntime

@Suite struct LoadedAdaptersTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        var builder = AdapterBuilder()
        builder.add("model.layers.0.q", outputs: 20)
        try builder.write(to: folder)
    }

    private func makeAdapters(_ count: Int) -> LoadedAdapters {
        LoadedAdapters(for: SmallModel.manifest(), limits: AdapterLimits(count: count, rank: 2))
    }

    private func problem(_ body: () throws(AdapterError) -> Void) throws -> String {
        let error = try #require(throws: AdapterError.self) { try body() }
        return error.description
    }

    @Test func namesAndPlaces() throws {
        let adapters = makeAdapters(2)
        let first = try adapters.load("b", from: folder.path)
        try adapters.load("a", from: folder.path)
        #expect(adapters.names == ["a", "b"] && adapters["b"] === first && adapters["c"] == nil)
        #expect(
            try problem { () throws(AdapterError) in try adapters.load("a", from: folder.path) }.contains(
                "\"a\" is loaded"
            )
        )
        let full = try problem { () throws(AdapterError) in try adapters.load("c", from: folder.path) }
        #expect(full.contains("2 adapters are loaded or still in use") && full.contains("--max-loras"))
        #expect(adapters.unload("a") && !adapters.unload("a"))
        try adapters.load("c", from: folder.path)
        #expect(adapters.names == ["b", "c"])
    }

    /// Who holds an adapter keeps it and its memory; its place is free when nobody does.
    @Test func unloadingWhileInUse() throws {
        let adapters = makeAdapters(1)
        var held: Adapter? = try adapters.load("a", from: folder.path)
        weak let watched = held
        #expect(adapters.unload("a") && adapters["a"] == nil && watched != nil)
        let full = try problem { () throws(AdapterError) in try adapters.load("b", from: folder.path) }
        #expect(full.contains("1 adapter is loaded or still in use"))
        #expect(held?.moduleCount == 1)
        held = nil
        #expect(watched == nil)
        try adapters.load("b", from: folder.path)
    }

    /// A name can go over to another adapter, with room for both as long as somebody uses the first.
    @Test func replacing() throws {
        let limits = AdapterLimits(count: 1, rank: 2, spareCount: 1)
        let adapters = LoadedAdapters(for: SmallModel.manifest(), limits: limits)
        let first = try adapters.load("a", from: folder.path)
        _ = try problem { () throws(AdapterError) in try adapters.load("a", from: folder.path) }
        let names = try problem { () throws(AdapterError) in try adapters.load("b", from: folder.path) }
        #expect(names.contains("1 adapter is loaded"))
        var second: Adapter? = try adapters.load("a", from: folder.path, replacing: true)
        #expect(adapters["a"] === second && second?.identity != first.identity)
        let full = try problem { () throws(AdapterError) in
            try adapters.load("a", from: folder.path, replacing: true)
        }
        #expect(full.contains("2 adapters are loaded or still in use"))
        #expect(adapters["a"] === second && first.moduleCount == 1)
        second = nil
        #expect(adapters.unload("a"))
        try adapters.load("b", from: folder.path)
        let planned = limits.byteCount(for: SmallModel.manifest())
        #expect(planned == 2 * SmallModel.manifest().adapterByteCount(rank: 2))
        withExtendedLifetime(first) {}
    }

    @Test func aFailureLeavesThePlaceFree() throws {
        let adapters = makeAdapters(1)
        _ = try problem { () throws(AdapterError) in try adapters.load("a", from: folder["none"]) }
        try adapters.load("a", from: folder.path)
        #expect(LoadedAdapters(for: SmallModel.manifest(), limits: .none).names.isEmpty)
    }

    @Test func manyThreads() async throws {
        let adapters = makeAdapters(4)
        let path = folder.path
        let loaded = await withTaskGroup(of: Int.self) { group in
            for task in 0..<8 {
                group.addTask {
                    (0..<20).reduce(0) { count, round in
                        let name = "\((task + round) % 6)"
                        let isLoaded = (try? adapters.load(name, from: path)) != nil
                        return count + (isLoaded && adapters.unload(name) ? 1 : 0)
                    }
                }
            }
            return await group.reduce(0, +)
        }
        #expect(loaded > 0)
        for name in adapters.names { adapters.unload(name) }
        for name in ["a", "b", "c", "d"] { try adapters.load(name, from: path) }
    }
}
