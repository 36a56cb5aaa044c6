import Logging
import STTAudio
import STTCore
import STTEmbedded
import STTTestKit
import Testing

@testable import STTWorker

@Suite("Cutting what is still being received", .timeLimit(.minutes(5)))
struct EarlyPreparerTests {
    private static let recording = SyntheticAudio.bursts(8, seconds: 9)

    @Test(
        "chunks and transcript are those of the whole recording, and the first comes while the rest is missing",
        arguments: [true, false])
    func sameChunks(isAnnounced: Bool) async throws {
        let harness = try WorkerHarness { run in .say("chunk of \(run.samples.count)") }
        harness.start()
        let ordinary = try await harness.waitForEnd(try await harness.submit(Self.recording))
        let preparer = harness.preparer()
        let job = harness.receivingJob()
        let early = try #require(
            try await harness.begin(job, Self.recording, isAnnounced: isAnnounced, with: preparer))
        await early.append(Array(Self.recording.prefix(Self.recording.count / 2)))
        let half = try await harness.wait(job.id) { $0.progress.chunksDone >= 1 }
        #expect(half.state == .preparing && !half.audio.isComplete)
        await early.append(Array(Self.recording.dropFirst(Self.recording.count / 2)))
        try await harness.complete(early, Self.recording)
        let ended = try await harness.waitForEnd(job.id)
        #expect(ended.state == .completed)
        #expect(ended.format == ordinary.format)
        #expect(try await harness.spans(of: job.id) == harness.spans(of: ordinary.id))
        #expect(try await harness.text(of: ended) == harness.text(of: ordinary))
        #expect(await early.ending() == nil)
        await harness.stop()
    }

    @Test("a second recording behind the first, of which nobody knew, is transcribed, too")
    func unforeseen() async throws {
        let harness = try WorkerHarness { run in .say("chunk of \(run.samples.count)") }
        harness.start()
        let both = Self.recording + Self.recording
        let ordinary = try await harness.waitForEnd(try await harness.submit(both))
        let job = harness.receivingJob()
        let early = try #require(
            try await harness.begin(job, both, isAnnounced: false, with: harness.preparer()))
        await early.append(Self.recording)
        _ = try await harness.wait(job.id) { $0.progress.chunksDone >= 2 }
        await early.append(Self.recording)
        try await harness.complete(early, both)
        let ended = try await harness.waitForEnd(job.id)
        #expect(ended.state == .completed && ended.format == ordinary.format)
        #expect(try await harness.spans(of: job.id) == harness.spans(of: ordinary.id))
        #expect(try await harness.text(of: ended) == harness.text(of: ordinary))
        await harness.stop()
    }

    @Test("an upload that is given up leaves nobody at work, and its job to the uploader")
    func abandoned() async throws {
        let harness = try WorkerHarness { _ in .say("words") }
        let preparer = harness.preparer()
        let job = harness.receivingJob()
        let early = try #require(try await harness.begin(job, Self.recording, with: preparer))
        await early.append(Array(Self.recording.prefix(200_000)))
        async let ending = early.ending()
        await early.abandon()
        #expect(await ending == nil)
        let left = try await harness.store.job(job.id, tenant: nil)
        #expect(left?.state == .preparing && left?.lease?.owner == early.owner)
        let failed = try await harness.store.fail(
            job.id, stage: .prepare, owner: early.owner, failure: .uploadBrokenOff,
            expiresAt: SystemWallClock().now)
        #expect(failed?.state == .failed)
    }

    @Test("audio that cannot be transcribed fails the job before it is complete")
    func damaged() async throws {
        let harness = try WorkerHarness { _ in .say("words") }
        let job = harness.receivingJob()
        let truncated = Array(Self.recording.prefix(300_000))
        let early = try #require(try await harness.begin(job, truncated, with: harness.preparer()))
        await early.append(Array(truncated.prefix(100_000)))
        let failed = try await harness.waitForEnd(job.id)
        #expect(failed.state == .failed && failed.failure?.code == "audio.truncated")
        let failure = try #require(failed.failure)
        #expect(await early.ending() == .failed(failure))
        await early.abandon()
    }

    @Test("a job that is cancelled is not cut any further")
    func cancelled() async throws {
        let harness = try WorkerHarness { _ in .say("words") }
        let preparer = harness.preparer()
        let obeying = Task { await preparer.obeyControl() }
        let job = harness.receivingJob()
        let early = try #require(try await harness.begin(job, Self.recording, with: preparer))
        await early.append(Array(Self.recording.prefix(200_000)))
        _ = try await harness.store.cancel(job.id, tenant: nil, expiresAt: SystemWallClock().now + .seconds(60))
        try await harness.events.publish(control: .stop(job.id))
        #expect(await early.ending() == .ended)
        await early.abandon()
        obeying.cancel()
    }

    @Test("the job of an upload whose server is gone fails, saying so")
    func brokenOff() async throws {
        let harness = try WorkerHarness { _ in .say("words") }
        let job = harness.receivingJob()
        _ = try await harness.store.insertReceiving(job, owner: OwnerToken(), lease: .milliseconds(300))
        harness.start()
        let failed = try await harness.waitForEnd(job.id)
        #expect(failed.state == .failed && failed.failure == .uploadBrokenOff)
        await harness.stop()
    }

    @Test("a server that stops after the upload leaves the rest to a worker, which cuts the same chunks")
    func goesOn() async throws {
        let harness = try WorkerHarness { run in .say("chunk of \(run.samples.count)") }
        let preparer = harness.preparer()
        let job = harness.receivingJob()
        let early = try #require(try await harness.begin(job, Self.recording, with: preparer))
        // The rest of it is known to the object store only, as if cutting had not come so far.
        await early.append(Array(Self.recording.prefix(Self.recording.count / 2)))
        harness.start()
        _ = try await harness.wait(job.id) { $0.progress.chunksDone >= 1 }
        try await harness.complete(early, Self.recording)
        await preparer.stop()
        let ended = try await harness.waitForEnd(job.id)
        let ordinary = try await harness.waitForEnd(try await harness.submit(Self.recording))
        #expect(ended.state == .completed)
        #expect(try await harness.spans(of: job.id) == harness.spans(of: ordinary.id))
        #expect(try await harness.text(of: ended) == harness.text(of: ordinary))
        #expect(try await harness.begin(harness.receivingJob(), Self.recording, with: preparer) == nil)
        await harness.stop()
    }

    @Test("what cannot be cut early is cut once it is complete")
    func givenUp() async throws {
        let harness = try WorkerHarness { _ in .say("words") }
        harness.start()
        let preparer = harness.preparer()
        let job = harness.receivingJob()
        let early = try #require(try await harness.begin(job, Self.recording, with: preparer))
        // More bytes than announced cannot be kept, as on a full disk.
        await early.append(Self.recording + [0])
        try await harness.complete(early, Self.recording)
        let ended = try await harness.waitForEnd(job.id)
        #expect(ended.state == .completed && ended.stageAttempts == 0)
        #expect(try await harness.begin(harness.receivingJob(), Array("OggS and so on".utf8), with: preparer) == nil)
        await harness.stop()
    }

    @Test("more than 64 at a time are left to the workers, and a place that is free again is taken")
    func bound() async throws {
        let harness = try WorkerHarness { _ in .say("words") }
        let preparer = harness.preparer()
        var recordings: [any EarlyRecording] = []
        for _ in 0..<PCMReader.maximumGrowing {
            recordings.append(
                try #require(try await harness.begin(harness.receivingJob(), Self.recording, with: preparer)))
        }
        #expect(try await harness.begin(harness.receivingJob(), Self.recording, with: preparer) == nil)
        await recordings.removeLast().abandon()
        var next: (any EarlyRecording)?
        while next == nil {
            next = try await harness.begin(harness.receivingJob(), Self.recording, with: preparer)
            await Task.yield()
        }
        for recording in recordings { await recording.abandon() }
        await next?.abandon()
        await preparer.stop()
    }
}

