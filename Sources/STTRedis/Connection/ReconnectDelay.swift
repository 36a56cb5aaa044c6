/// How long to wait before the next attempt to connect: exponential with full jitter, so that many processes do not come
/// back at the same moment.
struct ReconnectDelay {
    private static let first = Duration.milliseconds(50)
    private static let cap = Duration.seconds(2)

    private var failures = 0

    mutating func reset() { failures = 0 }

    mutating func next() -> Duration {
        let limit = min(Self.cap, Self.first * (1 << min(failures, 8)))
        failures += 1
        return limit * Double.random(in: 0.1...1)
    }
}
