import STTClient
import STTRig
import Testing

/// Two servers, three workers, real services, real speech, real Whisper.
@Suite(
    "Cluster", .enabled(if: Recordings.hasSpeech, "whisper.cpp, its model or the samples are not installed"),
    .serialized, .watchingIssues, .timeLimit(.minutes(5)))
struct ClipTests {
    @Test(
        "100 clips of 10 clients through 2 servers and 3 workers: every stream is its result, every chunk is run once")
    func hundredClips() async throws {
        let whisper = try #require(Recordings.whisperServer)
        let clips = try Recordings.clips()
        #expect(clips.count >= 3)
        let services = try await ServiceAddresses.forTests()
        try await withCluster(on: services, settings: .defaults) { cluster in
            // The clips last 7 s at most: a window of 10 s instead of 30 s makes the test as much shorter.
            let engine = try CountingWhisperServer(
                in: TemporaryFolder(), server: whisper.program, model: whisper.model, audioContext: 512)
            try await cluster.startServer()
            try await cluster.startServer()
            for _ in 0..<3 {
                try await cluster.startWorker(slots: 1, engine: engine, environment: ["STT_THREADS": "1"])
            }
            let clients = try (0..<10).map { try cluster.client(of: [cluster.servers[$0 % 2]]) }
            let start = ContinuousClock.now
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (number, client) in clients.enumerated() {
                    group.addTask {
                        for round in 0..<10 {
                            let clip = Clip.unique(clips[(number + round) % clips.count])
                            // One of each client's is cut into pieces of 5 s at most.
                            let options = round == 0 ? Cluster.options() : SubmissionOptions()
                            let submission = try await client.submit(bytes: clip, options: options)
                            cluster.ledger.acknowledge(
                                submission.id, recording: StreamRecording(submission.id, through: client))
                        }
                    }
                }
                try await group.waitForAll()
            }
            let submitted = ContinuousClock.now
            try await cluster.settle(through: clients[0], within: .seconds(180))
            let done = ContinuousClock.now
            let verdict = try await cluster.verify(through: clients[1])
            #expect(verdict.jobs == 100)
            #expect(verdict.commits == verdict.chunks)
            let repeated = cluster.engineRuns.filter { $0.value != 1 }
            #expect(repeated.isEmpty, "chunks that were run more than once: \(repeated)")
            #expect(verdict.engineRuns == verdict.chunks)
            print(
                "100 clips, \(verdict.chunks) chunks, \(verdict.engineRuns) engine runs:",
                "submitted in \((submitted - start).inSeconds) s, done in \((done - start).inSeconds) s")
        }
    }
}
