// GET /metrics, in the text format of Prometheus.

import Hummingbird

enum MetricsPage {
    static let endpoint = Endpoint(
        .get,
        "/metrics",
        "What is measured, for Prometheus.",
        access: .everyone,
        contentType: "text/plain"
    ) { _, server in
        server.engineMetrics.refresh(server.loadedModel?.engine.state)
        return Response(text: server.metrics.exposition(), type: "text/plain; version=0.0.4; charset=utf-8")
    }
}
