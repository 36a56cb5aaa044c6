import Foundation
import STTCore
import STTTestKit
import Testing

@testable import STTEngines

@Suite(
    "A transcription server that", .enabled(if: FakeOpenAIServer.isPossible, RemoteEngine.absence), .serialized,
    .timeLimit(.minutes(5)))
struct OpenAIFailureTests {
    @Test("refuses the request is not asked again, and the chunk is charged", arguments: [400, 413, 415, 422])
    func rejected(status: Int) async throws {
        let (error, tries) = try await RemoteEngine.failure(.status(status, message: "bad audio"))
        #expect(error?.code == .rejected)
        #expect(error?.message.contains("answered \(status): bad audio") == true)
        #expect(tries == 1)
    }

    @Test(
        "needs another set-up says which, and the chunk is not charged",
        arguments: [
            (401, "access key"), (403, "access key"), (404, "correct the URL"), (302, "leads to"), (418, "URL"),
        ])
    func setUp(status: Int, hint: String) async throws {
        let (error, tries) = try await RemoteEngine.failure(.status(status, headers: ["location": "/elsewhere"]))
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains(hint) == true, "\(error?.message ?? "")")
        #expect(tries == 1)
    }

    @Test("fails for a moment is asked again", arguments: [408, 429, 500, 502, 503, 504])
    func recovers(status: Int) async throws {
        let server = try await FakeOpenAIServer(.status(status), .status(status), .init())
        let engine = try await RemoteEngine.engine(server)
        let result = try await engine.transcribe(RemoteEngine.request())
        #expect(result.segments.count == 1)
        #expect(server.requests.count == 3)
    }

    @Test("keeps failing is given up after some tries, and the chunk is not charged", arguments: [500, 503, 408])
    func givenUp(status: Int) async throws {
        let (error, tries) = try await RemoteEngine.failure(.status(status, message: "overloaded"))
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("answered \(status): overloaded (5 tries)") == true, "\(error?.message ?? "")")
        #expect(tries == 5)
    }

    @Test("fails with one chunk and serves others is not asked about it for ever: the chunk is charged")
    func poison() async throws {
        let bad = RemoteEngine.request(level: 1)
        let server = try await FakeOpenAIServer(poison: RemoteEngine.words(of: bad))
        let factory = try RemoteEngine.factory(server) {
            $0.backoffBase = .milliseconds(200)
            $0.backoffCap = .milliseconds(400)
        }
        let other = try await factory.makeEngine(slot: 1)
        let others = Task {
            while !Task.isCancelled { _ = try await other.transcribe(RemoteEngine.request(level: 2)) }
        }
        #expect(await server.hasRequests(1))
        let engine = try await factory.makeEngine(slot: 0)
        let error = await engineError { () async throws(EngineError) in _ = try await engine.transcribe(bad) }
        others.cancel()
        #expect(error?.code == .crashed)
        #expect(error?.message.contains("answered 500: CUDA error (5 tries)") == true, "\(error?.message ?? "")")
    }

    @Test("asks for a pause by seconds or by a date is given it, by all slots")
    func retryAfter() async throws {
        for value in ["1", "date in 3 s"] {
            let server = try await FakeOpenAIServer(.status(429, headers: ["retry-after": value]), .init())
            let factory = try RemoteEngine.factory(server)
            let first = try await factory.makeEngine(slot: 0)
            let task = Task { try await first.transcribe(RemoteEngine.request(level: 1)) }
            #expect(await server.hasRequests(1))
            await untilPaused(factory)
            _ = try await factory.makeEngine(slot: 1).transcribe(RemoteEngine.request(level: 2))
            _ = try await task.value
            let times = server.requests.map(\.time)
            #expect(times.count == 3)
            #expect(times[1] - times[0] > 0.8 && times[1] - times[0] < 15, "\(times)")
        }
    }

    private func untilPaused(_ factory: OpenAIEngineFactory) async {
        _ = await ProcessProbe.wait { factory.shared.limiter.isPaused }
    }

    @Test("asks for a longer pause than the request has is unavailable at once, and so it is for the next request")
    func longPause() async throws {
        let server = try await FakeOpenAIServer(.status(503, headers: ["retry-after": "3600"]), .init())
        let engine = try await RemoteEngine.engine(server)
        let start = ContinuousClock.now
        for expected in ["answered 503", "asks for a pause of "] {
            let error = await engineError { () async throws(EngineError) in
                _ = try await engine.transcribe(RemoteEngine.request(timeLimit: .seconds(20)))
            }
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains(expected) == true, "\(error?.message ?? "")")
        }
        #expect(server.requests.count == 1)
        #expect(ContinuousClock.now - start < .seconds(15))
    }

    @Test("says that no request is left is given time")
    func rateLimitHeaders() async throws {
        let server = try await FakeOpenAIServer(
            .init(headers: ["x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "700ms"]), .init())
        let engine = try await RemoteEngine.engine(server)
        for _ in 0..<2 { _ = try await engine.transcribe(RemoteEngine.request()) }
        let times = server.requests.map(\.time)
        #expect(times[1] - times[0] > 0.65, "\(times)")
    }

    @Test("hangs costs the request's time and an attempt, and its connection is closed")
    func hangs() async throws {
        let server = try await FakeOpenAIServer(.init(.hang))
        let engine = try await RemoteEngine.engine(server)
        let error = await engineError { () async throws(EngineError) in
            _ = try await engine.transcribe(RemoteEngine.request(timeLimit: .seconds(1)))
        }
        #expect(error?.code == .timedOut)
        #expect(error?.message.hasSuffix("gave no answer within 1 s") == true, "\(error?.message ?? "")")
        #expect(await server.hasDepartures(1))
        #expect(server.requests.count == 1)
    }

    @Test("has little time left after its failures is not blamed on the chunk")
    func hangsAfterFailures() async throws {
        let (error, tries) = try await RemoteEngine.failure(
            .status(429, headers: ["retry-after": "2"]), .init(.hang), timeLimit: .seconds(12))
        #expect(error?.code == .unavailable)
        #expect(tries == 2)
    }

    @Test("drips its answer is not waited for, and it is asked again")
    func drips() async throws {
        let server = try await FakeOpenAIServer(.init(.drip), .init())
        let engine = try await RemoteEngine.engine(server) { $0.bodyTimeout = .milliseconds(600) }
        #expect(try await engine.transcribe(RemoteEngine.request()).segments.count == 1)
        #expect(server.requests.count == 2)
        #expect(await server.hasDepartures(1))
    }

    @Test(
        "closes the connection in mid-answer or without one is asked again",
        arguments: [FakeOpenAIServer.Answer.Mode.cut, .close])
    func breaksOff(mode: FakeOpenAIServer.Answer.Mode) async throws {
        let server = try await FakeOpenAIServer(.init(mode), .init())
        let engine = try await RemoteEngine.engine(server)
        #expect(try await engine.transcribe(RemoteEngine.request()).segments.count == 1)
        let (error, tries) = try await RemoteEngine.failure(.init(mode))
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("broke off") == true)
        #expect(tries >= 5)
    }

    @Test(
        "answers with something else is told so, and the chunk is charged",
        arguments: [
            ("", "its output is empty"), ("<html>what?</html>", "that are not a transcript, beginning \"<html>"),
            ("{\"text\": \"half", "that are not a transcript"), ("[]", "not a transcript"),
            ("{\"task\":\"transcribe\"}", "neither a text nor segments"),
        ])
    func garbage(body: String, message: String) async throws {
        let (error, tries) = try await RemoteEngine.failure(.init(body: body))
        #expect(error?.code == .invalidOutput)
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
        #expect(tries == 1)
    }

    @Test("never ends its answer is stopped at the bound")
    func endless() async throws {
        let (error, _) = try await RemoteEngine.failure(.init(.endless)) { $0.maximumAnswerBytes = 1 << 20 }
        #expect(error?.code == .invalidOutput)
        #expect(error?.message.contains("has no end") == true)
    }

    @Test("is not there, or not in the network, is unavailable after some tries")
    func absent() async throws {
        let server = try await FakeOpenAIServer()
        let engine = try await RemoteEngine.engine(server)
        await server.kill()
        let error = await engineError { () async throws(EngineError) in
            _ = try await engine.transcribe(RemoteEngine.request())
        }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("connection refused") == true, "\(error?.message ?? "")")
        let nameless = try await OpenAIEngineFactory(
            RemoteEngine.configuration("http://no-such-host.invalid/v1") { $0.maximumAttempts = 1 }, log: .quiet
        ).makeEngine(slot: 0)
        let second = await engineError { () async throws(EngineError) in
            _ = try await nameless.transcribe(RemoteEngine.request())
        }
        #expect(second?.code == .unavailable)
    }

    @Test("comes back is used again")
    func restarts() async throws {
        let server = try await FakeOpenAIServer()
        let engine = try await RemoteEngine.engine(server) { $0.maximumAttempts = 1_000 }
        _ = try await engine.transcribe(RemoteEngine.request())
        await server.kill()
        let task = Task { try await engine.transcribe(RemoteEngine.request()) }
        let next = try await FakeOpenAIServer(port: server.port)
        #expect(try await task.value.segments.count == 1)
        #expect(next.requests.count == 1)
    }

    @Test("is asked by a task that is cancelled sees the connection end at once")
    func cancellation() async throws {
        let server = try await FakeOpenAIServer(.init(.hang))
        let engine = try await RemoteEngine.engine(server)
        let task = Task {
            await engineError { () async throws(EngineError) in
                _ = try await engine.transcribe(RemoteEngine.request())
            }
        }
        #expect(await server.hasRequests(1))
        let start = ContinuousClock.now
        task.cancel()
        #expect(await task.value?.code == .cancelled)
        #expect(await server.hasDepartures(1))
        #expect(ContinuousClock.now - start < .seconds(15))
    }

    @Test("is waited for in a backoff or for a turn lets a cancelled task go at once")
    func cancelledWaits() async throws {
        let server = try await FakeOpenAIServer(.status(429, headers: ["retry-after": "20"]))
        let factory = try RemoteEngine.factory(server) { $0.concurrency = 1 }
        let tasks = try await [factory.makeEngine(slot: 0), factory.makeEngine(slot: 1)].map { engine in
            Task {
                await engineError { () async throws(EngineError) in
                    _ = try await engine.transcribe(RemoteEngine.request(timeLimit: .seconds(60)))
                }
            }
        }
        _ = await ProcessProbe.wait { factory.shared.limiter.isPaused && factory.shared.limiter.waiting == 1 }
        let start = ContinuousClock.now
        for task in tasks { task.cancel() }
        for task in tasks { #expect(await task.value?.code == .cancelled) }
        #expect(ContinuousClock.now - start < .seconds(5))
    }

    @Test("is being asked when the engine is shut down sees the connection end, and the chunk is not charged")
    func shutdown() async throws {
        let server = try await FakeOpenAIServer(.init(.hang))
        let engine = try await RemoteEngine.engine(server)
        let task = Task {
            await engineError { () async throws(EngineError) in
                _ = try await engine.transcribe(RemoteEngine.request())
            }
        }
        #expect(await server.hasRequests(1))
        await engine.shutdown()
        #expect(await task.value?.code == .unavailable)
        #expect(await server.hasDepartures(1))
        let error = await engineError { () async throws(EngineError) in
            _ = try await engine.transcribe(RemoteEngine.request())
        }
        #expect(error?.code == .unavailable)
    }

    @Test("answers 429 in a storm is asked by four engines no faster than the rate allows, and all are served")
    func storm() async throws {
        let server = try await FakeOpenAIServer()
        try server.answer([FakeOpenAIServer.Answer](repeating: .status(429), count: 12) + [.init()])
        let factory = try RemoteEngine.factory(server) { $0.requestsPerSecond = 20 }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for slot in 0..<4 {
                let engine = try await factory.makeEngine(slot: slot)
                group.addTask {
                    for chunk in 0..<3 {
                        let request = RemoteEngine.request(level: Int16(slot * 10 + chunk))
                        let result = try await engine.transcribe(request)
                        #expect(result.segments.first?.text == RemoteEngine.words(of: request))
                    }
                }
            }
            try await group.waitForAll()
        }
        let times = server.requests.map(\.time).sorted()
        #expect(times.count == 24)
        // 23 intervals of 50 ms at least; the server may have been late to note the first.
        #expect((times.last ?? 0) - (times.first ?? 0) > 0.9, "\(times)")
    }
}
