// What the image tests share: fixture files, a generator with a fixed seed, threads. Not a test.
import Dispatch
import Glibc
import JSONText
import TestRandomness

@testable import InputProcessing

/// The reference outputs of Tests/Fixtures/vision.
enum VisionFixtures {
    static let folder: String = {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        return parts.dropLast(3).joined(separator: "/") + "/Fixtures/vision"
    }()

    static func bytes(_ name: String) throws -> [UInt8] {
        let path = "\(folder)/\(name)"
        guard let file = fopen(path, "rb") else { throw FixtureError(description: "\(path) is missing") }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = fread(&piece, 1, piece.count, file), count > 0 {
            bytes.append(contentsOf: piece[..<count])
        }
        return bytes
    }

    static func json(_ name: String) throws -> JSONValue { try JSONDocument(bytes(name)).root }

    static func image(_ name: String) throws -> RGBImage { try ImageDecoder().decode(bytes(name)).image }

    /// One small file of each kind, the seeds of fuzzing and truncation.
    static func smallFiles() throws -> [(name: String, bytes: [UInt8])] {
        let names = [
            "jpeg-grey.jpg", "jpeg-rgb-420.jpg", "jpeg-progressive.jpg", "jpeg-restarts.jpg", "jpeg-cmyk-adobe.jpg",
            "jpeg-ycck.jpg", "jpeg-orientation-6.jpg", "png-grey-1.png", "png-grey-16.png", "png-palette-4.png",
            "png-palette-8-alpha.png", "png-rgb-8-key.png", "png-rgba-16-interlaced.png", "png-rgb-8-orientation-6.png",
            "webp-lossy.webp", "webp-lossless-alpha.webp", "webp-lossy-alpha.webp", "webp-orientation-8.webp",
        ]
        return try names.map { ($0, try bytes("decode/files/\($0)")) }
    }
}

struct FixtureError: Error, CustomStringConvertible {
    let description: String
}

extension JSONValue {
    /// The member `key`, which the fixture must have.
    func require<Value>(_ key: String, _ read: (JSONValue) -> Value?) throws -> Value {
        guard let value = self[key].flatMap(read) else { throw FixtureError(description: "no \(key) in the fixture") }
        return value
    }
}

extension RGBImage {
    /// An image of random bytes; of only 0 and 255 where `isHarsh`, which drives sums to their extremes.
    static func random(width: Int, height: Int, isHarsh: Bool = false, seed: UInt64 = 1) throws -> RGBImage {
        var generator = SeededGenerator(seed: seed)
        let pixels = (0..<width * height * 3).map { _ in
            isHarsh ? (Bool.random(using: &generator) ? 255 : 0) : UInt8.random(in: 0...255, using: &generator)
        }
        guard let image = RGBImage(width: width, height: height, pixels: pixels) else {
            throw FixtureError(description: "no image of \(width) x \(height)")
        }
        return image
    }

    /// Where this image first differs from `other`, in a sentence; nil if they are equal.
    func difference(from other: RGBImage) -> String? {
        guard width == other.width, height == other.height else {
            return "\(width) x \(height), not \(other.width) x \(other.height)"
        }
        guard let index = pixels.indices.first(where: { pixels[$0] != other.pixels[$0] }) else { return nil }
        let (y, x) = (index / 3).quotientAndRemainder(dividingBy: width)
        return "at (\(x), \(y)) \(pixel(x, y)), not \(other.pixel(x, y))"
    }

    func pixel(_ x: Int, _ y: Int) -> ArraySlice<UInt8> { pixels[(y * width + x) * 3..<(y * width + x) * 3 + 3] }
}

extension ParallelLoop {
    /// Real threads, to show that bands do not disturb each other.
    static let threaded = ParallelLoop { count, body in DispatchQueue.concurrentPerform(iterations: count) { body($0) }
    }
    /// From the last number to the first.
    static let reversed = ParallelLoop { count, body in for index in (0..<count).reversed() { body(index) } }
}

/// The problem that `body` throws, or nil.
func problem<Value>(_ body: () throws(ImageError) -> Value) -> ImageError.Problem? {
    do {
        _ = try body()
        return nil
    } catch {
        return error.problem
    }
}
