// `vlmc report`: parameters, shapes, memory at worst and the least time on a machine.

import ArgumentParser
import CompilerDriver
import Foundation
import Scheduling
import TensorTypes

/// Reports on a model without running it.
struct Report: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print parameters, shapes, worst-case memory and the roofline of a model.",
        discussion: """
            The memory is a proof, not an estimate: the compiled model allocates by the same plan. The times are the \
            least that a machine needs for the bytes and operations; state a machine by name \
            (\(Machine.known.map(\.name).joined(separator: ", "))), or by --bandwidth and --operations; without either, \
            this machine is measured.
            """
    )

    @Argument(help: "The TOML file that describes the model.")
    var file: String

    @Option(parsing: .unconditional, help: "Tokens that the key-value cache is to hold.")
    var context: Int?

    @Option(parsing: .unconditional, help: "Pixels of the largest image, after resizing.")
    var maxPixels: Int?

    @Option(parsing: .unconditional, help: "Rows of one prefill step.")
    var chunk = 512

    @Option(help: "What keys and values are kept as: bf16, f32 or int8.")
    var kvCacheDtype = "bf16"

    @Option(parsing: .unconditional, help: "Threads that run the model; by default the cores of this machine.")
    var threads: Int?

    @Option(help: "A machine by name.")
    var machine: String?

    @Option(parsing: .unconditional, help: "Bytes a second that a machine reads from memory, such as 70e9.")
    var bandwidth: Double?

    @Option(parsing: .unconditional, help: "Floating-point operations a second of a machine, such as 970e9.")
    var operations: Double?

    @OptionGroup var quantization: QuantizationOption

    func validate() throws {
        let bounded = [
            ("context", context, 1 << 30), ("max-pixels", maxPixels, 1 << 30), ("threads", threads, 1024),
            ("chunk", chunk, 1 << 20),
        ]
        for case (let name, let value?, let most) in bounded where !(1...most).contains(value) {
            throw ValidationError("--\(name) is \(value); allowed: 1 to \(most)")
        }
        for case (let name, let value?) in [("bandwidth", bandwidth), ("operations", operations)]
        where !(value.isFinite && value > 0) {
            throw ValidationError("--\(name) is \(value); allowed: a number above 0")
        }
        if (bandwidth == nil) != (operations == nil) {
            throw ValidationError("--bandwidth and --operations go together.")
        }
        if let machine, !Machine.known.contains(where: { $0.name == machine }) {
            let names = Machine.known.map(\.name).joined(separator: ", ")
            throw ValidationError("there is no machine `\(machine)`; known are \(names).")
        }
        guard Self.cacheElements[kvCacheDtype] != nil else {
            throw ValidationError("--kv-cache-dtype is bf16, f32 or int8, not `\(kvCacheDtype)`.")
        }
    }

    private static let cacheElements: [String: ElementType] = ["bf16": .bf16, "f32": .f32, "int8": .i8]

    func run() throws {
        let input = DescriptionFile(path: file)
        try Terminal.reporting(input) {
            let description = try input.checked()
            Terminal.show(input.diagnostics, sources: input.sources)
            let pipeline = Pipeline(description, quantization: quantization.format)
            let report = ModelReport(
                pipeline.description,
                schedule: try pipeline.schedule(),
                contextTokens: context,
                maximumPixels: maxPixels,
                stepRows: chunk,
                cacheElement: Self.cacheElements[kvCacheDtype] ?? .bf16,
                machine: chosenMachine(),
                threads: threads ?? ProcessInfo.processInfo.activeProcessorCount
            )
            try Terminal.print(report.text)
        }
    }

    private func chosenMachine() -> Machine {
        if let bandwidth, let operations {
            return Machine(name: "the stated machine", bytesPerSecond: bandwidth, operationsPerSecond: operations)
        }
        return Machine.known.first { $0.name == machine } ?? MeasuredMachine.measure()
    }
}
