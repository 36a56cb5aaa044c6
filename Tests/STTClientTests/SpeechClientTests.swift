import STTProto
import Synchronization
import Testing

@testable import STTClient

@Suite(.timeLimit(.minutes(5))) struct SpeechClientTests {
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

    @Test func `an upload in whose middle the server crashes starts again and makes one job`() async throws {
        let bytes = [UInt8](repeating: 5, count: 8_000_000)
        try await FakeSpeechServer.run { server in
            try await withClient(of: server) { client in
                let crashes = Mutex(0)
                let job = try await client.submit(bytes: bytes) { progress in
                    guard progress.sentBytes > 3_000_000 else { return }
                    let isFirst = crashes.withLock { count in
                        count += 1
                        return count == 1
                    }
                    guard isFirst else { return }
                    Task {
                        await server.kill()
                        try await server.start()
                    }
                }
                #expect(job.audioBytes == bytes.count)
            }
            #expect(server.read(\.uploads).last == bytes)
            #expect(server.read(\.jobsByKey).count == 1)
        }
    }

    @Test func `an upload to a server that stays away is given up`() async throws {
        let clock = InstantClock()
        try await FakeSpeechServer.run {
            $0.holdsUploads = true
        } _: { server in
            try await withClient(of: server, clock: clock.clock, configuration: { $0.retryFor = .seconds(3) }) {
                client in
                _ = try await client.health()
                async let killed: Void = server.killAtUpload()
                let error = await #expect(throws: SpeechError.self) { try await client.submit(bytes: [1, 2, 3]) }
                try await killed
                #expect(error?.code == .unreachable)
            }
            #expect(clock.waits.reduce(.zero, +) == .seconds(3))
        }
    }
}
