import Testing

@testable import STTClient
@testable import stt_rpc

@Suite struct CLIOutputTests {
    @Test func `json keeps the order of members and leaves out what is not there`() {
        let json = JSON.object(["b": .int(1), "gone": nil, "a": .array([.null, .bool(true), .double(0.5)])])
        #expect(json.text == #"{"b":1,"a":[null,true,0.5]}"#)
    }

    @Test func `json text stays on one line whatever is in it`() {
        let text = JSON.string("a\"b\\c\nd\r\t\u{1}\u{2028}é😀").text
        #expect(text == #""a\"b\\c\nd\r\t\u0001\u2028é😀""#)
    }

    @Test(arguments: [(0, "0.000"), (7, "0.007"), (12_340, "12.340"), (3_600_001, "3600.001"), (-1500, "-1.500")])
    func `seconds in json are exact`(_ milliseconds: Int, _ text: String) {
        #expect(JSON.seconds(milliseconds: milliseconds).text == text)
    }

    @Test func `a partial has the members that scripts rely on`() {
        let partial = Partial(
            chunk: 0, startMilliseconds: 0, endMilliseconds: 2000, text: "Hi.\n",
            segments: [
                Segment(startMilliseconds: 0, endMilliseconds: 1000, text: "Hi."),
                Segment(startMilliseconds: 500, endMilliseconds: 2000, text: "Ho.", channel: 2, flags: ["repetition"]),
            ],
            gaps: [Gap(startMilliseconds: 1, endMilliseconds: 2, code: "c", message: "m")], engineMilliseconds: 30,
            attempts: 1,
            guards: [GuardNote(kind: "k", startMilliseconds: 3, endMilliseconds: 4, detail: "d")])
        #expect(
            JSON.partial(partial, job: "j", file: "a.wav").text
                == #"{"type":"partial","job":"j","file":"a.wav","chunk":0,"start":0.000,"end":2.000,"text":"Hi.\n","#
                + #""segments":[{"start":0.000,"end":1.000,"text":"Hi.","avg_logprob":0.0,"no_speech_prob":0.0},"#
                + #"{"start":0.500,"end":2.000,"text":"Ho.","avg_logprob":0.0,"no_speech_prob":0.0,"#
                + #""channel":2,"flags":["repetition"]}],"gaps":[{"start":0.001,"end":0.002,"code":"c","message":"m"}],"#
                + #""guards":[{"start":0.003,"end":0.004,"kind":"k","detail":"d"}],"#
                + #""engine_seconds":0.030,"attempts":1}"#
        )
    }

    @Test func `a status tells state and times`() {
        let status = JobStatus(
            jobID: "j", state: .failed, filename: "a.wav", error: JobError(code: "audio.notAudio", message: "no"),
            createdAtMilliseconds: 1_700_000_000_123)
        let text = JSON.status(status).text
        #expect(text.contains(#""state":"failed""#))
        #expect(text.contains(#""created_at":"2023-11-14T22:13:20.123Z""#))
        #expect(text.contains(#""error":{"code":"audio.notAudio","message":"no"}"#))
        #expect(!text.contains("finished_at"))
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (4_102_444_799_999, "2099-12-31T23:59:59.999Z"), (-1, "1969-12-31T23:59:59.999Z"),
    ])
    func `times are calendar times in UTC`(_ milliseconds: Int, _ text: String) {
        #expect(Format.utc(milliseconds) == text)
    }

    @Test func `numbers read as people write them`() {
        #expect(Format.position(milliseconds: 7_999) == "0:07")
        #expect(Format.position(milliseconds: 754_000) == "12:34")
        #expect(Format.position(milliseconds: 3_723_000) == "1:02:03")
        #expect(Format.bytes(512) == "512 B")
        #expect(Format.bytes(12_345) == "12.3 kB")
        #expect(Format.bytes(999_990) == "1.0 MB")
        #expect(Format.bytes(4_000_000_000) == "4.0 GB")
        #expect(Format.speed(61.24) == "61.2×")
        #expect(Format.speed(250.4) == "250×")
        #expect(Format.span(.milliseconds(420)) == "0.42 s")
        #expect(Format.span(.seconds(245)) == "4:05 min")
    }

    @Test func `the upload line has a bar, a rate and the time left`() {
        let line = ProgressText.upload(
            UploadProgress(sentBytes: 5_000_000, totalBytes: 10_000_000, attempt: 1), elapsed: .seconds(2),
            name: "a.wav")
        #expect(line == "a.wav  upload [##########----------]  50 %  5.0 MB of 10.0 MB  2.5 MB/s  ETA 0:02")
    }

    @Test func `the upload line of a pipe tells what it knows`() {
        let line = ProgressText.upload(
            UploadProgress(sentBytes: 5_000_000, totalBytes: nil, attempt: 2), elapsed: .seconds(2), name: "stdin")
        #expect(line == "stdin  upload 5.0 MB  2.5 MB/s  attempt 2")
    }

    @Test func `the progress line has position, percent, speed and time left`() {
        let status = JobStatus(
            state: .transcribing, audio: AudioInfo(durationMilliseconds: 1_800_000), chunksTotal: 70, chunksDone: 30,
            chunksWithGaps: 1, audioDoneMilliseconds: 754_000)
        let line = ProgressText.transcription(status, elapsed: .seconds(20), name: "a.wav")
        #expect(line == "a.wav  12:34 of 30:00   41 %  37.7× real time  ETA 0:27  1 with gaps")
    }

    @Test func `the time left runs down, and the line makes sense before anything is known and while merging`() {
        let aged = JobStatus(
            state: .transcribing, audio: AudioInfo(durationMilliseconds: 20_000), audioDoneMilliseconds: 10_000)
        #expect(
            ProgressText.transcription(aged, elapsed: .seconds(8), age: .seconds(3), name: "a")
                == "a  0:10 of 0:20   50 %  2.0× real time  ETA 0:02")
        let queued = ProgressText.transcription(JobStatus(state: .queued), elapsed: .seconds(1), name: "a")
        #expect(queued == "a  queued  1.00 s")
        let merging = JobStatus(
            state: .merging, audio: AudioInfo(durationMilliseconds: 10_000), audioDoneMilliseconds: 10_000)
        #expect(
            ProgressText.transcription(merging, elapsed: .seconds(1), name: "a")
                == "a  0:10 of 0:10  100 %  10.0× real time  merging")
        _ = ProgressText.transcription(merging, elapsed: .zero, name: "a")
    }

    @Test func `a table is aligned, and plain lines have tabs`() {
        var table = Table(columns: [("NAME", .left), ("N", .right)])
        table.rows = [["a", "100"], ["longer\tname", "1"]]
        #expect(table.lines()[0] == "NAME           N")
        #expect(table.lines()[1] == "a            100")
        #expect(table.plainLines == ["a\t100", "longer name\t1"])
    }

    @Test func `every kind of error has its exit status`() {
        let expected: [SpeechError.Code: Int32] = [
            .invalidArgument: 2, .conflict: 2, .unreachable: 3, .notFound: 4, .inputRefused: 5, .jobFailed: 6,
            .jobCancelled: 7, .busy: 8, .deadlineExceeded: 9, .notReady: 11, .accessDenied: 12, .unauthenticated: 12,
            .cancelled: 1,
            .unexpected: 1,
        ]
        for code in SpeechError.Code.allCases { #expect(ExitStatus(code).rawValue == expected[code]) }
        #expect(ExitStatus.gaps.rawValue == 10)
        #expect(ExitStatus.interrupted.rawValue == 130)
    }

    @Test func `an error is told in one line that names the server where that matters`() {
        let failure = Failure(SpeechError(.unreachable, "connection\nrefused"), server: "stt://h:1")
        #expect(failure.message == "no connection to stt://h:1: connection refused; is stt-rpcd running there?")
        let named = Failure(SpeechError(.unreachable, "nothing listens on h:1"), server: "stt://h:1")
        #expect(named.message == "nothing listens on h:1")
        let busy = Failure(SpeechError(.busy, "the queue is full", retryAfter: .seconds(10)), server: "s")
        #expect(busy.message == "the queue is full (in about 10 s)")
        #expect(busy.status == .busy)
    }

    @Test func `the closing summary tells the time to the first partial beside the engine's own`() {
        let start = ContinuousClock.now
        let submission = Submission(
            id: "j", audioBytes: 1, audioSHA256: "", isExisting: false, uploadBegan: start,
            lastByteSent: start + .milliseconds(100))
        let outcome = JobFollower.Outcome(
            status: JobStatus(state: .completed, audio: AudioInfo(durationMilliseconds: 11_000)),
            firstPartial: start + .milliseconds(900), firstChunkEngine: .milliseconds(650))
        let summary = RunSummary(
            name: "a.wav", submission: submission, outcome: outcome, isAhead: false, end: start + .seconds(2))
        #expect(
            summary.text == "a.wav: 11.0 s of audio in 2.00 s (5.5× real time); upload 0.10 s; "
                + "first partial 0.80 s after the last byte (engine 0.65 s); job j")
        #expect(
            summary.json(file: "in/a.wav").text
                == #"{"type":"summary","job":"j","file":"in/a.wav","upload_seconds":0.100,"first_partial_seconds":0.800,"#
                + #""first_chunk_engine_seconds":0.650,"wall_seconds":2.000,"audio_seconds":11.000,"speed":5.5,"#
                + #""chunks_with_gaps":0}"#)
        let ahead = RunSummary(
            name: "a.wav", submission: submission, outcome: outcome, isAhead: true, end: start + .seconds(2))
        #expect(ahead.text == "a.wav: 11.0 s of audio; upload 0.10 s; job j")
    }
}
