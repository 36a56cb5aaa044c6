import Logging
import STTAudio
import STTCore
import Synchronization

/// Decodes a job's audio and cuts it into chunks. Each chunk goes to the workers as soon as it is cut.
///
/// After a crash the stage begins again where its last stored chunk ends.
struct PrepareStage: Sendable {
    let ports: WorkerPorts
    let limits: AudioLimits
    let detection: SpeechDetection

    /// All chunks of a recording.
    struct Cutting: Sendable {
        var chunkCount: Int
        var format: AudioFormat
    }

    func run(_ context: StageRunner.Context) async throws {
        let job = context.job
        // Who received it held the stage and is gone.
        guard job.audio.isComplete else { throw PermanentFailure(failure: .uploadBrokenOff) }
        do {
            let cutting = try await ports.objects.withLocalFile(job.audio.key) { path in
                let reader = try await PCMReader.open(
                    path: path, filenameHint: job.audio.filename, limits: limits, channels: job.audioChannels)
                return try await cutAll(reader, context: context)
            }
            try await finish(cutting, context: context)
        } catch let error as AudioError where error.isOfAudio {
            throw PermanentFailure(failure: error.failure)
        } catch let error as PortError where error.code == .notFound {
            throw PermanentFailure(
                failure: JobFailure(
                    code: "storage.audioMissing", message: "the uploaded audio is gone; submit it again"))
        }
    }

    /// Cuts a recording that is still being received, as far as its bytes come.
    func cut(_ file: GrowingFile, context: StageRunner.Context) async throws -> Cutting {
        do {
            let reader = try await PCMReader.open(
                growing: file, filenameHint: context.job.audio.filename, limits: limits,
                channels: context.job.audioChannels)
            return try await cutAll(reader, context: context)
        } catch let error as AudioError where error.isOfAudio {
            throw PermanentFailure(failure: error.failure)
        }
    }

    private func cutAll(_ reader: PCMReader, context: StageRunner.Context) async throws -> Cutting {
        do {
            let cutting = try await cut(reader, context: context)
            await reader.close()
            return cutting
        } catch {
            await reader.close()
            throw error
        }
    }

    /// Decodes a portion while the one before it is listened to, and what was cut of it is stored while it goes on.
    private func cut(_ reader: PCMReader, context: StageRunner.Context) async throws -> Cutting {
        var judge = try SpeechJudge(context.job.options.segmentation, detection: detection, logger: context.logger)
        let configuration = SegmenterConfiguration(
            context.job.options, mode: judge.mode, duration: reader.info.duration)
        var (segmenter, skip, count) = try await segmenter(configuration, context: context)
        let format = AudioFormat(reader.info, decodedSamples: nil)
        let windows = SpeechWindows(startSample: skip, shortAtFirst: configuration.shortFirstChunk)
        let feed = AudioFeed(reader, skip: skip, windows: judge.isListening ? windows : nil)
        return try await withThrowingTaskGroup(of: Void.self) { storing in
            /// Stores chunks after those before them, while the audio behind them is listened to.
            func store(_ chunks: [AudioChunk], _ format: AudioFormat) async throws {
                guard let last = chunks.last else { return }
                try await storing.next()
                storing.addTask {
                    for chunk in chunks { try await self.store(chunk, context: context, format: format) }
                }
                count = last.index + 1
            }
            var portion = try await feed.next()
            while let current = portion {
                async let following = feed.next()
                try await store(segmenter.push(channels: current.channels), format)
                for window in current.windows {
                    try await store(segmenter.push(try await judge.verdict(on: window)), format)
                }
                portion = try await following
            }
            for warning in await reader.warnings {
                context.logger.warning("audio is incomplete", metadata: ["error": "\(warning)"])
            }
            let finalFormat = AudioFormat(reader.info, decodedSamples: await feed.position)
            try await store(segmenter.finish(), finalFormat)
            try await storing.waitForAll()
            return Cutting(chunkCount: count, format: finalFormat)
        }
    }

    /// A segmenter that begins at the start, or goes on where an earlier attempt has stopped; how many samples it does
    /// not want; and how many chunks there are already.
    private func segmenter(
        _ configuration: SegmenterConfiguration, context: StageRunner.Context
    ) async throws -> (AudioSegmenter, skip: Int, count: Int) {
        guard let last = try await lastChunk(of: context.job.id) else {
            return (AudioSegmenter(configuration: configuration), 0, 0)
        }
        let checkpoint = SegmenterCheckpoint(
            nextIndex: last.index + 1, endSample: last.endSample, endsInForcedCut: last.endsInForcedCut)
        context.logger.info("cutting goes on", metadata: ["chunk": "\(last.index + 1)"])
        let segmenter = AudioSegmenter(configuration: configuration, resumingAfter: checkpoint)
        return (segmenter, checkpoint.resumeSample, last.index + 1)
    }

