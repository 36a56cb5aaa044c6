import STTCore
import Synchronization

/// Lets the requests of all engines of a factory begin in turn: so many at once, so many a second, and none while the
/// server asks for a pause.
///
/// A request holds one permit over all its tries, so that tries never wait for permits; each try passes the gate,
/// where only holders of permits wait, one after another.
///
/// Concurrency: any task; a mutex protects the state.
final class RequestLimiter: Sendable {
    private struct State {
        var rotation: EndpointRotation
        /// When the next request may begin by the rate.
        var nextStart = Duration.zero
    }

    let time: EngineTime
    private let interval: Duration
    private let longestPause: Duration
    private let permits: FairPermits
    private let gate = FairPermits(1)
    private let state: Mutex<State>

    init(
        endpoints: Int = 1, requestsPerSecond: Double? = nil, concurrency: Int, longestPause: Duration,
        time: EngineTime = EngineTime()
    ) {
        self.time = time
        self.longestPause = longestPause
        interval = requestsPerSecond.map { .seconds(1 / max($0, 1e-6)) } ?? .zero
        permits = FairPermits(concurrency)
        state = Mutex(State(rotation: EndpointRotation(count: endpoints)))
    }

    /// Requests that wait for a permit.
    var waiting: Int { permits.waiting }
    var freePermits: Int { permits.free }
    /// Tries that wait behind the one whose turn is next.
    var waitingAtGate: Int { gate.waiting }
    var isPaused: Bool {
        let now = time.now
        return state.withLock { $0.rotation.pausedUntil > now }
    }

    /// Runs `body` while it holds a permit.
    func withPermit<Result>(
        _ body: () async throws(EngineError) -> Result
    ) async throws(EngineError) -> Result {
        do { try await permits.take() } catch { throw .cancelled }
        defer { permits.giveBack() }
        return try await body()
    }

    /// Returns when a request may begin, with the index of the server to be asked.
    ///
    /// - Parameters:
    ///   - deadline: It cannot begin later. `nil`: the turn by the rate is waited for however long it takes.
    ///   - patience: A pause longer than this is not waited for.
    /// - Throws: ``EngineError``: `unavailable` where the server pauses for too long, `cancelled`.
    func pass(deadline: Duration? = nil, patience: Duration) async throws(EngineError) -> Int {
        do { try await gate.take() } catch { throw .cancelled }
        defer { gate.giveBack() }
        while true {
            let now = time.now
            let (endpoint, start, pause) = state.withLock { state -> (Int?, Duration, Duration) in
                let pause = state.rotation.pausedUntil
                let start = max(state.nextStart, pause)
                guard start <= now, deadline.map({ now <= $0 }) ?? true,
                    let endpoint = state.rotation.choose(at: now)
                else { return (nil, start, pause) }
                // A turn that was not used is not made up for later.
                state.nextStart = now + interval
                return (endpoint, start, pause)
            }
            if let endpoint { return endpoint }
            if pause > now, pause - now > patience || deadline.map({ pause > $0 }) == true {
                throw EngineError(.unavailable, Self.pauseMessage(pause - now))
            }
            if let deadline, max(start, now) > deadline {
                throw EngineError(.unavailable, "the turn of the next try by the rate limit comes too late")
            }
            do { try await time.sleep(until: start) } catch { throw .cancelled }
        }
    }

    func succeeded(_ endpoint: Int) {
        let now = time.now
        state.withLock { $0.rotation.succeeded(endpoint, at: now) }
    }

    /// - Parameter pauses: Whether nothing is sent to it until its backoff is over, even where there is no other.
    func failed(_ endpoint: Int, base: Duration, cap: Duration, pauses: Bool = false) {
        let now = time.now
        state.withLock { state in
            let end = state.rotation.failed(endpoint, at: now, base: base, cap: cap)
            if pauses { _ = state.rotation.pause(endpoint, at: now, until: end) }
        }
    }

    /// Nothing more is sent to the server for so long, at most the longest pause.
    /// - Returns: Whether it did not pause before.
    @discardableResult
    func pause(_ endpoint: Int, for duration: Duration) -> Bool {
        let now = time.now
        let end = now + min(duration, longestPause)
        return state.withLock { $0.rotation.pause(endpoint, at: now, until: end) }
    }

    func hasAnswered(since moment: Duration) -> Bool {
        state.withLock { $0.rotation.hasAnswered(since: moment) }
    }

    static func pauseMessage(_ duration: Duration) -> String {
        "the transcription server asks for a pause of \(wholeSeconds(duration)) s"
    }

    static func wholeSeconds(_ duration: Duration) -> Int { Int((duration / .seconds(1)).rounded(.up)) }
}
