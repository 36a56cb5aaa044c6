import STTClient

/// How long a transcription took, from the first byte sent.
struct RunSummary {
    var file: String
    var job: String
    var upload: Duration
    /// From the last byte sent to the first partial.
    var firstPartial: Duration?
    /// The part of that which the engine took.
    var firstChunkEngine: Duration?
    var wall: Duration
    var audio: Duration
    var gaps: Int

    init(file: String, submission: Submission, outcome: JobFollower.Outcome, end: ContinuousClock.Instant) {
        self.file = file
        job = submission.id
        upload = submission.lastByteSent - submission.uploadBegan
        firstPartial = outcome.firstPartial.map { $0 - submission.lastByteSent }
        firstChunkEngine = outcome.firstChunkEngine
        wall = end - submission.uploadBegan
        audio = .milliseconds(outcome.status.audio?.durationMilliseconds ?? 0)
        gaps = outcome.status.chunksWithGaps
    }

    /// Times real time; `nil` where the length is not known.
    var speed: Double? {
        audio > .zero && wall > .zero ? audio.inSeconds / wall.inSeconds : nil
    }

    var text: String {
        var text = "\(file): \(Format.span(audio)) of audio in \(Format.span(wall))"
        if let speed { text += " (\(Format.speed(speed)) real time)" }
        text += "; upload \(Format.span(upload))"
        if let firstPartial {
            text += "; first partial \(Format.span(firstPartial)) after the last byte"
            if let firstChunkEngine { text += " (engine \(Format.span(firstChunkEngine)))" }
        }
        if gaps > 0 { text += "; \(gaps) chunks with gaps" }
        return text + "; job \(job)"
    }

    var json: JSON {
        .object([
            "type": .string("summary"), "job": .string(job), "file": .string(file),
            "upload_seconds": .seconds(milliseconds: upload.inMilliseconds),
            "first_partial_seconds": firstPartial.map { .seconds(milliseconds: $0.inMilliseconds) },
            "first_chunk_engine_seconds": firstChunkEngine.map { .seconds(milliseconds: $0.inMilliseconds) },
            "wall_seconds": .seconds(milliseconds: wall.inMilliseconds),
            "audio_seconds": .seconds(milliseconds: audio.inMilliseconds),
            "speed": speed.map { .double(($0 * 100).rounded() / 100) },
            "chunks_with_gaps": .int(gaps),
        ])
    }
}
