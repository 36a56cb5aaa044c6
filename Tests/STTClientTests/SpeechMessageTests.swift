import STTProto
import Testing

/// What every message must survive: its own encoding.
private func roundTrip<M: ProtoMessage & Equatable>(_ message: M) throws -> Bool {
    try M.decode(try message.encode()) == message
}

private let options = TranscriptionOptionsMessage(
    language: "de", translate: true, prompt: "Größe, naïve", temperatureMilli: 250, wordTimestamps: true,
    segmentation: .speech, chunkMilliseconds: 24_500, retentionSeconds: 86_400, channels: .separate, model: "base.en",
    carryPrompt: true)

private let status = JobStatus(
    jobID: "01890a5d-ac96-774b-bcce-b302099a8057", state: .failed, filename: "Aufnahme 1.flac",
    audio: AudioInfo(
        format: "FLAC/PCM_16", sampleRateHz: 44_100, channels: 2, durationMilliseconds: 1_800_000, bytes: 5_000_000_000,
        sha256: "ab12"),
    chunksTotal: 70, chunksDone: 12, chunksWithGaps: 1, audioDoneMilliseconds: 300_000,
    error: JobError(code: "audio.truncated", message: "the file ends early"), createdAtMilliseconds: 1_800_000_000_000,
    startedAtMilliseconds: 1, finishedAtMilliseconds: 2, expiresAtMilliseconds: 3, options: options, language: "de",
    chunkAttempts: 14)

private let partial = Partial(
    chunk: 3, startMilliseconds: 72_000, endMilliseconds: 96_000, text: "Eins zwei.\nDrei.\n",
    segments: [
        Segment(
            startMilliseconds: 72_000, endMilliseconds: 75_000, text: "Eins zwei.", avgLogProbability: -0.25,
            noSpeechProbability: 0.5,
            words: [
                Word(startMilliseconds: 72_000, endMilliseconds: 73_000, text: "Eins", probability: 0.75),
                Word(startMilliseconds: 73_000, endMilliseconds: 75_000, text: "zwei.", probability: 1),
            ]),
        Segment(
            startMilliseconds: 80_000, endMilliseconds: 90_000, text: "Drei.", channel: 2,
            flags: ["low_probability", "x"]),
    ],
    gaps: [Gap(startMilliseconds: 90_000, endMilliseconds: 96_000, code: "engine.crashed", message: "it crashed")],
    engineMilliseconds: 1_234, attempts: 2,
    guards: [
        GuardNoteMessage(
            kind: "dropped_no_speech", startMilliseconds: 75_000, endMilliseconds: 80_000, detail: "„Vielen Dank.“")
    ])

@Suite struct SpeechMessageTests {
    @Test func `every request is the same after its encoding`() throws {
        #expect(try roundTrip(options))
        #expect(
            try roundTrip(
                SubmitRequest.options(
                    SubmitOptions(transcription: options, filename: "a.wav", sizeBytes: 1 << 40, idempotencyKey: "k"))))
        #expect(try roundTrip(SubmitRequest.options(SubmitOptions())))
        #expect(try roundTrip(SubmitRequest.audio([0, 1, 0, 255])))
        #expect(try roundTrip(SubmitRequest.audio([])))
        #expect(try roundTrip(StatusRequest(jobID: "j")))
        #expect(try roundTrip(StreamResultRequest(jobID: "j", fromChunk: 7, order: .asReady)))
        #expect(try roundTrip(GetResultRequest(jobID: "j", format: .vtt)))
        #expect(
            try roundTrip(
                GetResultRequest(
                    jobID: "j", format: .lrc, layout: SubtitleLayoutMessage(lineCharacters: 36, lines: 3))))
        #expect(try roundTrip(CancelRequest(jobID: "j")))
        #expect(try roundTrip(ListRequest(states: [.queued, .failed], pageSize: 1_000, pageToken: "t")))
        #expect(try roundTrip(ListRequest()))
        #expect(try roundTrip(DeleteRequest(jobID: "j")))
        #expect(try roundTrip(QueueStatsRequest()))
        #expect(try roundTrip(HealthRequest()))
    }

    @Test func `every reply is the same after its encoding`() throws {
        #expect(try roundTrip(SubmitReply(jobID: "j", audioBytes: 1 << 40, audioSHA256: "ff", existing: true)))
        #expect(try roundTrip(status))
        #expect(try roundTrip(JobStatus()))
        #expect(try roundTrip(StreamResultReply.partial(partial)))
        #expect(try roundTrip(StreamResultReply.status(status)))
        #expect(try roundTrip(StreamResultReply.unrecognized))
        #expect(try roundTrip(GetResultReply(data: [UInt8](repeating: 7, count: 100_000))))
        #expect(try roundTrip(ListReply(jobs: [status, JobStatus()], nextPageToken: "n")))
        #expect(try roundTrip(DeleteReply()))
        #expect(
            try roundTrip(
                QueueStatsReply(
                    jobs: [StateCount(state: .queued, jobs: 2)], chunksPending: 1, chunksRunning: 2,
                    audioPendingMilliseconds: 3, oldestQueuedAtMilliseconds: 4, slotsTotal: 5, slotsBusy: 6,
                    chunksCommitted: 7, chunksFenced: 8, chunksRetried: 9, engineRestarts: 10)))
        #expect(
            try roundTrip(
                HealthReply(
                    serving: true, version: "1.0", uptimeMilliseconds: 5,
                    dependencies: [DependencyHealth(name: "engine", ok: false, message: "no model")])))
    }

    @Test func `a number that an enum does not know is kept apart from the default`() throws {
        // field 3 (order) = 9
        #expect(try StreamResultRequest.decode([0x18, 9]).order == .unrecognized)
        // field 6 (segmentation) = 9, field 9 (channels) = 3
        #expect(try TranscriptionOptionsMessage.decode([0x30, 9]).segmentation == .unrecognized)
        #expect(try TranscriptionOptionsMessage.decode([0x48, 3]).channels == .unrecognized)
        // field 2 (state) = 99
        #expect(try JobStatus.decode([0x10, 99]).state == .unrecognized)
    }

    @Test func `a submit message that is neither options nor audio is malformed`() {
        #expect(throws: ProtoError.malformed) { try SubmitRequest.decode([]) }
    }

    @Test func `an event of a newer server is told apart, not refused`() throws {
        // field 15, an empty message
        #expect(try StreamResultReply.decode([0x7A, 0]) == .unrecognized)
    }

    @Test func `negative numbers are written as zero and huge ones are clamped`() throws {
        #expect(try AudioInfo.decode(try AudioInfo(durationMilliseconds: -5).encode()).durationMilliseconds == 0)
        // field 5 (bytes) = UInt64.max
        let huge = try AudioInfo.decode([0x28] + [UInt8](repeating: 0xFF, count: 9) + [0x01])
        #expect(huge.bytes == .max)
    }
}
