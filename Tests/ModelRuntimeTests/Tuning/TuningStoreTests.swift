// What `tune` remembers comes back as it was, and only for the model and the machine that it was measured on.

import TensorTypes
import Testing

@testable import ModelRuntime

@Suite struct TuningStoreTests {
    private let folder: TemporaryFolder
    private let store: TuningStore

    init() throws {
        folder = try TemporaryFolder()
        store = TuningStore(cacheFolder: folder["cache"])
    }

    private static let kernels = CPUKernelSet.best.description

    private func key(_ processor: String = "a processor", threads: Int = 2, formats: String = "bf16") -> TuningKey {
        TuningKey(
            processor: processor,
            kernelSets: ["scalar", Self.kernels],
            model: "a \"model\"",
            generator: "vlmc 0",
            formats: formats,
            threads: threads
        )
    }

    private func tuning(_ kernels: String = Self.kernels) throws -> ModelTuning {
        let matrix = DeviceCall.Matrix(outputs: 960, inputs: 320, format: .w4g32)
        let head = DeviceCall.Matrix(outputs: 50_000, inputs: 960, format: .w8)
        return ModelTuning(
            kernels: kernels,
            products: [
                ProductKind(.gatedLinear, matrix, .few):
                    try #require(ProductTuning(aheadBytes: 2048, smallChunkBytes: 7, longQuarters: 0)),
                ProductKind(.linear, head, .one):
                    try #require(ProductTuning(aheadBytes: 0, smallChunkBytes: 1 << 20, longQuarters: 4)),
            ]
        )
    }

    @Test func aChoiceComesBack() throws {
        let tuning = try tuning()
        #expect(try store.read(key()) == nil)
        let path = try store.write(tuning, for: key())
        #expect(path == store.path(key()))
        #expect(try store.read(key()) == tuning)
        #expect(folder.names(in: "cache").count == 1, "nothing else stays behind")
        let other = ModelTuning(kernels: "scalar", products: [:])
        try store.write(other, for: key())
        #expect(try store.read(key()) == other)
        #expect(try contents(of: path) == other.json(key()))
    }

    @Test func anotherMachineOrModelHasAnother() throws {
        try store.write(try tuning(), for: key())
        #expect(try store.read(key("another processor")) == nil)
        #expect(try store.read(key(threads: 1)) == nil)
        #expect(try store.read(key(formats: "w8")) == nil)
    }

    @Test func aFileFromElsewhereIsRefused() throws {
        let bytes = try tuning().json(key("another processor"))
        try makeFolders(folder["cache"])
        try folder.write(bytes, to: "cache/" + fileName(try #require(store.path(key()))))
        let damage = #expect(throws: TuningDamage.self) { try store.read(key()) }
        #expect(damage?.reason.contains("another processor") == true)
    }

    @Test(arguments: [
        ("", "not JSON"), ("{", "not JSON"), ("[]", "no `version`"), ("{\"version\": 1}", "no `version`"),
        ("{\"version\": \"0\"}", "the version `0`"),
    ])
    func otherTexts(_ text: String, _ expected: String) throws {
        try makeFolders(folder["cache"])
        try folder.write(text.utf8, to: "cache/" + fileName(try #require(store.path(key()))))
        let damage = #expect(throws: TuningDamage.self) { try store.read(key()) }
        #expect(damage?.reason.contains(expected) == true, "\(damage?.reason ?? "")")
    }

    @Test(arguments: [
        ("\"kernels\": \"\(kernels)\"", "\"kernels\": \"mmx\"", "names no kernels that run here"),
        ("\"products\"", "\"product\"", "no list of `products`"),
        ("\"ahead_bytes\": 2048", "\"ahead_bytes\": 2049", "makes no sense"),
        ("\"long_quarters\": 0", "\"long_quarters\": 9", "makes no sense"),
        ("\"w4g32\"", "\"w4g33\"", "makes no sense"),
        ("\"few\"", "\"many\"", "makes no sense"),
        ("\"gated linear\"", "\"embed\"", "makes no sense"),
        ("\"outputs\": 960", "\"outputs\": -960", "makes no sense"),
        ("\"small_chunk_bytes\": 7", "\"small_chunk_bytes\": 1e99", "makes no sense"),
    ])
    func damage(_ part: String, _ replacement: String, _ expected: String) throws {
        let text = String(decoding: try tuning().json(key()), as: UTF8.self)
        let changed = text.split(separator: part, omittingEmptySubsequences: false).joined(separator: replacement)
        #expect(changed != text)
        try makeFolders(folder["cache"])
        try folder.write(changed.utf8, to: "cache/" + fileName(try #require(store.path(key()))))
        let damage = #expect(throws: TuningDamage.self) { try store.read(key()) }
        #expect(damage?.reason.contains(expected) == true, "\(damage?.reason ?? "")")
    }

    /// Every part of a file that was cut off is told, and never a crash.
    @Test func truncation() throws {
        let bytes = try tuning().json(key())
        try makeFolders(folder["cache"])
        let name = "cache/" + fileName(try #require(store.path(key())))
        for count in stride(from: 0, to: bytes.count - 2, by: 7) {
            try folder.write(bytes.prefix(count), to: name)
            #expect(throws: TuningDamage.self) { try store.read(key()) }
        }
    }

    @Test(.enabled(if: !CPUKernelSet.isNamed)) func whatIsChosenToRunOn() throws {
        var damages: [String] = []
        func chosen() throws -> ChosenKernels {
            try ChosenKernels(key(), cacheFolder: folder["cache"]) { path, damage in
                damages.append("\(path): \(damage)")
            }
        }
        #expect(try !chosen().isTuned)
        try store.write(try tuning("scalar"), for: key())
        let tuned = try chosen()
        #expect(tuned.isTuned && tuned.set.description == "scalar")
        #expect(try tuned.products == tuning().products)
        #expect(damages.isEmpty)
        try folder.write("no".utf8, to: "cache/" + fileName(try #require(store.path(key()))))
        let standard = try chosen()
        #expect(!standard.isTuned && standard.set.description == Self.kernels && standard.products.isEmpty)
        #expect(damages.count == 1)
    }

    @Test func namesOfProcessors() {
        let lines = [
            "processor\t: 0\n", "cpu family\t: 26\n", "model\t\t: 2\n", "model name\t: AMD  EPYC \n", "stepping\t: 1\n",
        ]
        #expect(ProcessorName.name(lines) == "AMD EPYC, family 26, model 2, stepping 1")
        #expect(ProcessorName.name(["CPU implementer\t: 0x41\n", "CPU part\t: 0xd40\n"]) == "0x41, part 0xd40")
        #expect(ProcessorName.name(["processor : 0\n"]) == nil)
        #expect(!ProcessorName.current.isEmpty)
    }
}
