// The adapter of a request: what it computes, and the name by which it was asked for.
// Not who may load one, and from where: that is decided before (Serving).

import ModelRuntime

/// An adapter and its name. Whoever holds it keeps the adapter, also after it has been unloaded.
public struct NamedAdapter: Sendable {
    /// The name, for whoever counts requests.
    public let name: String
    /// The adapter.
    public let adapter: Adapter

    /// An adapter by a name.
    public init(name: String, adapter: Adapter) {
        self.name = name
        self.adapter = adapter
    }
}
