// Names and sizes of element types, and the arithmetic of packed layouts.

import TensorTypes
import Testing

@Suite struct ElementTypeTests {
    @Test(arguments: ElementType.allCases) func namesRoundTrip(_ type: ElementType) {
        #expect(ElementType(safetensorsName: type.safetensorsName) == type)
        #expect(ElementType(torchName: type.torchName) == type)
    }

    @Test func namesAreThoseOfTheFormats() {
        #expect(ElementType(safetensorsName: "BF16") == .bf16)
        #expect(ElementType(torchName: "bfloat16") == .bf16)
        #expect(ElementType(safetensorsName: "F8_E4M3") == nil)
        #expect(ElementType(torchName: "float8_e4m3fn") == nil)
    }

    @Test func sizes() {
        let sizes = ElementType.allCases.map(\.byteCount)
        #expect(sizes == [8, 4, 2, 2, 8, 4, 2, 1, 8, 4, 2, 1, 1])
    }
}

@Suite struct WeightFormatTests {
    @Test func namesAndTagsAreDistinct() {
        #expect(Set(WeightFormat.all.map(\.name)).count == WeightFormat.all.count)
        #expect(Set(WeightFormat.all.map(\.kernelTag)).count == WeightFormat.all.count)
        for format in WeightFormat.all { #expect(WeightFormat.named(format.name) == format) }
        #expect(WeightFormat.named("w3g7") == nil)
    }

    @Test(arguments: WeightFormat.all) func panelsAreAlignedAndHoldTheMatrix(_ format: WeightFormat) {
        for outputs in [1, 15, 16, 17, 4096] {
            for inputs in [1, 2, 3, 1176, 2048] {
                let bytes = format.byteCount(outputs: outputs, inputs: inputs)
                #expect(format.panelBytes(inputs: inputs) % WeightFormat.panelAlignment == 0)
                #expect(bytes >= outputs * inputs * format.bits / 8)
                let scales = format.scaling.map { $0.groupInputs == nil ? 64 : 0 } ?? 0
                let panels = (outputs + 15) / 16
                let most = Double(16 * panels * (inputs + format.groupInputs)) * format.effectiveBits / 8
                #expect(bytes <= Int(most) + panels * (scales + WeightFormat.panelAlignment))
            }
        }
    }

    @Test func bf16PanelOfOddInputsIsFilledUp() {
        #expect(WeightFormat.bf16.byteCount(outputs: 17, inputs: 3) == 2 * 4 * 16 * 2)
        #expect(WeightFormat.f32.byteCount(outputs: 17, inputs: 3) == 2 * 3 * 16 * 4)
    }

    @Test func groupsOfIntegersHaveTheirScalesBehindThem() {
        #expect(WeightFormat.w8g32.groupBytes == 1088 && WeightFormat.w8g32.panelBytes(inputs: 65) == 2 * 1088)
        #expect(WeightFormat.w4g32.groupBytes == 576 && WeightFormat.w4g128.groupBytes == 1088)
        #expect(WeightFormat.w8.panelBytes(inputs: 40) == 2 * 512 + 64)
        #expect(WeightFormat.w8g32.effectiveBits == 8.5 && WeightFormat.w4g128.effectiveBits == 4.25)
    }

    @Test func fewBitsAreKeptFromWhatIsSensitive() {
        #expect(WeightFormat.w4g32.forSensitiveWeights == .w8g32 && WeightFormat.w4g128.forSensitiveWeights == .w8g32)
        for format in WeightFormat.all where format.bits >= 8 { #expect(format.forSensitiveWeights == format) }
    }
}
