import STTProto
import Testing

@testable import STTClient

@Suite(.timeLimit(.minutes(5))) struct SeveralServersTests {
    @Test func `a server that answers UNAVAILABLE is left for the next one`() async throws {
        try await twoServers { first, second in
            first.edit {
                $0.failures[SpeechMethod.status] = Array(repeating: RPCError(.unavailable, "away"), count: 1000)
            }
            try await withClient(of: first, second) { client in
                _ = try await client.health()
                #expect(try await client.status("j").jobID == "j")
                _ = try await client.status("j")
            }
            #expect(second.read { $0.calls.count } == 2)
        }
    }

    @Test func `that holds for the first call, too`() async throws {
        try await twoServers { first, second in
            let away = RPCError(.unavailable, "away", retryAfter: .milliseconds(150))
            first.edit { $0.failures[SpeechMethod.status] = [away, away, away, away] }
            try await withClient(of: first, second) { client in
                let status = try await client.status("j")
                #expect(status.jobID == "j")
            }
            #expect(second.read { $0.calls.count } == 1)
        }
    }

    @Test func `an upload that a dying server interrupts is repeated on the next one with the same key`() async throws {
        try await twoServers { first, second in
            first.edit { $0.holdsUploads = true }
            try await withClient(of: first, second) { client in
                _ = try await client.health()
                async let submitting = client.submit(bytes: [UInt8](repeating: 7, count: 2_000_000))
                try await first.killAtUpload()
                #expect(try await submitting.audioBytes == 2_000_000)
            }
            let keys = [first, second].map { $0.read { $0.options.map(\.idempotencyKey) } }
            #expect(keys[0] == keys[1] && keys[0].count == 1)
        }
    }

    @Test func `an upload that can be read only once ends with an error that says so when its server dies`()
        async throws
    {
        try await twoServers { first, second in
            first.edit { $0.holdsUploads = true }
            try await withClient(of: first, second) { client in
                _ = try await client.health()
                let bytes = AsyncStream<[UInt8]> {
                    try? await Task.sleep(for: .milliseconds(5))
                    return [UInt8](repeating: 7, count: 1000)
                }
                async let submitting = client.submit(stream: bytes)
                try await first.killAtUpload()
                do {
                    _ = try await submitting
                    Issue.record("the upload went on without its beginning")
                } catch let error as SpeechError {
                    #expect(error.code == .unreachable)
                    #expect(error.message.contains("can be read only once"))
                }
            }
            #expect(second.read { $0.options.isEmpty })
        }
    }

    @Test func `a full queue is waited for where the server says when to try again`() async throws {
        try await FakeSpeechServer.run {
            $0.failures[SpeechMethod.submit] = [
                RPCError(.resourceExhausted, "the queue is full", retryAfter: .milliseconds(20))
            ]
        } _: { server in
            try await withClient(of: server) { client in
                let submission = try await client.submit(bytes: [1, 2, 3])
                #expect(submission.audioBytes == 3)
            }
        }
    }

    @Test func `a submit by URL is repeated on the next server`() async throws {
        try await twoServers { first, second in
            first.edit { $0.holdsUploads = true }
            try await withClient(of: first, second) { client in
                _ = try await client.health()
                async let submitting = client.submit(url: "http://h/a.wav")
                try await first.killAtUpload()
                _ = try await submitting
            }
            #expect(second.read { $0.options.map(\.url) } == ["http://h/a.wav"])
        }
    }

    @Test func `a stream resumes on the next server after the last chunk that came`() async throws {
        try await twoServers { first, second in
            first.edit { $0.partialsPerStream = 2 }
            try await withClient(of: first, second) { client in
                var chunks: [Int] = []
                for try await event in client.streamResult("j") {
                    guard case .partial(let partial) = event else { continue }
                    chunks.append(partial.chunk)
                    if chunks.count == 2 { await first.kill() }
                }
                #expect(chunks == [0, 1, 2])
            }
            #expect(second.read(\.streamsFrom) == [2])
        }
    }

    private func twoServers(_ body: (FakeSpeechServer, FakeSpeechServer) async throws -> Void) async throws {
        try await FakeSpeechServer.run { first in
            try await FakeSpeechServer.run { second in try await body(first, second) }
        }
    }
}
