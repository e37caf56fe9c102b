// The arguments of `bench`: each that is wrong is told, with what is allowed.

import ArgumentParser
import ModelRuntime
import TensorTypes
import Testing

@testable import ModelCommands

@Suite struct BenchCommandTests {
    private func message(_ arguments: [String]) -> String {
        do {
            _ = try BenchCommand<DescribedModel>.parse(arguments)
            return ""
        } catch {
            return BenchCommand<DescribedModel>.message(for: error)
        }
    }

    @Test(arguments: [
        ([], "Give either --weights or --synthetic."),
        (["--synthetic", "--weights", "x"], "Give either --weights or --synthetic."),
        (["--synthetic", "--cache", "x"], "--cache goes with --weights."),
        (["--synthetic", "--dtype", "q9"], "--dtype is auto, "),
        (["--synthetic", "--kv-cache-dtype", "q9"], "--kv-cache-dtype is auto, "),
        (["--synthetic", "--threads", "0"], "--threads is 0; allowed: 1 to 256"),
        (["--synthetic", "--prompt", "0"], "--prompt is 0; allowed: 1 to 1000000"),
        (["--synthetic", "--generate", "-1"], "--generate is -1; allowed: 1 to 100000"),
        (["--synthetic", "--sequences", "0"], "--sequences is 0; allowed: 1 to 4096"),
        (["--synthetic", "--chunk", "0"], "--chunk is 0; allowed: 1 to 65536"),
        (["--synthetic", "--repetitions", "0"], "--repetitions is 0; allowed: 1 to 1000"),
        (["--synthetic", "--seconds", "-1"], "--seconds is -1.0; allowed: 0 or more"),
        (["--synthetic", "--image", "10x"], "--image is `10x`; right would be 1036x1036, each side from 1 to 65536"),
        (
            ["--synthetic", "--phases", "decode,nap"],
            "--phases has `nap`; known are image, encode, prefill, decode, batch"
        ),
        (["--synthetic", "--prompt", "1000", "--generate", "100"], "are 1102 tokens; the model takes 1024"),
    ])
    func wrongArguments(_ arguments: [String], _ expected: String) {
        let message = message(arguments)
        #expect(message.contains(expected), "\(message)")
    }

    @Test func thePlan() throws {
        let arguments = ["--synthetic", "--phases", "prefill,decode", "--prompt", "9", "--image", "7x5"]
        let command = try BenchCommand<DescribedModel>.parse(arguments)
        let plan = try command.plan()
        #expect(plan.phases == [.prefill, .decode])
        #expect(plan.prompt == 9)
        #expect(plan.image == PixelSize(width: 7, height: 5))
        let all = try BenchCommand<DescribedModel>.parse(["--weights", "x"]).plan()
        #expect(all.phases.count == 5)
    }

    @Test(arguments: [
        ("1x1", true), ("65536x1", true), ("0x1", false), ("1x65537", false), ("1", false), ("1x2x3", false),
    ])
    func pixelSizes(_ text: String, _ isSize: Bool) {
        #expect((PixelSize(text) != nil) == isSize)
    }
}
