// Cache pages for tests, with their layout written down a second time, from the description in kernels/cpu/README.md.

import TensorTypes

@testable import ModelRuntime

/// Pages of keys and values, NaN until written.
final class TestPages {
    let heads: HeadShape
    let precision: CacheGeometry.Precision
    private let pageBytes: Int
    private let keyMemory, valueMemory: UnsafeMutableRawBufferPointer

    private let blocks: Int

    init(heads: HeadShape, blocks: Int, precision: CacheGeometry.Precision) {
        self.heads = heads
        self.precision = precision
        self.blocks = blocks
        let geometry = CacheGeometry(
            layers: 1,
            kvHeads: heads.keyValue,
            headDim: heads.width,
            precision: precision
        )
        pageBytes = 16 * heads.width * precision.element.byteCount + (precision == .int8 ? 64 : 0)
        precondition(pageBytes == geometry.pageBytes)
        keyMemory = .allocate(byteCount: blocks * heads.keyValue * pageBytes, alignment: 64)
        valueMemory = .allocate(byteCount: blocks * heads.keyValue * pageBytes, alignment: 64)
        for memory in [keyMemory, valueMemory] { memory.initializeMemory(as: UInt8.self, repeating: 0xff) }
    }

    deinit {
        keyMemory.deallocate()
        valueMemory.deallocate()
    }

    var pages: CachePages {
        CachePages(
            keys: keyMemory.baseAddress.unsafelyUnwrapped,
            values: valueMemory.baseAddress.unsafelyUnwrapped,
            precision: precision,
            blockCount: blocks
        )
    }

    /// What kernels multiply pages as, where they round.
    var format: WeightFormat { precision == .f32 ? .f32 : .bf16 }

    private func page(_ block: Int, _ head: Int) -> Int { (head * blocks + block) * pageBytes }

    /// f32 `[number][16 tokens]`; bf16 and int8 `[number / 2][16 tokens][2]`.
    private func keyIndex(_ token: Int, _ d: Int) -> Int {
        precision == .f32 ? d * 16 + token : (d / 2) * 32 + token * 2 + d % 2
    }

    /// f32 `[number / 16][16 tokens][16]`; bf16 and int8 `[number / 16][8 pairs of tokens][16][2]`.
    private func valueIndex(_ token: Int, _ d: Int) -> Int {
        let panel = (d / 16) * 256
        return precision == .f32 ? panel + token * 16 + d % 16 : panel + (token / 2) * 32 + (d % 16) * 2 + token % 2
    }

    /// Where the scale of a token lies in an int8 page.
    private func scaleOffset(_ token: Int) -> Int { 16 * heads.width + 4 * token }

    private func load(_ memory: UnsafeMutableRawBufferPointer, _ page: Int, _ index: Int, _ token: Int) -> Float {
        switch precision {
        case .f32: memory.load(fromByteOffset: page + 4 * index, as: Float.self)
        case .bf16: Float(bf16: memory.load(fromByteOffset: page + 2 * index, as: UInt16.self))
        case .int8:
            Float(memory.load(fromByteOffset: page + index, as: Int8.self))
                * memory.load(fromByteOffset: page + scaleOffset(token), as: Float.self)
        }
    }

    private func store(
        _ x: Float,
        _ memory: UnsafeMutableRawBufferPointer,
        _ page: Int,
        _ index: Int,
        _ token: Int
    ) {
        switch precision {
        case .f32: memory.storeBytes(of: x, toByteOffset: page + 4 * index, as: Float.self)
        case .bf16: memory.storeBytes(of: bf16(x), toByteOffset: page + 2 * index, as: UInt16.self)
        case .int8:  // numbers up to 2 fit, whatever the token
            let scale = Float(3 + token % 3) / 160
            memory.storeBytes(of: Int8((x / scale).rounded()), toByteOffset: page + index, as: Int8.self)
            memory.storeBytes(of: scale, toByteOffset: page + scaleOffset(token), as: Float.self)
        }
    }

    func key(_ block: Int, _ head: Int, _ token: Int, _ d: Int) -> Float {
        load(keyMemory, page(block, head), keyIndex(token, d), token)
    }

    func value(_ block: Int, _ head: Int, _ token: Int, _ d: Int) -> Float {
        load(valueMemory, page(block, head), valueIndex(token, d), token)
    }

    /// Stores what is nearest to `x` and returns it.
    func setKey(_ x: Float, _ block: Int, _ head: Int, _ token: Int, _ d: Int) -> Float {
        store(x, keyMemory, page(block, head), keyIndex(token, d), token)
        return key(block, head, token, d)
    }

    /// Stores what is nearest to `x` and returns it.
    func setValue(_ x: Float, _ block: Int, _ head: Int, _ token: Int, _ d: Int) -> Float {
        store(x, valueMemory, page(block, head), valueIndex(token, d), token)
        return value(block, head, token, d)
    }

    /// Numbers that are no longer the NaN that they were.
    var writtenCount: Int {
        var count = 0
        for block in 0..<blocks {
            for head in 0..<heads.keyValue {
                for index in 0..<(16 * heads.width) {
                    let (token, d) = (index % 16, index / 16)
                    count += key(block, head, token, d).isNaN ? 0 : 1
                    count += value(block, head, token, d).isNaN ? 0 : 1
                }
            }
        }
        return count
    }
}

extension SequenceBatch {
    /// Slots alone, for a projection.
    convenience init(slots: [Int32]) {
        self.init(slots: slots, sequences: [])
    }
}
