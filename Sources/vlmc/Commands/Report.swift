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

    @Option(help: "Tokens that the key-value cache is to hold.")
    var context: Int?

    @Option(help: "Pixels of the largest image, after resizing.")
    var maxPixels: Int?

    @Option(help: "Rows of one prefill step.")
    var chunk = 512

    @Option(help: "What keys and values are kept as: bf16 or f32.")
    var kvCacheDtype = "bf16"

    @Option(help: "Threads that run the model; by default the cores of this machine.")
    var threads: Int?

    @Option(help: "A machine by name.")
    var machine: String?

    @Option(help: "Bytes a second that a machine reads from memory, such as 70e9.")
    var bandwidth: Double?

    @Option(help: "Floating-point operations a second of a machine, such as 970e9.")
    var operations: Double?

    func validate() throws {
        if let context, context < 1 { throw ValidationError("--context must be at least 1.") }
        if let maxPixels, maxPixels < 1 { throw ValidationError("--max-pixels must be at least 1.") }
        if let threads, threads < 1 { throw ValidationError("--threads must be at least 1.") }
        if chunk < 1 { throw ValidationError("--chunk must be at least 1.") }
        if (bandwidth == nil) != (operations == nil) {
            throw ValidationError("--bandwidth and --operations go together.")
        }
        if let machine, !Machine.known.contains(where: { $0.name == machine }) {
            let names = Machine.known.map(\.name).joined(separator: ", ")
            throw ValidationError("there is no machine `\(machine)`; known are \(names).")
        }
        guard ["bf16", "f32"].contains(kvCacheDtype) else {
            throw ValidationError("--kv-cache-dtype is bf16 or f32, not `\(kvCacheDtype)`.")
        }
    }

    func run() throws {
        let input = DescriptionFile(path: file)
        try Terminal.reporting(input) {
            let description = try input.checked()
            Terminal.show(input.diagnostics, sources: input.sources)
            let report = ModelReport(
                description,
                schedule: try Pipeline(description).schedule(),
                contextTokens: context,
                maximumPixels: maxPixels,
                stepRows: chunk,
                cacheElement: ElementType(rawValue: kvCacheDtype) ?? .bf16,
                machine: chosenMachine(),
                threads: threads ?? ProcessInfo.processInfo.activeProcessorCount
            )
            print(report.text, terminator: "")
        }
    }

    private func chosenMachine() -> Machine {
        if let bandwidth, let operations {
            return Machine(name: "the stated machine", bytesPerSecond: bandwidth, operationsPerSecond: operations)
        }
        return Machine.known.first { $0.name == machine } ?? MeasuredMachine.measure()
    }
}
