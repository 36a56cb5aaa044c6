import STTProcess

/// Decodes one file. All calls into libsndfile and libsoxr are made on the threads of ``BlockingPool``: one decodes a
/// block while another resamples the one before it.
///
/// Concurrency: an actor whose executor is its own; `next()` calls are to be made one after another.
actor AudioDecoder {
    private enum Source {
        case sndfile(SndFileSource)
        case ffmpeg(FFmpegStream)
    }

    private nonisolated let executor: DecodingExecutor
    private let limits: AudioLimits
    private let name: FileName
    private let channels: PCMReader.Channels
    private var source: Source?
    /// The next block of libsndfile's, which is being decoded.
    private var following: Task<SndFileSource.Step, Never>?
    private var info: AudioFormatInfo?
    private var converter: PCMConverter?
    private var failure: AudioError?
    private(set) var warnings: [AudioError] = []
    /// Of a block that is not the last.
    private var leastSamples = PCM.sampleRate

    init(
        name: FileName, limits: AudioLimits, channels: PCMReader.Channels = .mixed,
        executor: DecodingExecutor = DecodingExecutor()
    ) {
        self.executor = executor
        self.name = name
        self.limits = limits
        self.channels = channels
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    func open(path: String) async throws(AudioError) -> AudioFormatInfo {
        try await open(try InputFile(path: path, maximumBytes: limits.maximumBytes))
    }

    func open(_ file: InputFile) async throws(AudioError) -> AudioFormatInfo {
        let signature = FileSignature(try file.bytes(at: 0, count: FileSignature.length))
        // Of a file that is growing, nobody waits for what has not come yet.
        if file.isGrowing { leastSamples = 1 }
        let info = try await open(file, as: signature)
        try check(info)
        converter = try PCMConverter(sampleRate: info.sampleRate, channels: info.channels, output: channels)
        self.info = info
        return info
    }

    private func open(_ file: InputFile, as signature: FileSignature) async throws(AudioError) -> AudioFormatInfo {
        switch signature {
        case .notAudio(let kind):
            throw AudioError(.notAudio, "\(name.subject) is \(kind), not audio. Send WAV, FLAC, Opus, MP3 or M4A.")
        case .playlist(let kind):
            throw AudioError(
                .notAudio,
                "\(name.subject) is \(kind), which names other files and holds no sound. Send the audio itself.")
        case .wav, .aiff, .au, .flac, .ogg, .sndfile, .mpeg:
            let isChained = signature == .ogg ? try checkPages(file) : false
            do {
                let decoder = SndFileSource(channels: channels, isGrowing: file.isGrowing)
                let opening = try await decoder.open(file, name: name, as: signature)
                try report(missingBytes: opening.missingBytes, of: file)
                if let info = try await openInChild(file, opening.info, isChained: isChained) { return info }
                source = .sndfile(decoder)
                return opening.info
            } catch SndFileOpener.Failure.invalid(let error) {
                throw error
            } catch SndFileOpener.Failure.refused(let reason) {
                return try await openWithFFmpeg(file, format: Self.formatName(signature), refusal: reason)
            } catch let error as AudioError {
                throw error
            } catch {
                throw AudioError(.unreadable, "\(name.subject) could not be opened.", cause: "\(error)")
            }
        case .mp4:
            try report(missingBytes: try ContainerTail.missingMP4Bytes(file), of: file)
            return try await openWithFFmpeg(file, format: "MP4", refusal: nil)
        case .ffmpeg(let format):
            return try await openWithFFmpeg(file, format: format, refusal: nil)
        case .unknown:
            return try await openWithFFmpeg(file, format: nil, refusal: nil)
        }
    }

    private static func formatName(_ signature: FileSignature) -> String {
        switch signature {
        case .wav: "WAV"
        case .aiff: "AIFF"
        case .au: "AU"
        case .flac: "FLAC"
        case .ogg: "Ogg"
        case .mpeg: "MPEG audio"
        case .sndfile(let name), .ffmpeg(let name): name
        case .mp4: "MP4"
        case .notAudio, .playlist, .unknown: "unknown"
        }
    }

    /// Lets ffmpeg decode what libsndfile would take much longer for, where it is installed and the recording is long
    /// enough to make up for the start of a process. `nil`: it is not.
    ///
    /// Per hour of stereo libvorbis takes 4 s and libopus 12 s; ffmpeg 3 s and 5 s, a resampling included. No sample
    /// differs by more than 1.
    ///
    /// - Parameter isChained: There are further recordings behind the first one, which libsndfile would leave out.
    private func openInChild(
        _ file: InputFile, _ info: AudioFormatInfo, isChained: Bool
    ) async throws(AudioError) -> AudioFormatInfo? {
        let isLong = info.duration.map { $0 > limits.longRecording } ?? false
        guard isChained || isLong && ["OGG/VORBIS", "OGG/OPUS"].contains(info.formatName) else { return nil }
        guard let programs = FFmpegPrograms(limits) else {
            guard isChained else { return nil }
            throw AudioError(
                .unsupportedCodec,
                "\(name.subject) holds several recordings in a row, which needs ffmpeg. Install ffmpeg on the server, or"
                    + " send them one by one.")
        }
        var info = info
        info.decoder = .ffmpeg
        // Of the first one, or of them all as if they had one clock.
        if isChained { info.frameCount = nil }
        try check(info)
        source = .ffmpeg(
            try await FFmpegStream(
                programs, path: file.path, info: info, limits: limits, mixesPairs: channels == .mixed))
        return info
    }

    /// - Parameters:
    ///   - format: What the first bytes say it is, if anything.
    ///   - refusal: What libsndfile said, where it has been asked.
    private func openWithFFmpeg(
        _ file: InputFile, format: String?, refusal: String?
    ) async throws(AudioError) -> AudioFormatInfo {
        if file.isGrowing {
            throw AudioError(.unreadable, "\(name.subject) can be decoded once all of it is there.", cause: refusal)
        }
        guard let programs = FFmpegPrograms(limits) else {
            guard let format else {
                throw AudioError(
                    .notAudio,
                    "\(name.subject) is not in any format known here. Send WAV, FLAC, Opus or MP3,"
                        + " or install ffmpeg on the server for further formats.")
            }
            throw AudioError(
                .unsupportedCodec,
                "\(name.subject) is \(format) audio that needs ffmpeg, which is not installed on the"
                    + " server. Install ffmpeg, or send WAV, FLAC, Opus or MP3.", cause: refusal)
        }
        do {
            let info = try await FFmpegProbe(programs, path: file.path, name: name).info
            try check(info)
            source = .ffmpeg(try await FFmpegStream(programs, path: file.path, info: info, limits: limits))
            return info
        } catch  where error.code == .notAudio && refusal != nil {
            throw AudioError(
                .corrupt,
                "\(name.subject) starts like \(format ?? "audio"), but its header is damaged. Send the file again.",
                cause: refusal)
        }
    }

    /// Checks what can be known before decoding.
    private func check(_ info: AudioFormatInfo) throws(AudioError) {
        guard (1000...384_000).contains(info.sampleRate), (1...32).contains(info.channels) else {
            throw AudioError(
                .unsupportedCodec,
                "\(name.subject) has \(info.channels) channels at \(info.sampleRate) Hz; accepted are 1 to 32"
                    + " channels at 1000 to 384000 Hz. Convert it to WAV or FLAC within that.")
        }
        if channels == .separate, info.channels > PCM.maximumSeparateChannels {
            throw AudioError(
                .unsupportedCodec,
                "\(name.subject) has \(info.channels) channels; at most \(PCM.maximumSeparateChannels) can be"
                    + " transcribed apart. Ask for them mixed, or send fewer.")
        }
        if info.frameCount == 0 { throw noSamples(info) }
        if let duration = info.duration, duration > limits.maximumDuration { throw tooLong(duration) }
    }

    private func noSamples(_ info: AudioFormatInfo) -> AudioError {
        AudioError(.noSamples, "\(name.subject) is a \(info.formatName) file without a single sample. Record it again.")
    }

    private func tooLong(_ duration: Duration) -> AudioError {
        AudioError(
            .tooLong,
            "\(name.subject) holds at least \(duration.components.seconds) s of audio; at most"
                + " \(limits.maximumDuration.components.seconds) s are accepted. Send it in parts.")
    }

    private func report(missingBytes: Int, of file: InputFile) throws(AudioError) {
        guard missingBytes > 0 else { return }
        try report(
            AudioError(
                .truncated,
                "\(name.subject) is cut off: its header promises \(missingBytes) bytes more than the"
                    + " \(file.size) there are. Send the whole file."))
    }

    /// Decoders go on behind damaged pages as if nothing had been there.
    /// - Returns: Whether the file holds several recordings in a row.
    private func checkPages(_ file: InputFile) throws(AudioError) -> Bool {
        let missing = try ContainerTail.missingOggBytes(file)
        try report(missingBytes: missing, of: file)
        let pages = try OggPages(file)
        if pages.isChained, !pages.hasOneFormat {
            throw AudioError(
                .unsupportedCodec,
                "\(name.subject) holds several recordings in a row whose rate, channels or codec differ. Send them one by"
                    + " one.")
        }
        guard missing == 0, let damage = pages.damage else { return pages.isChained }
        try report(
            AudioError(
                .corrupt,
                "\(name.subject) is damaged: pages of sound are missing between bytes \(damage.lowerBound) and"
                    + " \(damage.upperBound) of \(file.size). Send it again or convert it."))
        return pages.isChained
    }

    /// Throws or notes that sound is missing, as the limits say.
    private func report(_ loss: AudioError) throws(AudioError) {
        if limits.truncatedInput == .reject { throw loss }
        if !warnings.contains(where: { $0.code == loss.code }) { warnings.append(loss) }
    }

    func next() async throws(AudioError) -> PCMBlock? {
        if let failure { throw failure }
        do {
            return try await readBlock()
        } catch {
            failure = error
            await close()
            throw error
        }
    }

    private func readBlock() async throws(AudioError) -> PCMBlock? {
        while source != nil, (converter?.available ?? 0) < leastSamples {
            if Task.isCancelled { throw Self.cancelled }
            switch source {
            case .sndfile(let decoder): try await read(decoder)
            case .ffmpeg(let stream): try await read(stream)
            case nil: break
            }
            let samples = converter?.sampleCount ?? 0
            if PCM.duration(ofSamples: samples) > limits.maximumDuration {
                throw tooLong(PCM.duration(ofSamples: samples))
            }
        }
        guard let converter, converter.available > 0 else { return nil }
        let start = converter.sampleCount - converter.available
        return PCMBlock(startSample: start, channels: self.converter?.take(.max) ?? [])
    }

    private func read(_ decoder: SndFileSource) async throws(AudioError) {
        let current = following ?? Self.next(of: decoder)
        following = nil
        let step = await current.value
        switch step {
        case .block(let lanes):
            if source != nil { following = Self.next(of: decoder) }
            try converter?.append(lanes: lanes)
        case .end(let ending): try finish(ending)
        case .failure(let error): throw error
        }
    }

    /// Detached: as a task of this actor's it would not begin before this actor has nothing to do.
    private static func next(of decoder: SndFileSource) -> Task<SndFileSource.Step, Never> {
        Task.detached { await decoder.next() }
    }

    /// libsndfile says at the end only that there is no more; why, the counts and its error number tell.
    private func finish(_ ending: SndFileSource.Ending) throws(AudioError) {
        if let fileError = ending.fileError { throw fileError }
        let isShort = info?.frameCount.map { $0 - ending.frameCount > (info?.sampleRate ?? 0) / 10 } ?? false
        if isShort || ending.decoderMessage != nil && !ending.isHarmless {
            guard ending.isAtEndOfFile else { throw corrupt(cause: ending.decoderMessage) }
            try report(truncated(cause: ending.decoderMessage))
        }
        try finishSource()
    }

    private func read(_ current: FFmpegStream) async throws(AudioError) {
        var stream = current
        let bytes: [UInt8]?
        do {
            bytes = try await stream.bytes()
        } catch {
            throw AudioError(.unreadable, "ffmpeg could not be read from. Try again.", cause: "\(error)")
        }
        if Task.isCancelled { throw Self.cancelled }
        if stream.hasStalled {
            throw AudioError(
                .unreadable,
                "\(name.subject) could not be decoded: ffmpeg gave nothing for \(limits.stallLimit) after \(position) of"
                    + " audio and was ended. Try again, or convert it to WAV or FLAC.")
        }
        guard let bytes else { return try await finish(stream) }
        guard source != nil else { return }
        let lanes = stream.lanes(bytes, output: channels)
        source = .ffmpeg(stream)
        try converter?.append(lanes: lanes)
    }

    private func finish(_ stream: FFmpegStream) async throws(AudioError) {
        let exit = await stream.child.waitForExit()
        let message = ChildProcess.tail(of: await stream.child.collectErrorOutput())
        let cause = message.isEmpty ? nil : FFmpegError.withoutAddresses(message)
        let read = converter?.frameCount ?? 0
        let missing = (info?.frameCount ?? 0) - read
        if !exit.isSuccess {
            if read == 0 { throw FFmpegError.refusal(message, name: name) }
            throw corrupt(cause: cause ?? exit.description)
        }
        if FFmpegError.reportsEarlyEnd(message) || missing > max(info?.sampleRate ?? 0, read / 50) {
            try report(truncated(cause: cause))
        }
        if read == 0, let cause { throw corrupt(cause: cause) }
        try finishSource()
    }

    private func finishSource() throws(AudioError) {
        try converter?.finish()
        source = nil
        if let info, converter?.frameCount == 0 { throw noSamples(info) }
    }

    /// Once this returns, nothing of the file is open.
    func close() async {
        source = nil
        _ = await following?.value
        following = nil
    }

    private func corrupt(cause: String?) -> AudioError {
        AudioError(
            .corrupt, "\(name.subject) is damaged: decoding stopped after \(position). Send it again or convert it.",
            cause: cause)
    }

    private func truncated(cause: String?) -> AudioError {
        AudioError(.truncated, "\(name.subject) is cut off after \(position). Send the whole file.", cause: cause)
    }

    private var position: String {
        guard let converter, let info else { return "0 s" }
        let tenths = converter.frameCount * 10 / info.sampleRate
        return "\(tenths / 10).\(tenths % 10) s"
    }

    private static let cancelled = AudioError(.cancelled, "Reading the audio was cancelled.")
}
