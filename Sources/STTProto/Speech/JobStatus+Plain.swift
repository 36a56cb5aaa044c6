extension StatusRequest: PlainMessage {
    init(_ reader: inout WireReader) {
        self.init()
        while let tag = reader.next() {
            switch tag {
            case 0x0A: jobID = reader.string()
            default: reader.setOdd()
            }
        }
    }

    func writeFields(_ writer: inout WireWriter) { writer.string(1, jobID) }
}

extension JobStatus: PlainMessage {
    init(_ reader: inout WireReader) {
        self.init()
        while let tag = reader.next() {
            switch tag {
            case 0x0A: jobID = reader.string()
            case 0x10: state = reader.choice(.unrecognized)
            case 0x1A: filename = reader.string()
            case 0x22: audio = reader.message(audio)
            case 0x28: chunksTotal = reader.uint32()
            case 0x30: chunksDone = reader.uint32()
            case 0x38: chunksWithGaps = reader.uint32()
            case 0x40: audioDoneMilliseconds = reader.uint64()
            case 0x4A: error = reader.message(error)
            case 0x50: createdAtMilliseconds = reader.uint64()
            case 0x58: startedAtMilliseconds = reader.uint64()
            case 0x60: finishedAtMilliseconds = reader.uint64()
            case 0x68: expiresAtMilliseconds = reader.uint64()
            case 0x72: options = reader.message(options)
            case 0x7A: language = reader.string()
            case 0x80: chunkAttempts = reader.uint32()
            case 0x88: priority = reader.choice(.unrecognized)
            default: reader.setOdd()
            }
        }
    }

    func writeFields(_ writer: inout WireWriter) {
        writer.uint32(17, Int(priority.rawValue))
        writer.uint32(16, chunkAttempts)
        writer.string(15, language)
        writer.message(14, options)
        writer.uint64(13, expiresAtMilliseconds)
        writer.uint64(12, finishedAtMilliseconds)
        writer.uint64(11, startedAtMilliseconds)
        writer.uint64(10, createdAtMilliseconds)
        writer.message(9, error)
        writer.uint64(8, audioDoneMilliseconds)
        writer.uint32(7, chunksWithGaps)
        writer.uint32(6, chunksDone)
        writer.uint32(5, chunksTotal)
        writer.message(4, audio)
        writer.string(3, filename)
        writer.uint32(2, Int(state.rawValue))
        writer.string(1, jobID)
    }
}

extension AudioInfo: PlainMessage {
    init(_ reader: inout WireReader) {
        self.init()
        while let tag = reader.next() {
            switch tag {
            case 0x0A: format = reader.string()
            case 0x10: sampleRateHz = reader.uint32()
            case 0x18: channels = reader.uint32()
            case 0x20: durationMilliseconds = reader.uint64()
            case 0x28: bytes = reader.uint64()
            case 0x32: sha256 = reader.string()
            default: reader.setOdd()
            }
        }
    }

    func writeFields(_ writer: inout WireWriter) {
        writer.string(6, sha256)
        writer.uint64(5, bytes)
        writer.uint64(4, durationMilliseconds)
        writer.uint32(3, channels)
        writer.uint32(2, sampleRateHz)
        writer.string(1, format)
    }
}

extension JobError: PlainMessage {
    init(_ reader: inout WireReader) {
        self.init()
        while let tag = reader.next() {
            switch tag {
            case 0x0A: code = reader.string()
            case 0x12: message = reader.string()
            default: reader.setOdd()
            }
        }
    }

    func writeFields(_ writer: inout WireWriter) {
        writer.string(2, message)
        writer.string(1, code)
    }
}

extension TranscriptionOptionsMessage: PlainMessage {
    init(_ reader: inout WireReader) {
        self.init()
        while let tag = reader.next() {
            switch tag {
            case 0x0A: language = reader.string()
            case 0x10: translate = reader.bool()
            case 0x1A: prompt = reader.string()
            case 0x20: temperatureMilli = reader.uint32()
            case 0x28: wordTimestamps = reader.bool()
            case 0x30: segmentation = reader.choice(.unrecognized)
            case 0x38: chunkMilliseconds = reader.uint32()
            case 0x40: retentionSeconds = reader.uint64()
            case 0x48: channels = reader.choice(.unrecognized)
            case 0x52: model = reader.string()
            case 0x58: carryPrompt = reader.bool()
            default: reader.setOdd()
            }
        }
    }

    func writeFields(_ writer: inout WireWriter) {
        writer.bool(11, carryPrompt)
        writer.string(10, model)
        writer.uint32(9, Int(channels.rawValue))
        writer.uint64(8, retentionSeconds)
        writer.uint32(7, chunkMilliseconds)
        writer.uint32(6, Int(segmentation.rawValue))
        writer.bool(5, wordTimestamps)
        writer.uint32(4, temperatureMilli)
        writer.string(3, prompt)
        writer.bool(2, translate)
        writer.string(1, language)
    }
}
