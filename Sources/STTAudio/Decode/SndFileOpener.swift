/// Opens a file with libsndfile, having checked what its header promises.
struct SndFileOpener {
    let file: InputFile
    let name: FileName

    /// A file that libsndfile reads.
    struct Opened {
        var handle: SndFileHandle
        /// Bytes that the file has too few for what its header promises.
        var missingBytes = 0
        /// A plain sequence of frames, at whose end the decoder may stumble over a cut frame, tags or junk.
        var isMPEG = false
        /// Makes sure, once the samples have ended, that the file is what its start made expect. `nil` where that was
        /// known at once.
        var confirm: (@Sendable () throws(AudioError) -> Void)?
    }

    /// Why there is no `Opened`.
    enum Failure: Error {
        /// libsndfile does not read it; ffmpeg might.
        case refused(String)
        /// Nothing reads it.
        case invalid(AudioError)
    }

    func open(_ signature: FileSignature) throws(Failure) -> Opened {
        do {
            switch signature {
            case .wav: return try open { file throws(AudioError) in try ChunkedHeader.wav(file) }
            case .aiff: return try open { file throws(AudioError) in try ChunkedHeader.aiff(file) }
            case .au: return try open { file throws(AudioError) in try ChunkedHeader.au(file) }
            case .ogg:
                let missing = try ContainerTail.missingOggBytes(file)
                return Opened(handle: try open(VirtualFile(file), trustsLength: missing == 0), missingBytes: missing)
            case .mpeg(let firstFrame): return try open(try mpegSource(firstFrame))
            // Its decoder asks for more at a time than a second takes.
            case .flac:
                return Opened(
                    handle: try open(VirtualFile(file, yieldsWhatIsThere: file.isGrowing), trustsLength: true))
            default: return Opened(handle: try open(VirtualFile(file), trustsLength: true))
            }
        } catch let error as AudioError {
            throw .invalid(error)
        } catch let refusal as SndFileHandle.Refusal {
            throw .refused(refusal.reason)
        } catch {
            throw .refused("\(error)")
        }
    }

    private func open(
        _ readHeader: @escaping @Sendable (InputFile) throws(AudioError) -> ChunkedHeader?
    ) throws -> Opened {
        let header = try readHeader(file)
        if let header, header.holdsMPEG {
            var opened = try open(try mpegSource(header.dataOffset))
            opened.missingBytes = header.missingBytes
            opened.confirm = confirmation(of: header, by: readHeader)
            return opened
        }
        // libsndfile would look for chunks behind the samples before it gives any.
        let endByte = file.isGrowing ? header?.endByte : nil
        let isEndless = header.map { $0.isForeseen && $0.promisedBytes == nil } ?? false
        let handle = try open(VirtualFile(file, endByte: endByte, patch: header?.patch), trustsLength: !isEndless)
        return Opened(
            handle: handle, missingBytes: header?.missingBytes ?? 0,
            confirm: header.flatMap { confirmation(of: $0, by: readHeader) })
    }

    private func confirmation(
        of header: ChunkedHeader, by readHeader: @escaping @Sendable (InputFile) throws(AudioError) -> ChunkedHeader?
    ) -> (@Sendable () throws(AudioError) -> Void)? {
        guard header.isForeseen else { return nil }
        let (file, dataOffset, promisedBytes) = (file, header.dataOffset, header.promisedBytes)
        return { () throws(AudioError) in
            try file.waitForEnd()
            let whole = try readHeader(file)
            guard let whole, whole.dataOffset == dataOffset, whole.promisedBytes == promisedBytes,
                whole.missingBytes == 0
            else { throw AudioError(.unreadable, "The audio ends in another way than its start made expect.") }
        }
    }

    private func mpegSource(_ firstFrame: Int) throws(AudioError) -> (VirtualFile, MPEGLayout) {
        guard file.isGrowing, let layout = try MPEGLayout(foreseeing: file, firstFrame: firstFrame) else {
            let layout = try MPEGLayout(file, firstFrame: firstFrame)
            return (VirtualFile(file, layout), layout)
        }
        let file = file
        let source = VirtualFile(file, layout) { () throws(AudioError) in
            let whole = try MPEGLayout(file, firstFrame: firstFrame)
            if whole.isSame(asForeseen: layout) { return whole.endByte }
            throw AudioError(.unreadable, "The MPEG audio ends in another way than its start made expect.")
        }
        return (source, layout)
    }

    private func open(_ mpeg: (source: VirtualFile, layout: MPEGLayout)) throws -> Opened {
        Opened(
            handle: try open(mpeg.source, trustsLength: mpeg.layout.hasReliableLength),
            missingBytes: mpeg.layout.missingBytes, isMPEG: true)
    }

    private func open(_ source: VirtualFile, trustsLength: Bool) throws -> SndFileHandle {
        try SndFileHandle(source, trustsLength: trustsLength)
    }
}
