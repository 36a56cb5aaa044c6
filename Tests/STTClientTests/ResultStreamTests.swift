import STTProto
import Synchronization
import Testing

@testable import STTClient

@Suite(.timeLimit(.minutes(5))) struct ResultStreamTests {
    @Test func `a stream gives every partial once and ends with the final status`() async throws {
        try await FakeSpeechServer.run { server in
            try await withClient(of: server) { client in
                var texts: [String] = []
                var last: JobStatus?
                for try await event in client.streamResult("j") {
                    switch event {
                    case .partial(let partial): texts.append(partial.text)
                    case .status(let status): last = status
                    }
                }
                #expect(texts == ["one\n", "two\n", "three\n"])
                #expect(last?.state == .completed)
            }
        }
    }

    @Test func `a stream goes on where it was across ten crashes of the server`() async throws {
        let texts = (0..<20).map { "line \($0)\n" }
        try await FakeSpeechServer.run {
            $0.chunks = texts
            $0.partialsPerStream = 2
        } _: { server in
            try await withClient(of: server) { client in
                var seen: [String] = []
                for try await event in client.streamResult("j") {
                    guard case .partial(let partial) = event else { continue }
                    seen.append(partial.text)
                    guard seen.count.isMultiple(of: 2), seen.count < texts.count else { continue }
                    await server.kill()
                    try await server.start()
                }
                #expect(seen == texts)
            }
            #expect(server.read(\.streamsFrom).max() == 18)
        }
    }

    @Test func `a server that answers UNAVAILABLE in the middle of a stream is asked again`() async throws {
        try await FakeSpeechServer.run {
            $0.failures[SpeechMethod.streamResult] = [RPCError(.unavailable, "draining")]
        } _: { server in
            try await withClient(of: server) { client in
                _ = try await client.health()
                var count = 0
                for try await event in client.streamResult("j", fromChunk: 1) {
                    if case .partial = event { count += 1 }
                }
                #expect(count == 2)
            }
            #expect(server.read(\.streamsFrom) == [1, 1])
        }
    }

    @Test func `a stream of an unknown job fails without being repeated`() async throws {
        try await FakeSpeechServer.run {
            $0.failures[SpeechMethod.streamResult] = [RPCError(.notFound, "there is no job j")]
        } _: { server in
            try await withClient(of: server) { client in
                let error = await #expect(throws: SpeechError.self) {
                    for try await _ in client.streamResult("j") {}
                }
                #expect(error?.code == .notFound)
            }
            #expect(server.read(\.streamsFrom) == [0])
        }
    }

    @Test func `a stream gives up when the server stays away for as long as was asked`() async throws {
        let clock = InstantClock()
        try await FakeSpeechServer.run {
            $0.partialsPerStream = 1
        } _: { server in
            try await withClient(
                of: server, clock: clock.clock, configuration: { $0.streamRetryFor = .seconds(2) }
            ) { client in
                let error = await #expect(throws: SpeechError.self) {
                    for try await event in client.streamResult("j") {
                        if case .partial = event { await server.kill() }
                    }
                }
                #expect(error?.code == .unreachable)
                #expect(error?.message.contains("gave up after 2 s") == true)
            }
            #expect(clock.waits.reduce(.zero, +) == .seconds(2))
        }
    }

    @Test func `leaving a stream ends its call on the server, and the client goes on`() async throws {
        try await FakeSpeechServer.run {
            $0.partialsPerStream = 1
        } _: { server in
            try await withClient(of: server) { client in
                for try await event in client.streamResult("j") {
                    if case .partial = event { break }
                }
                #expect(try await client.queueStats().chunksPending == 7)
            }
        }
    }

    @Test func `cancelling the task ends a stream that waits`() async throws {
        try await FakeSpeechServer.run {
            $0.partialsPerStream = 1
        } _: { server in
            try await withClient(of: server) { client in
                let (seen, signal) = AsyncStream.makeStream(of: Void.self)
                let reader = Task {
                    for try await event in client.streamResult("j") {
                        if case .partial = event { signal.yield() }
                    }
                }
                var iterator = seen.makeAsyncIterator()
                _ = await iterator.next()
                reader.cancel()
                let result = await reader.result
                let error = #expect(throws: SpeechError.self) { try result.get() }
                #expect(error?.code == .cancelled)
            }
        }
    }
}
