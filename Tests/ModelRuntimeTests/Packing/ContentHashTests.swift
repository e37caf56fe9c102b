// The hash against the values that the reference implementation gives.

import Testing

@testable import ModelRuntime

@Suite struct ContentHashTests {
    private func hash(_ text: String, seed: UInt64 = 0) -> UInt64 {
        Array(text.utf8).withUnsafeBytes { xxHash64($0, seed: seed) }
    }

    /// Bytes 0, 1, 2, ... of these counts, hashed with the seeds 0 and 2654435761 by the `xxhash` package.
    @Test(
        arguments: [
            (0, 0xEF46_DB37_51D8_E999, 0xAC75_FDA2_929B_17EF),
            (1, 0xE934_A84A_DB05_2768, 0x5014_6076_43A9_B4C3),
            (3, 0xE5C7_BB45_33BC_65DD, 0x47AA_45ED_39ED_5541),
            (4, 0xFFCE_D860_4453_CC1E, 0xB8F1_A518_93FA_14E6),
            (7, 0x14CC_643F_630C_72D2, 0x13F3_1C4A_8E5F_8252),
            (8, 0x884A_1736_14B8_1B8D, 0xCB74_EF9D_044D_CF44),
            (12, 0x424A_F23F_1F08_DCA5, 0x360A_9AD6_5866_8EBC),
            (31, 0xC346_D2B5_9B4D_8EE1, 0x7196_9C89_A30A_986A),
            (32, 0xCBF5_9C51_16FF_32B4, 0x7181_3547_74E0_D600),
            (33, 0x0C53_5D1A_CAFB_8EAD, 0x57BD_8AD0_A039_0E6D),
            (63, 0xE26A_A9E2_A95F_8E4F, 0x8923_6204_5C7B_ADFB),
            (64, 0xF7C6_7301_DB67_13F0, 0x6E54_5403_B828_CF8B),
            (100, 0x6AC1_E580_3216_6597, 0x8832_442A_8828_4F11),
            (1000, 0x6EF4_36B0_0EBA_4078, 0x5697_DAF2_CCBF_C5FB),
        ] as [(Int, UInt64, UInt64)]
    )
    func equalsTheReference(count: Int, plain: UInt64, seeded: UInt64) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        #expect(bytes.withUnsafeBytes { xxHash64($0) } == plain)
        #expect(bytes.withUnsafeBytes { xxHash64($0, seed: 2_654_435_761) } == seeded)
    }

    @Test func wellKnownValues() {
        #expect(hash("") == 0xEF46_DB37_51D8_E999)
        #expect(hash("abc") == 0x44BC_2CF5_AD77_0999)
        #expect(hash("Nobody inspects the spammish repetition") == 0xFBCE_A83C_8A37_8BF1)
    }

    @Test func startingAtAnyAddressMakesNoDifference() {
        let bytes = (0..<200).map { UInt8(truncatingIfNeeded: $0 &* 37) }
        bytes.withUnsafeBytes { aligned in
            let expected = xxHash64(UnsafeRawBufferPointer(rebasing: aligned[..<101]))
            for shift in 1..<9 {
                let moved = [UInt8](repeating: 0, count: shift) + bytes[..<101]
                #expect(moved.withUnsafeBytes { xxHash64(UnsafeRawBufferPointer(rebasing: $0[shift...])) } == expected)
            }
        }
    }

    @Test func piecesAreOrderedAndCounted() {
        #expect(combinedHash([1, 2]) != combinedHash([2, 1]))
        #expect(combinedHash([]) != combinedHash([0]))
        #expect(combinedHash([1], seed: 1) != combinedHash([1], seed: 2))
    }
}
