import STTClient

/// How long a transcription took, from the first byte sent.
struct RunSummary {
    var name: String
    var job: String
    var upload: Duration
    /// From the last byte sent to the first partial; negative where that came first. `nil` where nobody looked at that
    /// time, or there was none.
    var firstPartial: Duration?
    /// The part of that which the engine took.
    var firstChunkEngine: Duration?
    /// `nil` where the job ran while another one was being followed.
    var wall: Duration?
    var audio: Duration
    var gaps: Int

    /// - Parameter isAhead: The job ran while another file's transcript was being printed.
    init(
        name: String, submission: Submission, outcome: JobFollower.Outcome, isAhead: Bool,
        end: ContinuousClock.Instant
    ) {
        self.name = name
        job = submission.id
        upload = submission.lastByteSent - submission.uploadBegan
        firstPartial = isAhead ? nil : outcome.firstPartial.map { $0 - submission.lastByteSent }
        firstChunkEngine = outcome.firstChunkEngine
        wall = isAhead ? nil : end - submission.uploadBegan
        audio = .milliseconds(outcome.status.audio?.durationMilliseconds ?? 0)
        gaps = outcome.status.chunksWithGaps
    }

    /// Times real time; `nil` where it is not known.
    var speed: Double? {
        guard let wall, audio > .zero, wall > .zero else { return nil }
        return audio.inSeconds / wall.inSeconds
    }

    var text: String {
        var text = "\(name): \(Format.span(audio)) of audio"
        if let wall { text += " in \(Format.span(wall))" }
        if let speed { text += " (\(Format.speed(speed)) real time)" }
        text += "; upload \(Format.span(upload))"
        if let firstPartial {
            let side = firstPartial < .zero ? "before" : "after"
            text += "; first partial \(Format.span(max(firstPartial, .zero - firstPartial))) \(side) the last byte"
            if let firstChunkEngine { text += " (engine \(Format.span(firstChunkEngine)))" }
        }
        if gaps > 0 { text += "; \(gaps) chunks with gaps" }
        return text + "; job \(job)"
    }

    func json(file: String) -> JSON {
        .object([
            "type": .string("summary"), "job": .string(job), "file": .string(file),
            "upload_seconds": .seconds(milliseconds: upload.inMilliseconds),
            "first_partial_seconds": firstPartial.map { .seconds(milliseconds: $0.inMilliseconds) },
            "first_chunk_engine_seconds": firstChunkEngine.map { .seconds(milliseconds: $0.inMilliseconds) },
            "wall_seconds": wall.map { .seconds(milliseconds: $0.inMilliseconds) },
            "audio_seconds": .seconds(milliseconds: audio.inMilliseconds),
            "speed": speed.map { .double(($0 * 100).rounded() / 100) },
            "chunks_with_gaps": .int(gaps),
        ])
    }
}
