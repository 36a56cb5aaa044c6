import STTCore
import STTTestKit
import Synchronization
import Testing

@testable import STTEngines

@Suite("The limiter of requests", .timeLimit(.minutes(5)))
struct RequestLimiterTests {
    /// Concurrency: the mutex protects it.
    private final class Order: Sendable {
        let numbers = Mutex<[Int]>([])
    }

    private let clock = ManualClock()

    private func limiter(
        endpoints: Int = 1, perSecond: Double? = nil, concurrency: Int = 8, longestPause: Duration = .seconds(300)
    ) -> RequestLimiter {
        RequestLimiter(
            endpoints: endpoints, requestsPerSecond: perSecond, concurrency: concurrency, longestPause: longestPause,
            time: EngineTime(clock))
    }

    @Test("lets requests begin at the rate, first come, first served")
    func rate() async throws {
        let limiter = limiter(perSecond: 2)
        let order = Order()
        _ = try await limiter.pass(patience: .seconds(60))
        var tasks: [Task<Void, any Error>] = []
        for index in 0..<3 {
            tasks.append(
                Task {
                    _ = try await limiter.pass(patience: .seconds(60))
                    order.numbers.withLock { $0.append(index) }
                })
            // The first sleeps, the others stand in line.
            if index == 0 { await clock.sleeper(until: .milliseconds(500)) }
            _ = await ProcessProbe.wait { limiter.waitingAtGate == index }
        }
        for half in 1...3 {
            await clock.sleeper(until: .milliseconds(500 * half))
            #expect(order.numbers.withLock { $0.count } == half - 1)
            clock.advance(by: .milliseconds(500))
            try await tasks[half - 1].value
        }
        #expect(order.numbers.withLock { $0 } == [0, 1, 2])
    }

    @Test("does not make up for turns that nobody took")
    func noBurst() async throws {
        let limiter = limiter(perSecond: 1)
        _ = try await limiter.pass(patience: .seconds(60))
        clock.advance(by: .seconds(100))
        _ = try await limiter.pass(patience: .seconds(60))
        let next = Task { try await limiter.pass(patience: .seconds(60)) }
        await clock.sleeper(until: .seconds(101))
        clock.advance(by: .seconds(1))
        _ = try await next.value
    }

    @Test("keeps to the number of requests at once, also when some are cancelled while they wait")
    func concurrency() async throws {
        let limiter = limiter(concurrency: 1)
        let gate = Gate()
        let first = Task { try await limiter.withPermit { () async throws(EngineError) in await gate.wait() } }
        _ = await ProcessProbe.wait { limiter.freePermits == 0 }
        let cancelled = Task { try await limiter.withPermit { () async throws(EngineError) in 2 } }
        _ = await ProcessProbe.wait { limiter.waiting == 1 }
        let third = Task { try await limiter.withPermit { () async throws(EngineError) in 3 } }
        _ = await ProcessProbe.wait { limiter.waiting == 2 }
        cancelled.cancel()
        await #expect(throws: EngineError.self) { try await cancelled.value }
        #expect(limiter.waiting == 1)
        gate.open()
        try await first.value
        #expect(try await third.value == 3)
        #expect(limiter.freePermits == 1)
    }

    @Test("makes all wait while the server pauses, as long as that is bearable")
    func pause() async throws {
        let limiter = limiter(longestPause: .seconds(30))
        #expect(limiter.pause(0, for: .seconds(5)))
        #expect(!limiter.pause(0, for: .seconds(6)), "it paused already")
        let waiting = Task { try await limiter.pass(patience: .seconds(10)) }
        await clock.sleeper(until: .seconds(6))
        // Longer, while one waits.
        limiter.pause(0, for: .seconds(8))
        clock.advance(by: .seconds(6))
        await clock.sleeper(until: .seconds(8))
        clock.advance(by: .seconds(2))
        _ = try await waiting.value
        limiter.pause(0, for: .seconds(10_000))
        let error = await engineError { () async throws(EngineError) in
            _ = try await limiter.pass(patience: .seconds(20))
        }
        #expect(error?.message == "the transcription server asks for a pause of 30 s")
        let late = await engineError { () async throws(EngineError) in
            _ = try await limiter.pass(deadline: .seconds(20), patience: .seconds(100))
        }
        #expect(late?.code == .unavailable)
    }

    @Test("goes round the servers, leaves out one that pauses, and asks one that failed last")
    func rotation() {
        var rotation = EndpointRotation(count: 3)
        #expect((0..<4).map { _ in rotation.choose(at: .zero) } == [0, 1, 2, 0])
        _ = rotation.pause(1, at: .zero, until: .seconds(10))
        #expect((0..<3).map { _ in rotation.choose(at: .seconds(1)) } == [2, 0, 2])
        #expect(rotation.failed(2, at: .seconds(1), base: .seconds(1), cap: .seconds(60)) == .seconds(2))
        #expect((0..<2).map { _ in rotation.choose(at: .seconds(1)) } == [0, 0])
        // Failures at once count as one, later ones double the time.
        #expect(rotation.failed(2, at: .seconds(1), base: .seconds(1), cap: .seconds(60)) == .seconds(2))
        #expect(rotation.failed(2, at: .seconds(3), base: .seconds(1), cap: .seconds(60)) == .seconds(5))
        _ = rotation.failed(0, at: .seconds(3), base: .seconds(9), cap: .seconds(60))
        #expect(rotation.choose(at: .seconds(3)) == 2, "all have failed: the one that is due first")
        rotation.succeeded(2, at: .seconds(4))
        #expect(rotation.hasAnswered(since: .seconds(4)) && !rotation.hasAnswered(since: .seconds(5)))
        #expect(rotation.choose(at: .seconds(20)) != nil)
    }
}
