// The formats that `verify` takes, and what it says of those that it does not.

import ArgumentParser
import TensorTypes
import Testing

@testable import ModelCommands

@Suite struct VerifyCommandTests {
    private func message(_ format: String) -> String {
        do {
            _ = try VerifyCommand<DescribedModel>.parse(["--weights", "x", "--fixture", "y", "--dtype", format])
            return ""
        } catch {
            return VerifyCommand<DescribedModel>.message(for: error)
        }
    }

    /// Fixtures bound errors in f32 and the divergence of floating-point formats; integers have nothing to agree with.
    @Test(arguments: WeightFormat.all) func everyFormatIsVerifiedOrToldWhyNot(_ format: WeightFormat) {
        let message = message(format.name)
        if format.isInteger {
            #expect(message.hasPrefix("--dtype is f32, bf16 or f16 here, for which fixtures have bounds"))
            #expect(
                message.hasSuffix("`quantize --format \(format.name) --text FILE` tells what \(format.name) costs.")
            )
        } else {
            #expect(message == "")
        }
    }

    @Test func unknownFormatsAreRefused() {
        #expect(message("q9").hasPrefix("--dtype is auto, "))
    }
}
