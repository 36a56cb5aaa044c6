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
            case .wav: return try open(header: try ChunkedHeader.wav(file))
            case .aiff: return try open(header: try ChunkedHeader.aiff(file))
            case .au: return try open(header: try ChunkedHeader.au(file))
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

    private func open(header: ChunkedHeader?) throws -> Opened {
        if let header, header.holdsMPEG {
            var opened = try open(try mpegSource(header.dataOffset))
            opened.missingBytes = header.missingBytes
            return opened
        }
        // libsndfile would look for chunks behind the samples before it gives any.
        let endByte = file.isGrowing ? header?.endByte : nil
        let handle = try open(VirtualFile(file, endByte: endByte, patch: header?.patch), trustsLength: true)
        return Opened(handle: handle, missingBytes: header?.missingBytes ?? 0)
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
