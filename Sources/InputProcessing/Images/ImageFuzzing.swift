// What a fuzzer needs of this module: damaged images, and what must hold whatever the bytes are.
// Not a fuzzer: the tests run it, as long as they are told.
import CImageLibraries

/// Damages image files and checks that reading them keeps its promises.
package enum ImageFuzzing {
    /// A copy of `file` with a few random changes. The checksums of a PNG file are often repaired, so that changes get
    /// past them.
    package static func damaged(_ file: [UInt8], using generator: inout some RandomNumberGenerator) -> [UInt8] {
        var bytes = file
        for _ in 0..<Int.random(in: 1...6, using: &generator) where !bytes.isEmpty {
            damage(&bytes, using: &generator)
        }
        if Bool.random(using: &generator) { repairChecksums(of: &bytes) }
        return bytes
    }

    /// Decodes `bytes` in several ways. Returns a sentence on a broken promise, or nil; must never crash, hang or
    /// allocate beyond its limits.
    package static func brokenPromise(on bytes: [UInt8]) -> String? {
        let limits = ImageLimits(maximumFileBytes: 1 << 22, maximumPixels: 1 << 18, maximumAspectRatio: 200)
        let info = try? ImageDecoder(limits: limits).info(of: bytes)
        var conversions = [PixelConversion()]
        conversions.append(PixelConversion(transparency: .dropped, sixteenBitGrey: .upperByte))
        for conversion in conversions {
            let decoder = ImageDecoder(limits: limits, conversion: conversion)
            do {
                let decoded = try decoder.decode(bytes)
                guard decoded.info == info else { return "decoding and probing disagree: \(decoded.info)" }
                let image = decoded.image
                guard image.width == decoded.info.width, image.height == decoded.info.height,
                    image.pixels.count == image.width * image.height * 3,
                    image.width * image.height <= limits.maximumPixels
                else { return "the image's size is not what its header states" }
                guard try decoder.decode(bytes).image == image else { return "decoding twice gives different pixels" }
                if let broken = brokenPromise(on: image) { return broken }
            } catch {
                if error.description.isEmpty { return "an error without a message" }
            }
        }
        return nil
    }

    private static func brokenPromise(on image: RGBImage) -> String? {
        let configuration = ImageProcessorConfiguration(patchSize: 4, minimumPixels: 64, maximumPixels: 4096)
        do {
            let patched = try ImageProcessor(configuration).process(image)
            guard patched.patches.count == patched.grid.patchCount * patched.patchLength else {
                return "the patches are not as many as their grid states"
            }
            return patched.patches.allSatisfy(\.isFinite) ? nil : "a patch is not finite"
        } catch {
            return "an image within the limits was not processed: \(error)"
        }
    }

    private static func damage(_ bytes: inout [UInt8], using generator: inout some RandomNumberGenerator) {
        let start = Int.random(in: 0..<bytes.count, using: &generator)
        let length = min(Int.random(in: 1...16, using: &generator), bytes.count - start)
        switch Int.random(in: 0..<8, using: &generator) {
        case 0:
            bytes[start] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 1:
            bytes[start] = [0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF].randomElement(using: &generator) ?? 0
        case 2:
            for index in start..<start + length { bytes[index] = .random(in: 0...255, using: &generator) }
        case 3:
            bytes.removeSubrange(start..<start + length)
        case 4:
            bytes.insert(contentsOf: Array(bytes[start..<start + length]), at: start)
        case 5:
            let target = Int.random(in: 0...bytes.count - length, using: &generator)
            for index in 0..<length { bytes[target + index] = bytes[start + index] }
        case 6:
            let extremes: [UInt32] = [0, 1, 2, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0xFFFF, 0x1_0000, 13, 64]
            let value = extremes.randomElement(using: &generator) ?? 0
            let isBigEndian = Bool.random(using: &generator)
            withUnsafeBytes(of: isBigEndian ? value.bigEndian : value.littleEndian) { field in
                for (index, byte) in field.enumerated() where start + index < bytes.count {
                    bytes[start + index] = byte
                }
            }
        default:
            bytes.removeLast(bytes.count - start)
        }
    }

    /// Writes the right checksum behind every chunk of a PNG file that has room for one.
    package static func repairChecksums(of bytes: inout [UInt8]) {
        var offset = 8
        while offset + 12 <= bytes.count {
            let length = bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
            guard length <= bytes.count - offset - 12 else { return }
            let checksum = bytes[offset + 4..<offset + 8 + length].withUnsafeBufferPointer {
                UInt32(truncatingIfNeeded: crc32(0, $0.baseAddress, UInt32($0.count)))
            }
            withUnsafeBytes(of: checksum.bigEndian) { field in
                bytes.replaceSubrange(offset + 8 + length..<offset + 12 + length, with: field)
            }
            offset += 12 + length
        }
    }
}
