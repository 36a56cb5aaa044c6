import STTCore

/// A transcript as the store holds it.
struct StoredTranscript {
    var header: TranscriptHeader
    var chunks: [TranscriptChunk]

    init(_ chunks: [MergedChunk], wordTimestamps: Bool = false, language: String? = "en", filename: String = "talk.wav")
    {
        let duration = chunks.last?.endMilliseconds ?? 0
        header = TranscriptHeader(
            job: JobID("01890a5d-ac96-774b-bcce-b302099a8057")
                ?? JobID(at: Timestamp(millisecondsSinceEpoch: 0)),
            filename: filename,
            audio: AudioFormat(name: "WAV/PCM_16", sampleRate: 44_100, channels: 2, sampleCount: duration * 16),
            durationMilliseconds: duration,
            options: TranscriptionOptions(prompt: "a \"quoted\" \\ prompt\n", wordTimestamps: wordTimestamps),
            engine: "whisper-server", model: "tiny.en", language: language,
            createdAt: Timestamp(millisecondsSinceEpoch: 1_700_000_000_123))
        self.chunks = chunks.map { TranscriptChunk($0, engineMilliseconds: 900 + $0.index, attempts: 1) }
    }

    func bytes() throws -> [UInt8] {
        var writer = TranscriptWriter(header)
        var bytes = writer.begin()
        for chunk in chunks { bytes += try writer.append(chunk) }
        return bytes + writer.end()
    }

    func rendered(_ format: TranscriptFormat, pieceSize: Int = 1_000_000) throws -> [UInt8] {
        let stored = try bytes()
        var renderer = StoredTranscriptRenderer(format)
        var output: [UInt8] = []
        repeat {
            for start in stride(from: 0, to: stored.count, by: pieceSize) {
                output += try renderer.push(stored[start..<min(start + pieceSize, stored.count)])
            }
            output += try renderer.endPass()
        } while renderer.needsAnotherPass
        return output
    }

    func text(_ format: TranscriptFormat) throws -> String { String(decoding: try rendered(format), as: UTF8.self) }

    /// A call with a party on each channel, with flags and guard notes.
    static var call: StoredTranscript {
        var first = segment(0, 4_000, "Good morning.")
        first.channel = 1
        var second = spoken(3_500, 9_000, "Thanks for watching!")
        second.channel = 2
        second.flags = [.lowProbability]
        var stored = StoredTranscript(
            [
                MergedChunk(
                    index: 0, startMilliseconds: 0, endMilliseconds: 20_000, segments: [first, second],
                    guards: [
                        GuardNote(
                            kind: .droppedNoSpeech, startMilliseconds: 9_000, endMilliseconds: 12_000,
                            detail: "\"You\"")
                    ]),
                MergedChunk(
                    index: 1, startMilliseconds: 20_000, endMilliseconds: 30_000, segments: [],
                    guards: [
                        GuardNote(
                            kind: .retriedTemperature, startMilliseconds: 20_000, endMilliseconds: 30_000,
                            detail: "repetition"),
                        GuardNote(
                            kind: .collapsedLoop, startMilliseconds: 20_000, endMilliseconds: 30_000, detail: ""),
                    ]),
            ], wordTimestamps: true)
        stored.header.options.segmentation = .speech
        stored.header.options.channels = .separate
        stored.header.options.model = "base.en"
        stored.header.options.carriesPrompt = true
        return stored
    }

    /// Ordinary speech, a gap, marks, scripts of all kinds and everything that a format has to escape.
    static var varied: StoredTranscript {
        StoredTranscript(
            TranscriptMerger.merge([
                (
                    span(0, 0, 10_000),
                    result([
                        spoken(0, 4_000, "Hello there, and welcome to the show."),
                        segment(4_000, 6_000, "Tom & Jerry <i>said</i> 1 --> 2 \"quoted\" back\\slash"),
                    ])
                ),
                (
                    span(1, 10_000, 20_000),
                    result([], gaps: [gap(10_000, 20_000, "engine.crashed", "It --> crashed\n\"twice\".")])
                ),
                (
                    span(2, 20_000, 30_000),
                    result([
                        segment(20_000, 21_000, "e\u{301}te\u{301} 👩‍👩‍👧 👍🏽"), segment(21_000, 22_000, "שלום עולם, مرحبا"),
                        segment(22_000, 22_000, "今日はとても良い天気ですね。散歩に行きましょう。"),
                    ])
                ),
            ]), wordTimestamps: true)
    }
}