    /// Ends the stage, once the audio is complete.
    func finish(_ cutting: Cutting, context: StageRunner.Context) async throws {
        let finished = try await context.lease.settle("end of preparing", patience: ports.patience(context.logger)) {
            _ async throws(PortError) in
            try await ports.store.finishPreparing(
                context.job.id, owner: context.owner, chunkCount: cutting.chunkCount, format: cutting.format)
        }
        guard let finished else { throw try await interruption(context) }
        context.logger.info("audio prepared", metadata: ["chunks": "\(cutting.chunkCount)"])
        if finished.isReadyToMerge { await ports.enqueueHint(finished.workItem(.merge), logger: context.logger) }
    }

    /// The samples first: a chunk that can be claimed can be read.
    private func store(_ chunk: AudioChunk, context: StageRunner.Context, format: AudioFormat) async throws {
        let job = context.job
        let patience = ports.patience(context.logger)
        let bytes = ChunkAudio(channels: chunk.channels, pieces: chunk.pieces).bytes
        try await patience("writing samples") {
            try await ports.objects.write(bytes, to: .samples(of: job.id, chunk: chunk.index))
        }
        let span = ChunkSpan(
            index: chunk.index, startSample: chunk.startSample, endSample: chunk.endSample,
            leadInSamples: chunk.leadInSamples, endsInForcedCut: chunk.endsInForcedCut)
        let isAdded = try await patience("adding a chunk") {
            try await ports.store.addChunks([span], to: job.id, owner: context.owner, format: format)
        }
        guard isAdded else { throw try await interruption(context) }
        let item = WorkItem(
            .chunk(chunk.index), job: job.id, tenant: job.tenant, priority: job.priority,
            audioMilliseconds: Int(span.duration.milliseconds))
        await ports.enqueueHint(item, logger: context.logger)
    }

    /// Why the store takes nothing more from this owner.
    private func interruption(_ context: StageRunner.Context) async throws -> WorkInterruption {
        let job = try await ports.patience(context.logger)("reading the job") {
            try await ports.store.job(context.job.id, tenant: nil)
        }
        return job?.state.isTerminal == false ? .leaseLost : .ended
    }

    private func lastChunk(of id: JobID) async throws(PortError) -> ChunkSpan? {
        var last: ChunkSpan?
        while true {
            let page = try await ports.store.chunks(of: id, from: (last?.index ?? -1) + 1, limit: 256)
            guard let end = page.last else { return last }
            last = end.span
        }
    }
}

extension Job {
    fileprivate var audioChannels: PCMReader.Channels { options.channels == .separate ? .separate : .mixed }
}

extension AudioError {
    /// Whether another attempt cannot end otherwise.
    fileprivate var isOfAudio: Bool { code != .cancelled && code != .unreadable }
}

extension SegmenterConfiguration {
    /// A recording of at most this length gets no short first or last chunk: the words lost by one more cut weigh more than
    /// a text that comes a second earlier.
    private static let shortRecording = Duration.seconds(60)

    /// As long as Whisper's window can be without the costlier full one.
    private static let usualTarget = Double(FittedWindow.largestSampleCount / ChunkSpan.sampleRate)

    /// - Parameter duration: As the file's header has it, so that it is the same after a crash.
    init(_ options: TranscriptionOptions, mode: Mode, duration: Duration?) {
        let isLong = duration.map { $0 > Self.shortRecording } ?? true
        self.init(
            mode: mode, targetSeconds: options.chunkSeconds ?? Self.usualTarget, shortFirstChunk: isLong,
            dividesLastChunk: isLong)
    }
}

extension AudioFormat {
    /// - Parameter decodedSamples: The length at 16 kHz, once the file was decoded to its end.
    init(_ info: AudioFormatInfo, decodedSamples: Int?) {
        let promised = info.frameCount.map { frames in
            Int((Double(frames) * Double(PCM.sampleRate) / Double(max(info.sampleRate, 1))).rounded())
        }
        self.init(
            name: info.formatName, sampleRate: info.sampleRate, channels: info.channels,
            sampleCount: decodedSamples ?? promised)
    }
}
