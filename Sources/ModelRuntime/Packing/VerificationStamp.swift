// A small file beside packed weights that remembers what has been checked, so that a start need not check it again.
// Not trusted further than that: without it, or with a damaged one, everything is checked.

import JSONText

/// The state of some files at which packed weights were found to be whole and of the checkpoint.
struct VerificationStamp: Sendable, Equatable {
    /// The packed file.
    let packed: FileIdentity
    /// The files of the checkpoint, by name.
    let sources: [String: FileIdentity]

    static let maximumBytes = 10_000_000

    init(packed: FileIdentity, checkpoint: Checkpoint) {
        self.packed = packed
        sources = Dictionary(checkpoint.files.map { (fileName($0.file.path), $0.file.identity) }) { first, _ in first }
    }

    /// Reads a stamp; nil if there is none that makes sense.
    init?(path: String) {
        guard let file = try? MappedFile(path: path), file.bytes.count <= Self.maximumBytes else { return nil }
        defer { withExtendedLifetime(file) {} }
        guard let document = try? JSONDocument(file.bytes), let packed = FileIdentity(document.root["packed"]),
            let members = document.root["sources"]?.object
        else { return nil }
        self.packed = packed
        var sources: [String: FileIdentity] = [:]
        for member in members {
            guard let identity = FileIdentity(member.value) else { return nil }
            sources[member.key] = identity
        }
        self.sources = sources
    }

    func write(to path: String) throws(FileError) {
        var writer = JSONWriter(layout: .indented)
        writer.object { writer in
            writer.key("packed")
            packed.write(to: &writer)
            writer.key("sources")
            writer.object { writer in
                for (name, identity) in sources.sorted(by: { $0.key < $1.key }) {
                    writer.key(name)
                    identity.write(to: &writer)
                }
            }
        }
        try writeAtomically(writer.utf8, to: path)
    }
}

extension FileIdentity {
    fileprivate init?(_ value: JSONValue?) {
        guard let byteCount = value?["bytes"]?.integer, let modified = value?["modified"]?.integer,
            let inode = value?["inode"]?.number?.unsignedInteger, let device = value?["device"]?.number?.unsignedInteger
        else { return nil }
        self.init(byteCount: byteCount, modifiedNanoseconds: modified, inode: inode, device: device)
    }

    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.key("bytes")
            writer.integer(byteCount)
            writer.key("modified")
            writer.integer(modifiedNanoseconds)
            writer.key("inode")
            writer.integer(inode)
            writer.key("device")
            writer.integer(device)
        }
    }
}
