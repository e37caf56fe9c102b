// Random trees go through writer and reader unchanged; random damage never does more than throw.
// Seeds are fixed: a failure repeats.

import TestRandomness
import Testing

@testable import JSONText

@Suite struct JSONPropertyTests {
    @Test func randomTreesReadBackAsWritten() throws {
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<2_000 * FuzzRounds.factor {
            let tree = randomValue(depth: 5, using: &generator)
            for layout in [JSONWriter.Layout.compact, .indented] {
                var writer = JSONWriter(layout: layout)
                writer.value(tree)
                #expect(try JSONDocument(writer.text).root == tree)
            }
        }
    }

    @Test func damagedTextsThrowOrReadButNeverTrap() throws {
        var generator = SeededGenerator(seed: 2)
        var refused = 0
        var accepted = 0
        for _ in 0..<4_000 * FuzzRounds.factor {
            var writer = JSONWriter(layout: Bool.random(using: &generator) ? .compact : .indented)
            writer.value(randomValue(depth: 4, using: &generator))
            var bytes = writer.utf8
            for _ in 0..<Int.random(in: 1...4, using: &generator) { damage(&bytes, using: &generator) }
            do {
                let document = try JSONDocument(bytes)
                // What was accepted is JSON: writing and reading it changes nothing.
                var again = JSONWriter()
                again.value(document.root)
                #expect(try JSONDocument(again.utf8).root == document.root)
                accepted += 1
            } catch {
                #expect((0...bytes.count).contains(error.offset))
                #expect(error.line >= 1 && error.column >= 1)
                // Skipping refuses whatever reading refuses, except a duplicate key, which only a tree notices.
                if case .duplicateKey = error.what {
                } else {
                    #expect(throws: error) {
                        try withReader(bytes) { reader in
                            try reader.skipValue()
                            try reader.finish()
                        }
                    }
                }
                refused += 1
            }
        }
        // Both outcomes have to occur, or the damage is too mild or too strong to test anything.
        #expect(refused > 1_000)
        #expect(accepted > 100)
    }

    @Test func randomBytesNeverTrap() {
        var generator = SeededGenerator(seed: 3)
        let alphabet = Array("{}[]:,\"\\u0123dDeE+-.truefalsn \n\u{7F}é😀".utf8) + [0xFF, 0xC0, 0x00]
        for _ in 0..<20_000 * FuzzRounds.factor {
            let bytes = (0..<Int.random(in: 0...24, using: &generator)).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
            }
            do {
                _ = try JSONDocument(bytes)
            } catch {
                #expect((0...bytes.count).contains(error.offset))
            }
        }
    }

    private func randomValue(depth: Int, using generator: inout SeededGenerator) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 5), using: &generator) {
        case 0: return JSONValue(.null)
        case 1: return JSONValue(.boolean(Bool.random(using: &generator)))
        case 2: return JSONValue(.number(JSONNumber(Int.random(in: Int.min...Int.max, using: &generator))))
        case 3:
            let double = Double(bitPattern: generator.next())
            return JSONNumber(double).map { JSONValue(.number($0)) } ?? JSONValue(.null)
        case 4: return JSONValue(.string(randomString(using: &generator)))
        case 5, 6:
            let count = Int.random(in: 0...4, using: &generator)
            return JSONValue(.array((0..<count).map { _ in randomValue(depth: depth - 1, using: &generator) }))
        default:
            var keys = Set<[UInt8]>()
            var members: [JSONMember] = []
            for _ in 0..<Int.random(in: 0...4, using: &generator) {
                let key = randomString(using: &generator)
                guard keys.insert(Array(key.utf8)).inserted else { continue }
                members.append(JSONMember(key: key, value: randomValue(depth: depth - 1, using: &generator)))
            }
            return JSONValue(.object(members))
        }
    }

    private func randomString(using generator: inout SeededGenerator) -> String {
        let ranges: [ClosedRange<UInt32>] = [
            0...0x1F, 0x20...0x7E, 0x22...0x22, 0x5C...0x5C, 0x80...0x7FF, 0x800...0xD7FF, 0xE000...0xFFFF,
            0x10000...0x10FFFF, 0x300...0x36F,
        ]
        var scalars = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...12, using: &generator) {
            let range = ranges[Int.random(in: 0..<ranges.count, using: &generator)]
            if let scalar = Unicode.Scalar(UInt32.random(in: range, using: &generator)) { scalars.append(scalar) }
        }
        return String(scalars)
    }

    private func damage(_ bytes: inout [UInt8], using generator: inout SeededGenerator) {
        let index = Int.random(in: 0...bytes.count, using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0 where index < bytes.count: bytes[index] = UInt8.random(in: 0...255, using: &generator)
        case 1 where index < bytes.count: bytes.remove(at: index)
        case 2: bytes.insert(UInt8(ascii: " "), at: index)
        default: bytes.removeSubrange(index...)
        }
    }
}
