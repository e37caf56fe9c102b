// Bytes of a file, read with every offset checked, in release builds too (UnsafeRawBufferPointer checks in debug only).
// Not an owner: a view lives no longer than the buffer that it was made from.

/// A range of a file's bytes. Reading beyond it yields nil.
struct ByteView {
    private let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var count: Int { bytes.count }
    var rawBytes: UnsafeRawBufferPointer { bytes }

    func byte(at offset: Int) -> UInt8? {
        offset >= 0 && offset < bytes.count ? bytes[offset] : nil
    }

    /// The `length` bytes from `offset` on, if the view has all of them.
    func view(at offset: Int, length: Int) -> ByteView? {
        guard offset >= 0, length >= 0, offset <= bytes.count, length <= bytes.count - offset else { return nil }
        return ByteView(UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length]))
    }

    /// The bytes from `offset` to the end.
    func suffix(from offset: Int) -> ByteView? {
        view(at: offset, length: count - offset)
    }

    func bigEndian(at offset: Int, byteCount: Int) -> Int? {
        guard let field = view(at: offset, length: byteCount) else { return nil }
        return field.bytes.reduce(0) { $0 << 8 | Int($1) }
    }

    func littleEndian(at offset: Int, byteCount: Int) -> Int? {
        guard let field = view(at: offset, length: byteCount) else { return nil }
        return field.bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    func hasBytes(_ expected: [UInt8], at offset: Int) -> Bool {
        guard let field = view(at: offset, length: expected.count) else { return false }
        return field.bytes.elementsEqual(expected)
    }

    func hasText(_ text: StaticString, at offset: Int) -> Bool {
        guard let field = view(at: offset, length: text.utf8CodeUnitCount) else { return false }
        return text.withUTF8Buffer { field.bytes.elementsEqual($0) }
    }

    /// The offset of the first `value` at or after `start`.
    func firstOffset(of value: UInt8, from start: Int = 0) -> Int? {
        guard start >= 0, start <= count else { return nil }
        return bytes[start...].firstIndex(of: value)
    }

    /// The offset of the first occurrence of `text` at or after `start`.
    func firstOffset(of text: StaticString, from start: Int = 0) -> Int? {
        guard text.utf8CodeUnitCount > 0 else { return nil }
        let first = text.withUTF8Buffer { $0[0] }
        var offset = start
        while let candidate = firstOffset(of: first, from: offset) {
            if hasText(text, at: candidate) { return candidate }
            offset = candidate + 1
        }
        return nil
    }
}
