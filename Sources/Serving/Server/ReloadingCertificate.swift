// TLS whose certificate can be replaced while the server runs: new connections take what the files hold.

import Glibc
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOSSL
import Synchronization

/// A certificate and its key, read again when their files change.
final class ReloadingCertificate: Sendable {
    private struct Loaded: Sendable {
        let context: NIOSSLContext
        let stamp: [Int]
        let checked: NIODeadline
    }

    private let certificate: String
    private let key: String
    private let loaded: Mutex<Loaded>

    /// Reads the files, in PEM.
    init(certificate: String, key: String) throws {
        self.certificate = certificate
        self.key = key
        loaded = Mutex(
            Loaded(
                context: try Self.load(certificate, key),
                stamp: Self.stamp(certificate) + Self.stamp(key),
                checked: .now()
            )
        )
    }

    /// The context for a new connection. Files that cannot be used leave the last one in use.
    var current: NIOSSLContext {
        loaded.withLock { loaded in
            guard loaded.checked + .seconds(1) < .now() else { return loaded.context }
            let stamp = Self.stamp(certificate) + Self.stamp(key)
            let context = stamp == loaded.stamp ? loaded.context : (try? Self.load(certificate, key)) ?? loaded.context
            loaded = Loaded(context: context, stamp: stamp, checked: .now())
            return context
        }
    }

    private static func load(_ certificate: String, _ key: String) throws -> NIOSSLContext {
        let chain = try NIOSSLCertificate.fromPEMFile(certificate).map { NIOSSLCertificateSource.certificate($0) }
        let key = try NIOSSLPrivateKey(file: key, format: .pem)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain,
            privateKey: .privateKey(key)
        )
        configuration.minimumTLSVersion = .tlsv12
        return try NIOSSLContext(configuration: configuration)
    }

    /// What changes when a file is written or replaced.
    private static func stamp(_ path: String) -> [Int] {
        var status = stat()
        guard stat(path, &status) == 0 else { return [] }
        return [Int(status.st_ino), Int(status.st_size), status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
    }
}

extension HTTPServerBuilder {
    /// HTTP over TLS, with the certificate of the moment for each connection.
    static func reloadingTLS(
        _ configuration: HTTP1Channel.Configuration,
        _ certificate: ReloadingCertificate
    ) -> HTTPServerBuilder {
        HTTPServerBuilder { responder in
            ReloadingTLSChannel(
                base: HTTP1Channel(responder: responder, configuration: configuration),
                certificate: certificate
            )
        }
    }
}

/// A channel behind TLS.
private struct ReloadingTLSChannel<Base: ServerChildChannel>: ServerChildChannel {
    typealias Value = Base.Value

    let base: Base
    let certificate: ReloadingCertificate

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: certificate.current))
        }.flatMap {
            base.setup(channel: channel, logger: logger)
        }
    }

    func handle(value: Value, logger: Logger) async { await base.handle(value: value, logger: logger) }
}
