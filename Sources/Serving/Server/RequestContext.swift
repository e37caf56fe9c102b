// What travels with a request through Hummingbird's router.

import Hummingbird
import NIOCore

/// The context of a request: Hummingbird's, and the connection.
struct ServingContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }
}
