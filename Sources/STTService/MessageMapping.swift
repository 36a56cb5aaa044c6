import STTCore
import STTProto

extension JobStatus {
    /// A job as clients see it.
    init(_ job: Job) {
        self.init()
        jobID = job.id.description
        state = ProtoJobState(job.state)
        filename = job.audio.filename
        audio = AudioInfo(
            format: job.format?.name ?? "", sampleRateHz: job.format?.sampleRate ?? 0,
            channels: job.format?.channels ?? 0, durationMilliseconds: (job.format?.sampleCount ?? 0).milliseconds,
            bytes: job.audio.byteCount, sha256: job.audio.sha256)
        chunksTotal = job.chunkCount ?? 0
        chunksDone = job.progress.chunksDone
        chunksWithGaps = job.progress.chunksWithGaps
        audioDoneMilliseconds = job.progress.samplesDone.milliseconds
        error = job.failure.map { JobError(code: $0.code, message: $0.message) }
        createdAtMilliseconds = Int(job.createdAt.millisecondsSinceEpoch)
        startedAtMilliseconds = Int(job.startedAt?.millisecondsSinceEpoch ?? 0)
        finishedAtMilliseconds = Int(job.finishedAt?.millisecondsSinceEpoch ?? 0)
        expiresAtMilliseconds = Int(job.expiresAt?.millisecondsSinceEpoch ?? 0)
        options = TranscriptionOptionsMessage(job.options)
        language = job.language ?? ""
        chunkAttempts = job.progress.chunkAttempts
        priority = ProtoJobPriority(job.priority)
    }
}

extension TranscriptionOptionsMessage {
    init(_ options: TranscriptionOptions) {
        self.init(
            language: options.language ?? "", translate: options.translate, prompt: options.prompt ?? "",
            temperatureMilli: Int((options.temperature * 1000).rounded()), wordTimestamps: options.wordTimestamps,
            segmentation: Segmentation(options.segmentation),
            chunkMilliseconds: Int(((options.chunkSeconds ?? 0) * 1000).rounded()),
            retentionSeconds: options.retentionSeconds ?? 0, channels: ChannelMode(options.channels),
            model: options.model ?? "", carryPrompt: options.carriesPrompt)
    }
}

extension Segmentation {
    init(_ segmentation: TranscriptionOptions.Segmentation) {
        self =
            switch segmentation {
            case .automatic: .unspecified
            case .speech: .speech
            case .silence: .silence
            case .fixed: .fixed
            }
    }
}

extension ChannelMode {
    init(_ channels: TranscriptionOptions.Channels) {
        self =
            switch channels {
            case .mixed: .mixed
            case .separate: .separate
            }
    }
}

extension Partial {
    init(_ merged: MergedChunk, chunk: Chunk, options: TranscriptionOptions) {
        self.init()
        self.chunk = merged.index
        startMilliseconds = merged.startMilliseconds
        endMilliseconds = merged.endMilliseconds
        text = merged.text
        segments = merged.segments.map { Segment($0, withWords: options.wordTimestamps) }
        gaps = merged.gaps.map { gap in
            Gap(
                startMilliseconds: gap.startMilliseconds, endMilliseconds: gap.endMilliseconds, code: gap.cause.code,
                message: gap.cause.message)
        }
        engineMilliseconds = chunk.result?.engineMilliseconds ?? 0
        attempts = chunk.claims
        guards = merged.guards.map { GuardNoteMessage($0) }
    }
}

extension GuardNoteMessage {
    init(_ note: GuardNote) {
        self.init(
            kind: note.kind.rawValue, startMilliseconds: note.startMilliseconds, endMilliseconds: note.endMilliseconds,
            detail: note.detail)
    }
}

extension Segment {
    init(_ segment: TranscriptSegment, withWords: Bool) {
        self.init()
        startMilliseconds = segment.startMilliseconds
        endMilliseconds = segment.endMilliseconds
        text = segment.text
        avgLogProbability = Float(segment.avgLogProbability)
        noSpeechProbability = Float(segment.noSpeechProbability)
        channel = segment.channel ?? 0
        flags = segment.flags.map(\.rawValue)
        guard withWords else { return }
        words = segment.words.map { word in
            Word(
                startMilliseconds: word.startMilliseconds, endMilliseconds: word.endMilliseconds, text: word.text,
                probability: Float(word.probability))
        }
    }
}

extension ProtoJobState {
    init(_ state: JobState) {
        self =
            switch state {
            case .queued: .queued
            case .preparing: .preparing
            case .transcribing: .transcribing
            case .merging: .merging
            case .completed: .completed
            case .failed: .failed
            case .cancelled: .cancelled
            }
    }
}

extension JobState {
    /// `nil` for what is not a state of a stored job.
    init?(_ state: ProtoJobState) {
        switch state {
        case .queued: self = .queued
        case .preparing: self = .preparing
        case .transcribing: self = .transcribing
        case .merging: self = .merging
        case .completed: self = .completed
        case .failed: self = .failed
        case .cancelled: self = .cancelled
        case .unspecified, .uploading, .unrecognized: return nil
        }
    }
}

extension ProtoJobPriority {
    init(_ priority: JobPriority) {
        self =
            switch priority {
            case .high: .high
            case .normal: .normal
            case .low: .low
            }
    }
}

extension JobPriority {
    /// `nil` for a class that this version does not know.
    init?(_ priority: ProtoJobPriority) {
        switch priority {
        case .high: self = .high
        case .unspecified, .normal: self = .normal
        case .low: self = .low
        case .unrecognized: return nil
        }
    }
}

extension WorkerInfo {
    init(_ report: WorkerReport) {
        self.init(
            id: report.id, host: report.host, pid: report.pid, slotsTotal: report.slotsTotal,
            slotsBusy: report.slotsBusy, model: report.model, engineTrouble: report.engineTrouble ?? "",
            draining: report.isDraining, version: report.version)
    }
}

extension TranscriptFormat {
    init?(_ format: ResultFormat) {
        switch format {
        case .json: self = .json
        case .txt: self = .txt
        case .srt: self = .srt
        case .vtt: self = .vtt
        case .tsv: self = .tsv
        case .lrc: self = .lrc
        case .unspecified, .unrecognized: return nil
        }
    }
}

extension Int {
    /// A count of samples at 16 kHz as milliseconds.
    var milliseconds: Int { self * 1000 / ChunkSpan.sampleRate }
}
