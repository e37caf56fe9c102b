// What the operator decides about the server. Where it comes from: Program/ServeArguments.swift.

/// Bounds and switches of a server.
struct ServerConfiguration: Sendable {
    /// The compiler that wrote the model, such as `vlmc 0.1.0`.
    var version = ""
    var host = "127.0.0.1"
    var port = 8000
    /// Keys of which requests must bear one; none for a server that is open to everyone.
    var apiKeys: [String] = []
    /// Bytes of a request's body.
    var maximumBodyBytes = 64 << 20
    /// Bytes of the bodies of all requests that are not answered yet.
    var maximumBytesInFlight = 1 << 30
    /// Bytes of all headers of a request.
    var maximumHeaderBytes = 32 << 10
    /// Connections at a time.
    var maximumConnections = 4096
    /// Seconds after which a connection without traffic is closed.
    var idleSeconds = 75
    /// Seconds that a client may take to send a body, or to take a piece of an answer.
    var slowClientSeconds = 60
    /// Seconds that answers may go on after the server was told to end.
    var drainSeconds = 30
    /// Origins that pages of other sites may ask from; none without.
    var allowedOrigins: [String] = []
    /// Certificate and key; nil for plain HTTP.
    var tls: (certificate: String, key: String)?
    /// See `ImageSource`.
    var imageSource = ImageSource()
    /// Threads that read and write connections.
    var networkThreads = 1
    /// Whether the page at `/` is shown.
    var showsPage = true
}