extension WorkerHarness {
    /// With leases that a busy machine does not lose.
    fileprivate func preparer() -> EarlyPreparer {
        EarlyPreparer(
            ports: WorkerPorts(store: store, queue: queue, events: events, objects: objects),
            configuration: WorkerConfiguration(leaseDuration: .seconds(300), renewalInterval: .seconds(1)),
            audioLimits: AudioLimits(), speechDetection: SpeechDetection(), folder: folder.temporaryPath,
            detectsAsWorkersDo: true, logger: Logger(label: "early") { _ in SwiftLogNoOpLogHandler() })
    }

    fileprivate func receivingJob() -> Job {
        let id = JobID(at: SystemWallClock().now)
        return Job(
            id: id, tenant: .default, options: TranscriptionOptions(),
            audio: .receiving(.audio(of: id), filename: "test.wav"), createdAt: SystemWallClock().now)
    }

    fileprivate func begin(
        _ job: Job, _ bytes: [UInt8], isAnnounced: Bool = true, with preparer: EarlyPreparer
    ) async throws -> (any EarlyRecording)? {
        try await preparer.begin(
            job, size: isAnnounced ? bytes.count : nil, firstBytes: Array(bytes.prefix(EarlyRecordings.decisiveBytes)))
    }

    /// Does what a server does at the end of an upload.
    fileprivate func complete(_ early: any EarlyRecording, _ bytes: [UInt8]) async throws {
        let id = early.job.id
        try await objects.write(bytes, to: .audio(of: id))
        let audio = StoredAudio(key: .audio(of: id), byteCount: bytes.count, sha256: "0", filename: "test.wav")
        let receipt = try await store.finishReceiving(id, owner: early.owner, audio: audio, idempotencyKey: nil)
        guard case .received = receipt else {
            Issue.record("the store said \(receipt)")
            return
        }
        early.complete()
    }

    fileprivate func spans(of id: JobID) async throws -> [ChunkSpan] {
        try await store.chunks(of: id, from: 0, limit: 1000).map(\.span)
    }
}
