// The header `traceparent`: what is valid, and what is taken as if there were none.

import Testing

@testable import Serving

@Suite struct TraceContextTests {
    private static let trace = "0af7651916cd43dd8448eb211c80319c"
    private static let span = "b7ad6b7169203331"

    @Test func valid() throws {
        let context = try #require(TraceContext(traceParent: "00-\(Self.trace)-\(Self.span)-01", state: "a=b"))
        #expect(context == TraceContext(traceID: Self.trace, spanID: Self.span, isSampled: true, state: "a=b"))
        #expect(context.traceParent == "00-\(Self.trace)-\(Self.span)-01")
        // Flags that are not known yet, and later versions with more parts.
        #expect(TraceContext(traceParent: "00-\(Self.trace)-\(Self.span)-fe")?.isSampled == false)
        #expect(TraceContext(traceParent: "cc-\(Self.trace)-\(Self.span)-01-more")?.isSampled == true)
    }

    @Test(arguments: [
        "", "-", "---", "00-\(trace)-\(span)", "00-\(trace)-\(span)-1", "00-\(trace)-\(span)-zz",
        "00-\(trace)-\(span)-01-more", "ff-\(trace)-\(span)-01", "0-\(trace)-\(span)-01",
        "00-\(trace.uppercased())-\(span)-01", "00-\(trace)0-\(span)-01",
        "00-00000000000000000000000000000000-\(span)-01",
        "00-\(trace)-0000000000000000-01", "00-\(trace)-b7ad6b716920333é-01", " 00-\(trace)-\(span)-01",
    ])
    func invalid(_ header: String) {
        #expect(TraceContext(traceParent: header) == nil)
    }

    @Test func children() throws {
        let root = TraceContext.random()
        let child = root.child()
        #expect(TraceContext(traceParent: root.traceParent) == root)
        #expect(child.traceID == root.traceID && child.spanID != root.spanID && child.isSampled)
        #expect(TraceContext.random().traceID != root.traceID)
    }
}
