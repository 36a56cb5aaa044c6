/// Which of several servers is asked next. A value without a clock: times are since any fixed moment.
struct EndpointRotation: Sendable {
    private struct Endpoint {
        /// Asked by the server itself: nothing is sent before.
        var pausedUntil = Duration.zero
        /// After failures: others come first until then.
        var avoidedUntil = Duration.zero
        var failures = 0
        /// When it last answered as it should.
        var lastSuccess: Duration?
    }

    private var endpoints: [Endpoint]
    private var next = 0

    init(count: Int) {
        endpoints = Array(repeating: Endpoint(), count: max(1, count))
    }

    /// When one of them may be asked at the earliest.
    var pausedUntil: Duration { endpoints.map(\.pausedUntil).min() ?? .zero }

    /// The next in turn that does not pause, those that failed last after the others; `nil` where all pause.
    mutating func choose(at now: Duration) -> Int? {
        let inTurn = endpoints.indices.map { (next + $0) % endpoints.count }
            .filter { endpoints[$0].pausedUntil <= now }
        let chosen =
            inTurn.first { endpoints[$0].avoidedUntil <= now }
            ?? inTurn.min { endpoints[$0].avoidedUntil < endpoints[$1].avoidedUntil }
        if let chosen { next = (chosen + 1) % endpoints.count }
        return chosen
    }

    mutating func succeeded(_ index: Int, at now: Duration) {
        endpoints[index].failures = 0
        endpoints[index].avoidedUntil = .zero
        endpoints[index].lastSuccess = now
    }

    /// Where there are others, it is left out for `base`, twice as long after each further failure. Requests that fail
    /// together count as one.
    /// - Returns: Until when.
    mutating func failed(_ index: Int, at now: Duration, base: Duration, cap: Duration) -> Duration {
        guard endpoints[index].avoidedUntil <= now else { return endpoints[index].avoidedUntil }
        endpoints[index].failures += 1
        let doublings = min(endpoints[index].failures - 1, 16)
        endpoints[index].avoidedUntil = now + min(base * (1 << doublings), cap)
        return endpoints[index].avoidedUntil
    }

    /// - Returns: Whether it did not pause before.
    mutating func pause(_ index: Int, at now: Duration, until time: Duration) -> Bool {
        defer { endpoints[index].pausedUntil = max(endpoints[index].pausedUntil, time) }
        return endpoints[index].pausedUntil <= now && time > now
    }

    /// Whether one of them has answered another request since then.
    func hasAnswered(since time: Duration) -> Bool {
        endpoints.contains { $0.lastSuccess.map { $0 >= time } ?? false }
    }
}
