import STTClient

extension JSON {
    /// Milliseconds since 1970; `nil` where there is no such time yet.
    static func time(_ milliseconds: Int) -> JSON? {
        milliseconds == 0 ? nil : .string(Format.utc(milliseconds))
    }

    static func status(_ status: JobStatus, file: String? = nil) -> JSON {
        .object([
            "type": .string("status"),
            "job": .string(status.jobID),
            "file": file.map { .string($0) },
            "state": .string("\(status.state)"),
            "filename": .string(status.filename),
            "audio": status.audio.map { audio($0) },
            "priority": .string(Format.priority(status.priority) ?? "normal"),
            "chunks_total": .int(status.chunksTotal),
            "chunks_done": .int(status.chunksDone),
            "chunks_with_gaps": .int(status.chunksWithGaps),
            "chunk_attempts": .int(status.chunkAttempts),
            "audio_done": .seconds(milliseconds: status.audioDoneMilliseconds),
            "language": status.language.isEmpty ? nil : .string(status.language),
            "error": status.error.map { .object(["code": .string($0.code), "message": .string($0.message)]) },
            "created_at": time(status.createdAtMilliseconds),
            "started_at": time(status.startedAtMilliseconds),
            "finished_at": time(status.finishedAtMilliseconds),
            "expires_at": time(status.expiresAtMilliseconds),
        ])
    }

    private static func audio(_ audio: AudioInfo) -> JSON {
        .object([
            "format": audio.format.isEmpty ? nil : .string(audio.format),
            "sample_rate": audio.sampleRateHz == 0 ? nil : .int(audio.sampleRateHz),
            "channels": audio.channels == 0 ? nil : .int(audio.channels),
            "duration": audio.durationMilliseconds == 0 ? nil : .seconds(milliseconds: audio.durationMilliseconds),
            "bytes": .int(audio.bytes),
            "sha256": .string(audio.sha256),
        ])
    }

    static func partial(_ partial: Partial, job: String, file: String? = nil) -> JSON {
        .object([
            "type": .string("partial"),
            "job": .string(job),
            "file": file.map { .string($0) },
            "chunk": .int(partial.chunk),
            "start": .seconds(milliseconds: partial.startMilliseconds),
            "end": .seconds(milliseconds: partial.endMilliseconds),
            "text": .string(partial.text),
            "segments": .array(partial.segments.map(segment)),
            "gaps": .array(partial.gaps.map(gap)),
            "guards": .array(partial.guards.map(note)),
            "engine_seconds": .seconds(milliseconds: partial.engineMilliseconds),
            "attempts": .int(partial.attempts),
        ])
    }

    private static func segment(_ segment: Segment) -> JSON {
        .object([
            "start": .seconds(milliseconds: segment.startMilliseconds),
            "end": .seconds(milliseconds: segment.endMilliseconds),
            "text": .string(segment.text),
            "avg_logprob": .double(rounded(segment.avgLogProbability)),
            "no_speech_prob": .double(rounded(segment.noSpeechProbability)),
            "channel": segment.channel == 0 ? nil : .int(segment.channel),
            "flags": segment.flags.isEmpty ? nil : .array(segment.flags.map { .string($0) }),
            "words": segment.words.isEmpty ? nil : .array(segment.words.map(word)),
        ])
    }

    private static func word(_ word: Word) -> JSON {
        .object([
            "start": .seconds(milliseconds: word.startMilliseconds),
            "end": .seconds(milliseconds: word.endMilliseconds),
            "text": .string(word.text),
            "probability": .double(rounded(word.probability)),
        ])
    }

    private static func gap(_ gap: Gap) -> JSON {
        .object([
            "start": .seconds(milliseconds: gap.startMilliseconds),
            "end": .seconds(milliseconds: gap.endMilliseconds),
            "code": .string(gap.code),
            "message": .string(gap.message),
        ])
    }

    private static func note(_ note: GuardNote) -> JSON {
        .object([
            "start": .seconds(milliseconds: note.startMilliseconds),
            "end": .seconds(milliseconds: note.endMilliseconds),
            "kind": .string(note.kind),
            "detail": .string(note.detail),
        ])
    }

    static func failure(_ failure: Failure, file: String? = nil, job: String? = nil) -> JSON {
        .object([
            "type": .string("error"),
            "job": job.map { .string($0) },
            "file": file.map { .string($0) },
            "code": .string(failure.code),
            "reason": failure.reason.map { .string($0) },
            "message": .string(failure.message),
            "exit_code": .int(Int(failure.status.rawValue)),
        ])
    }

    /// Four decimals: a 32-bit float has no more to tell.
    private static func rounded(_ value: Float) -> Double { (Double(value) * 10_000).rounded() / 10_000 }
}
