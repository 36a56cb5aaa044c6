import Logging
import STTProto
import Synchronization
import Testing

@testable import STTClient

/// A clock whose waits take no time, and are written down.
final class InstantClock: Sendable {
    private let state = Mutex((now: ContinuousClock.now, waits: [Duration]()))

    var waits: [Duration] { state.withLock { $0.waits } }

    var clock: RetryClock {
        RetryClock(
            now: { self.state.withLock { $0.now } },
            sleep: { wait in
                try Task.checkCancellation()
                self.state.withLock { state in
                    state.now += wait
                    state.waits.append(wait)
                }
                await Task.yield()
            })
    }
}

@Suite(.timeLimit(.minutes(1))) struct SpeechClientTests {
    private func withClient(
        of server: FakeSpeechServer, clock: RetryClock = .system,
        configuration change: (inout SpeechClientConfiguration) -> Void = { _ in },
        _ body: (SpeechClient) async throws -> Void
    ) async throws {
        var configuration = SpeechClientConfiguration()
        configuration.initialBackoff = .milliseconds(1)
        configuration.maxBackoff = .milliseconds(20)
        configuration.connection.initialBackoff = .milliseconds(1)
        configuration.connection.maxBackoff = .milliseconds(20)
        change(&configuration)
        let client = SpeechClient(
            addresses: [server.address], configuration: configuration,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, clock: clock)
        do {
            try await body(client)
        } catch {
            await client.close()
            throw error
        }
        await client.close()
    }

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

    @Test func `a server that was never there is an error at once`() async throws {
        let clock = InstantClock()
        try await withClient(of: FakeSpeechServer(), clock: clock.clock) { client in
            let error = await #expect(throws: SpeechError.self) { try await client.status("j") }
            #expect(error?.code == .unreachable)
        }
        #expect(clock.waits.isEmpty)
    }

    @Test func `a server that is starting is waited for where that is asked`() async throws {
        try await FakeSpeechServer.run { server in
            await server.kill()
            try await withClient(
                of: server,
                configuration: {
                    $0.waitsForFirstConnection = true
                    $0.onRetry = { notice in
                        guard notice.attempt == 1 else { return }
                        Task { try await server.start() }
                    }
                }
            ) { client in
                let health = try await client.health()
                #expect(health.serving)
            }
        }
    }

    @Test func `a submit sends the bytes and the options`() async throws {
        let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        try await FakeSpeechServer.run { server in
            try await withClient(of: server) { client in
                let progress = Mutex<[UploadProgress]>([])
                let job = try await client.submit(
                    bytes: bytes,
                    options: SubmissionOptions(transcription: TranscriptionOptions(language: "de"), filename: "f.wav")
                ) { update in
                    progress.withLock { $0.append(update) }
                }
                #expect(job.id == "job-0")
                #expect(job.audioBytes == bytes.count)
                #expect(!job.isExisting)
                #expect(job.uploadBegan < job.lastByteSent)
                #expect(
                    progress.withLock { $0.last }
                        == UploadProgress(sentBytes: 1_000_000, totalBytes: 1_000_000, attempt: 1))
            }
            #expect(server.read { $0.uploads == [bytes] })
            let options = try #require(server.read { $0.options.first })
            #expect(options.transcription?.language == "de")
            #expect(options.filename == "f.wav")
            #expect(options.sizeBytes == bytes.count)
            #expect(options.idempotencyKey.hasPrefix("auto-"))
        }
    }

    @Test func `a lost reply does not make a second job`() async throws {
        try await FakeSpeechServer.run {
            $0.losesSubmitReplies = true
            $0.failures[SpeechMethod.submit] = [RPCError(.unavailable, "lost")]
        } _: { server in
            try await withClient(of: server) { client in
                _ = try await client.health()
                let job = try await client.submit(bytes: [1, 2, 3])
                #expect(job.id == "job-0")
                #expect(job.isExisting)
            }
            #expect(server.read(\.uploads) == [[1, 2, 3], [1, 2, 3]])
            #expect(Set(server.read { $0.options.map(\.idempotencyKey) }).count == 1)
        }
    }

    @Test func `a recording that is made while it is sent is not sent twice`() async throws {
        try await FakeSpeechServer.run {
            $0.losesSubmitReplies = true
            $0.failures[SpeechMethod.submit] = [RPCError(.unavailable, "lost")]
        } _: { server in
            try await withClient(of: server) { client in
                _ = try await client.health()
                let stream = AsyncStream<[UInt8]> {
                    $0.yield([1])
                    $0.finish()
                }
                let error = await #expect(throws: SpeechError.self) { try await client.submit(stream: stream) }
                #expect(error?.code == .unreachable)
            }
            #expect(server.read(\.uploads).count == 1)
        }
    }

    @Test func `a refused upload ends with the server's reason while bytes are left to send`() async throws {
        let details = try JobError(code: "audio.tooLarge", message: "too large").encode()
        try await FakeSpeechServer.run {
            $0.failures[SpeechMethod.submit] = [RPCError(.invalidArgument, "too large", details: details)]
        } _: { server in
            try await withClient(of: server) { client in
                let error = await #expect(throws: SpeechError.self) {
                    try await client.submit(bytes: [UInt8](repeating: 0, count: 3_000_000))
                }
                #expect(error?.code == .inputRefused)
                #expect(error?.reason == "audio.tooLarge")
            }
        }
    }

    @Test func `a result that breaks off is completed without a byte missing or twice`() async throws {
        try await FakeSpeechServer.run {
            $0.piecesPerResult = 2
        } _: { server in
            try await withClient(of: server) { client in
                let text = try await client.resultText("j", format: .srt)
                #expect(text == "one\ntwo\nthree\n")
            }
            #expect(server.read(\.resultFormats) == [.srt, .srt])
        }
    }

    @Test func `a list goes through all pages`() async throws {
        let jobs = (0..<5).map { JobStatus(jobID: "j\($0)", state: $0 == 3 ? .failed : .queued) }
        try await FakeSpeechServer.run {
            $0.jobs = jobs
        } _: { server in
            try await withClient(of: server) { client in
                var all: [JobStatus] = []
                for try await job in client.list() { all.append(job) }
                #expect(all == jobs)
                var failed: [String] = []
                for try await job in client.list(states: [.failed], pageSize: 1) { failed.append(job.jobID) }
                #expect(failed == ["j3"])
            }
        }
    }

    @Test func `waiting for a job ends with its final status`() async throws {
        try await FakeSpeechServer.run {
            $0.finalState = .failed
            $0.error = JobError(code: "engine.crashed", message: "it crashed")
        } _: { server in
            try await withClient(of: server) { client in
                let status = try await client.wait(for: "j")
                #expect(status.state == .failed)
                #expect(status.error?.code == "engine.crashed")
            }
        }
    }

    @Test func `a delete that was done before its reply was lost has succeeded`() async throws {
        try await FakeSpeechServer.run {
            $0.failures[SpeechMethod.delete] = [RPCError(.unavailable, "lost"), RPCError(.notFound, "no job")]
        } _: { server in
            try await withClient(of: server) { client in
                _ = try await client.health()
                try await client.delete("j")
            }
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
