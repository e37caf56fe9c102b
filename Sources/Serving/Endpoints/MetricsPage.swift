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
        let loaded = server.loadedModel
        server.engineMetrics.refresh(loaded?.engine.state, adapterLimit: loaded?.adapters?.maximumCount)
        return Response(text: server.metrics.exposition(), type: "text/plain; version=0.0.4; charset=utf-8")
    }
}
