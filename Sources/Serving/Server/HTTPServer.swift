// The server on the network: connections, TLS, routes, and the way from the first request to the last.
// Not what is answered: EndpointResponder.swift and ../Endpoints.

import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import ServiceLifecycle
import UnixSignals

/// Listens, answers, and ends in good order.
struct HTTPServer: Sendable {
    let server: Server
    /// Is told the port once connections are taken.
    var onListening: @Sendable (Int) -> Void = { _ in }

    private var configuration: ServerConfiguration { server.configuration }

    /// The routes of all endpoints.
    func makeRouter() -> Router<ServingContext> {
        let router = Router(context: ServingContext.self)
        let keys = APIKeys(configuration.apiKeys)
        router.add(middleware: UnknownPaths())
        for endpoint in EndpointList.all {
            let responder = EndpointResponder(endpoint: endpoint, server: server, keys: keys)
            router.on(RouterPath(endpoint.path), method: endpoint.method) { request, context in
                await responder.respond(to: request, context)
            }
        }
        if configuration.showsPage { WebPage.addRoutes(to: router) }
        return router
    }

    /// Takes requests until the process is told to end, then finishes what was taken.
    ///
    /// - Throws: an error of the system if the address cannot be used.
    func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: configuration.networkThreads)
        let channel = HTTP1Channel.Configuration(
            additionalChannelHandlers: [ConnectionWatch()],
            idleTimeout: .seconds(Int64(configuration.idleSeconds)),
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: configuration.maximumHeaderBytes,
                maxHeaderListSize: configuration.maximumHeaderBytes,
                maxHeaderFieldCount: 100
            )
        )
        var builder = HTTPServerBuilder.http1(configuration: channel)
        if let tls = configuration.tls {
            let certificate = try ReloadingCertificate(
                certificate: tls.certificate,
                key: tls.key,
                logger: server.logger
            )
            builder = .reloadingTLS(channel, certificate)
        }
        let application = Application(
            router: makeRouter(),
            server: builder,
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port),
                serverName: "vlmc",
                availableConnectionsDelegate: MaximumAvailableConnections(configuration.maximumConnections)
            ),
            services: [Lifecycle(server: server)],
            onServerRunning: { channel in onListening(channel.localAddress?.port ?? configuration.port) },
            eventLoopGroupProvider: .shared(group),
            logger: server.logger
        )
        try await application.runService(gracefulShutdownSignals: [.sigterm, .sigint])
        try await group.shutdownGracefully()
    }
}

/// Watches over slow clients, and ends the engine's work when the server ends.
private struct Lifecycle: Service {
    let server: Server

    func run() async throws {
        try await withGracefulShutdownHandler {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await server.slowClients.run() }
                group.addTask { try await endAfterShutdown() }
                // Whichever ends first: the work, or the patience.
                try await group.next()
                group.cancelAll()
            }
        } onGracefulShutdown: {
            server.drain()
        }
    }

    /// Returns when all requests have ended after the server was told to end, or when they have had their time.
    private func endAfterShutdown() async throws {
        while !Task.isShuttingDownGracefully { try await Task.sleep(for: .milliseconds(50)) }
        guard let engine = server.loadedModel?.engine else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await engine.waitUntilIdle() }
            group.addTask {
                try? await Task.sleep(for: .seconds(server.configuration.drainSeconds))
                engine.stop()
            }
            await group.next()
            group.cancelAll()
        }
        engine.stop()
    }
}

/// Answers requests for paths that nobody answers, in the form of errors of the endpoint above them, if there is one.
private struct UnknownPaths: RouterMiddleware {
    func handle(
        _ request: Request,
        context: ServingContext,
        next: (Request, ServingContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPError {
            let message =
                error.status == .notFound
                ? "there is no \(request.method.rawValue) \(request.uri.path); /openapi.json lists what there is"
                : error.body ?? "\(error.status)"
            let path = request.uri.path
            let neighbour = EndpointList.all.first { path == $0.path || path.hasPrefix($0.path + "/") }
            return Response(
                RequestError(error.status, message, type: "not_found_error"),
                in: neighbour?.errors ?? .openAI
            )
        }
    }
}
