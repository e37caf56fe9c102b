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
        var context: NIOSSLContext
        /// What the files were when they were last looked at, whether or not they could be used.
        var stamp: [Int]
        var checked: NIODeadline
    }

    private let certificate: String
    private let key: String
    private let logger: Logger
    private let loaded: Mutex<Loaded>

    /// Reads the files, in PEM.
    init(certificate: String, key: String, logger: Logger) throws(CertificateError) {
        self.certificate = certificate
        self.key = key
        self.logger = logger
        // The stamps come first: what changes while it is read is read again.
        let stamp = Self.stamp(certificate) + Self.stamp(key)
        loaded = Mutex(Loaded(context: try Self.load(certificate, key), stamp: stamp, checked: .now()))
    }

    /// The context for a new connection. Files that cannot be used leave the last one in use.
    var current: NIOSSLContext {
        loaded.withLock { loaded in
            guard loaded.checked + .seconds(1) < .now() else { return loaded.context }
            loaded.checked = .now()
            let stamp = Self.stamp(certificate) + Self.stamp(key)
            guard stamp != loaded.stamp else { return loaded.context }
            loaded.stamp = stamp
            do {
                loaded.context = try Self.load(certificate, key)
                logger.notice("new certificate", metadata: ["certificate": "\(certificate)"])
            } catch {
                logger.error(
                    "the new certificate cannot be used, the last one is kept",
                    metadata: ["error": "\(error)"]
                )
            }
            return loaded.context
        }
    }

    private static func load(_ certificate: String, _ key: String) throws(CertificateError) -> NIOSSLContext {
        let chain: [NIOSSLCertificate]
        let bytes = try contents(of: certificate, option: "--ssl-certfile")
        do {
            chain = try NIOSSLCertificate.fromPEMBytes(bytes)
        } catch {
            throw CertificateError("--ssl-certfile: \(certificate): no certificate in PEM")
        }
        let secret: NIOSSLPrivateKey
        let keyBytes = try contents(of: key, option: "--ssl-keyfile")
        do {
            secret = try NIOSSLPrivateKey(bytes: keyBytes, format: .pem)
        } catch {
            throw CertificateError("--ssl-keyfile: \(key): no key in PEM without a password")
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(secret)
        )
        configuration.minimumTLSVersion = .tlsv12
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw CertificateError("--ssl-keyfile: \(key): not the key of the certificate in \(certificate)")
        }
    }

    private static func contents(of path: String, option: String) throws(CertificateError) -> [UInt8] {
        do throws(FileRefusal) {
            return try BoundedFile.bytes(of: path, limit: 1 << 20)
        } catch {
            throw CertificateError("\(option): \(path): \(error)")
        }
    }

    /// What changes when a file is written or replaced.
    private static func stamp(_ path: String) -> [Int] {
        var status = stat()
        guard stat(path, &status) == 0 else { return [] }
        return [Int(status.st_ino), Int(status.st_size), status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
    }
}

/// A certificate or a key that cannot be used.
struct CertificateError: Error, CustomStringConvertible {
    /// The option, the file and the reason.
    let description: String

    init(_ description: String) { self.description = description }
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
