// A whole JSON text as one tree, with line and column of every part on demand.
// Not the tree itself (JSONValue.swift) and not a writer. Next: JSONWriter.swift.

/// A parsed JSON text.
public struct JSONDocument: Sendable {
    /// The value that the text holds.
    public let root: JSONValue
    /// The byte offset at which each line starts, ascending; the first is 0.
    private let lineStarts: [Int]

    /// Parses a whole text: one value, white space around it, nothing else.
    public init(_ bytes: [UInt8], depthLimit: Int = JSONReader.defaultDepthLimit) throws(JSONError) {
        let parsed: Result<JSONDocument, JSONError> = bytes.withUnsafeBytes { raw in
            do throws(JSONError) {
                return .success(try JSONDocument(raw, depthLimit: depthLimit))
            } catch {
                return .failure(error)
            }
        }
        self = try parsed.get()
    }

    /// Parses a whole text: one value, white space around it, nothing else.
    public init(_ text: String, depthLimit: Int = JSONReader.defaultDepthLimit) throws(JSONError) {
        try self.init(Array(text.utf8), depthLimit: depthLimit)
    }

    /// Parses a whole text that lies in memory, such as a mapped file; the tree does not refer to it afterwards.
    public init(
        _ bytes: UnsafeRawBufferPointer,
        depthLimit: Int = JSONReader.defaultDepthLimit
    ) throws(JSONError) {
        var reader = try JSONReader(bytes, depthLimit: depthLimit)
        root = try reader.readValue()
        try reader.finish()
        var starts = [0]
        for (offset, byte) in bytes.enumerated() where byte == UInt8(ascii: "\n") { starts.append(offset + 1) }
        lineStarts = starts
    }

    /// The line and column of a byte offset, such as `JSONValue.offset` or `JSONMember.keyOffset`.
    public func position(of offset: Int) -> JSONPosition {
        var low = 0
        var high = lineStarts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        return JSONPosition(line: low + 1, column: offset - lineStarts[low] + 1)
    }
}
