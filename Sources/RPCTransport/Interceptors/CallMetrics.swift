public import RPCWire
internal import Synchronization

/// Counts calls: by method, by status, those that run, and how long they took.
///
/// Of fixed size: calls of methods that it was not told of are counted together.
///
/// Concurrency: one short mutex for each event loop, so that loops do not wait for each other.
public final class CallMetrics: CallInterceptor {
    /// The name under which methods that are not known are counted.
    public static let others = "other"

    private let names: [String]
    private let indexes: [String: Int]
    private let shards: [Shard]

    /// - Parameter methods: Full names of the methods to tell apart.
    public init(methods: [String]) {
        names = methods + [Self.others]
        indexes = Dictionary(methods.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        let count = names.count
        shards = (0..<16).map { _ in Shard(methods: count) }
    }

    public func callBegins(_ call: inout CallHead) throws(RPCError) {
        let method = call.method
        // A server's call numbers have their loop in the lowest four bits.
        shards[Int(call.callID & 15)].state.withLock { state in
            state.methods[state.index(of: method, in: indexes)].begun += 1
        }
    }

    public func callEnded(_ call: CallHead, _ summary: CallSummary) {
        shards[Int(call.callID & 15)].state.withLock { state in
            let index = state.index(of: call.method, in: indexes)
            state.methods[index].ended[Int(summary.code.rawValue)] += 1
            state.methods[index].latency.record(summary.duration)
        }
    }

    /// The methods that were called, in the order in which they were given.
    public func snapshot() -> [MethodMetrics] {
        var totals = names.map { _ in Counters() }
        for shard in shards {
            let part = shard.state.withLock { $0.methods }
            for index in totals.indices { totals[index].add(part[index]) }
        }
        return zip(names, totals).compactMap { name, total in
            guard total.begun > 0 else { return nil }
            var codes: [StatusCode: Int] = [:]
            for code in StatusCode.allCases where total.ended[Int(code.rawValue)] > 0 {
                codes[code] = total.ended[Int(code.rawValue)]
            }
            return MethodMetrics(
                method: name, codes: codes, running: max(0, total.begun - total.latency.count), latency: total.latency)
        }
    }
}

/// What was counted of a method.
public struct MethodMetrics: Sendable, Hashable {
    /// Full name, or ``CallMetrics/others``.
    public let method: String
    /// Calls that have ended, by their status.
    public let codes: [StatusCode: Int]
    public let running: Int
    public let latency: LatencyHistogram

    /// Calls that have ended.
    public var calls: Int { latency.count }
    /// Calls that ended with another status than OK.
    public var errors: Int { calls - (codes[.ok] ?? 0) }
}

private struct Counters {
    var begun = 0
    var ended = [Int](repeating: 0, count: StatusCode.allCases.count)
    var latency = LatencyHistogram()

    mutating func add(_ other: Counters) {
        begun += other.begun
        for index in ended.indices { ended[index] += other.ended[index] }
        latency.add(other.latency)
    }
}

/// What one event loop counts.
///
/// Concurrency: the mutex guards it.
private final class Shard: Sendable {
    struct State {
        var methods: [Counters]
        /// Most calls in a row are of one method.
        var last: (name: String, index: Int) = ("", 0)

        mutating func index(of method: String, in indexes: [String: Int]) -> Int {
            if last.name == method { return last.index }
            let index = indexes[method] ?? methods.count - 1
            // A name that a peer made up is not kept.
            if index < methods.count - 1 { last = (method, index) }
            return index
        }
    }

    let state: Mutex<State>

    init(methods: Int) { state = Mutex(State(methods: (0..<methods).map { _ in Counters() })) }
}
