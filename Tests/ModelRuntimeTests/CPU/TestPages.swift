// Cache pages for tests, with their layout written down a second time, from the description in kernels/cpu/README.md.

import TensorTypes

@testable import ModelRuntime

/// Pages of keys and values, NaN until written.
final class TestPages {
    let heads: HeadShape
    let precision: CacheGeometry.Precision
    private let keyMemory, valueMemory: UnsafeMutableRawBufferPointer

    init(heads: HeadShape, blocks: Int, precision: CacheGeometry.Precision) {
        self.heads = heads
        self.precision = precision
        let bytes = blocks * heads.keyValue * 16 * heads.width * precision.element.byteCount
        keyMemory = .allocate(byteCount: bytes, alignment: 64)
        valueMemory = .allocate(byteCount: bytes, alignment: 64)
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
            precision: precision
        )
    }

    /// f32 `[number][16 tokens]`; bf16 `[number / 2][16 tokens][2]`.
    private func keyIndex(_ block: Int, _ head: Int, _ token: Int, _ d: Int) -> Int {
        let page = (block * heads.keyValue + head) * 16 * heads.width
        return precision == .f32 ? page + d * 16 + token : page + (d / 2) * 32 + token * 2 + d % 2
    }

    /// f32 `[number / 16][16 tokens][16]`; bf16 `[number / 16][8 pairs of tokens][16][2]`.
    private func valueIndex(_ block: Int, _ head: Int, _ token: Int, _ d: Int) -> Int {
        let panel = (block * heads.keyValue + head) * 16 * heads.width + (d / 16) * 256
        return precision == .f32 ? panel + token * 16 + d % 16 : panel + (token / 2) * 32 + (d % 16) * 2 + token % 2
    }

    private func load(_ memory: UnsafeMutableRawBufferPointer, _ index: Int) -> Float {
        precision == .f32
            ? memory.load(fromByteOffset: 4 * index, as: Float.self)
            : Float(bf16: memory.load(fromByteOffset: 2 * index, as: UInt16.self))
    }

    private func store(_ x: Float, _ memory: UnsafeMutableRawBufferPointer, _ index: Int) {
        if precision == .f32 {
            memory.storeBytes(of: x, toByteOffset: 4 * index, as: Float.self)
        } else {
            memory.storeBytes(of: bf16(x), toByteOffset: 2 * index, as: UInt16.self)
        }
    }

    func key(_ block: Int, _ head: Int, _ token: Int, _ d: Int) -> Float {
        load(keyMemory, keyIndex(block, head, token, d))
    }

    func value(_ block: Int, _ head: Int, _ token: Int, _ d: Int) -> Float {
        load(valueMemory, valueIndex(block, head, token, d))
    }

    func setKey(_ x: Float, _ block: Int, _ head: Int, _ token: Int, _ d: Int) {
        store(x, keyMemory, keyIndex(block, head, token, d))
    }

    func setValue(_ x: Float, _ block: Int, _ head: Int, _ token: Int, _ d: Int) {
        store(x, valueMemory, valueIndex(block, head, token, d))
    }

    /// Numbers that are no longer the NaN that they were.
    var writtenCount: Int {
        [keyMemory, valueMemory].reduce(0) { count, memory in
            let elements = memory.count / precision.element.byteCount
            return count + (0..<elements).lazy.filter { !self.load(memory, $0).isNaN }.count
        }
    }
}

extension SequenceBatch {
    /// Slots alone, for a projection.
    convenience init(slots: [Int32]) {
        self.init(slots: slots, sequences: [])
    }
}
