import Logging
import RPCTransport
import RPCWire
import STTTestKit
import Synchronization
import Testing

@Suite struct BuiltInInterceptorTests {
    @Test func `deadlines are given where there is none, and shortened where they are too long`() throws {
        let interceptor = DeadlineInterceptor(
            ["a": .init(standard: .seconds(5), longest: .seconds(10)), "b": .init()],
            others: .init(longest: .seconds(60)))
        for (method, given, expected) in [
            ("a", nil, .seconds(5)), ("a", .seconds(7), .seconds(7)), ("a", .seconds(11), .seconds(10)),
            ("b", nil, nil), ("b", .seconds(1000), .seconds(1000)), ("c", nil, .seconds(60)),
            ("c", .seconds(61), .seconds(60)), ("c", .seconds(1), .seconds(1)),
        ] as [(String, Duration?, Duration?)] {
            var call = CallHead(method: method, timeout: given)
            try interceptor.callBegins(&call)
            #expect(call.timeout == expected, "\(method) \(String(describing: given))")
        }
    }

    @Test func `a call has one line, and a slow one is a warning unless its method may take its time`() {
        let lines = LineRecorder()
        var logger = Logger(label: "test") { _ in RecordingLogHandler(recorder: lines) }
        logger.logLevel = .debug
        let interceptor = LoggingInterceptor(logger, slowAfter: .seconds(1), patientMethods: ["s"])
        let call = CallHead(method: "m", callID: 7, peer: "p", tenant: "t")
        interceptor.callEnded(call, CallSummary(code: .notFound, duration: .milliseconds(1)))
        interceptor.callEnded(call, CallSummary(code: .ok, duration: .seconds(2)))
        interceptor.callEnded(CallHead(method: "s"), CallSummary(code: .ok, duration: .seconds(2)))
        #expect(
            lines.lines == [
                "debug call call=7 code=NOT_FOUND method=m microseconds=1000 peer=p tenant=t",
                "warning slow call call=7 code=OK method=m microseconds=2000000 peer=p tenant=t",
                "debug call code=OK method=s microseconds=2000000",
            ])
        interceptor.callEnded(CallHead(method: "a\nb"), CallSummary(code: .unimplemented, duration: .zero))
        #expect(lines.lines.last == #"debug call code=UNIMPLEMENTED method="a\nb" microseconds=0"#)
        logger.logLevel = .info
        LoggingInterceptor(logger, slowAfter: nil).callEnded(call, CallSummary(code: .ok, duration: .seconds(9)))
        #expect(lines.lines.count == 4)
    }

    @Test func `calls are counted by method and code, made-up methods together`() throws {
        let metrics = CallMetrics(methods: ["a", "b"])
        for (id, method) in ["a", "a", "b", "x", "y", "a"].enumerated() {
            var call = CallHead(method: method, callID: UInt64(id))
            try metrics.callBegins(&call)
            guard id < 5 else { break }
            metrics.callEnded(
                call, CallSummary(code: id == 1 ? .notFound : .ok, duration: .milliseconds(id == 1 ? 8 : 1)))
        }
        let found = metrics.snapshot()
        #expect(found.map(\.method) == ["a", "b", CallMetrics.others])
        #expect(found.map(\.calls) == [2, 1, 2])
        #expect(found.map(\.errors) == [1, 0, 0])
        #expect(found.map(\.running) == [1, 0, 0])
        #expect(found[0].codes == [.ok: 1, .notFound: 1])
        #expect(CallMetrics(methods: ["a"]).snapshot().isEmpty)
    }

    @Test func `a quantile of durations is exact to within 13 percent`() throws {
        var generator = SeededGenerator(seed: 7)
        var durations = (0..<5000).map { _ in
            Duration.microseconds(Int(exp2Of(Double.random(in: 1...30, using: &generator))))
        }
        var histogram = LatencyHistogram()
        for duration in durations { histogram.record(duration) }
        durations.sort()
        for share in [0.001, 0.1, 0.5, 0.9, 0.99, 1] {
            let exact = durations[max(0, Int((share * 5000).rounded(.up)) - 1)]
            let ratio = try #require(histogram.quantile(share)) / exact
            #expect((0.87...1.13).contains(ratio), "\(share): \(ratio)")
        }
        #expect(LatencyHistogram().quantile(0.5) == nil)
        histogram.record(.seconds(100_000))
        histogram.record(.zero)
        #expect(histogram.count == 5002)
    }

    private func exp2Of(_ exponent: Double) -> Double {
        var (value, whole) = (1.0, exponent)
        while whole >= 1 {
            value *= 2
            whole -= 1
        }
        return value * (1 + whole)
    }
}

private final class LineRecorder: Sendable {
    private let state = Mutex<[String]>([])
    var lines: [String] { state.withLock { $0 } }
    func add(_ line: String) { state.withLock { $0.append(line) } }
}

private struct RecordingLogHandler: LogHandler {
    let recorder: LineRecorder
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let members = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        recorder.add(([event.level.rawValue, "\(event.message)"] + members).joined(separator: " "))
    }
}
