extension StreamResultReply: PlainMessage {
    init(_ reader: inout WireReader) {
        self = .unrecognized
        // Nearly always there is exactly one field. A second one would replace the first, or be merged with it.
        switch reader.next() {
        case 0x0A:
            if let partial = reader.message(Partial?.none) { self = .partial(partial) }
        case 0x12:
            if let status = reader.message(JobStatus?.none) { self = .status(status) }
        default: reader.setOdd()
        }
        if reader.next() != nil { reader.setOdd() }
    }

    func writeFields(_ writer: inout WireWriter) {
        switch self {
        case .partial(let partial): writer.message(1, partial)
        case .status(let status): writer.message(2, status)
        case .unrecognized: break
        }
    }
}

extension Partial: PlainMessage {
    init(_ reader: inout WireReader) {
        self.init()
        while let tag = reader.next() {
            switch tag {
            case 0x08: chunk = reader.uint32()
            case 0x10: startMilliseconds = reader.uint64()
            case 0x18: endMilliseconds = reader.uint64()
            case 0x22: text = reader.string()
            case 0x2A: reader.append(to: &segments)
            case 0x32: reader.append(to: &gaps)
            case 0x38: engineMilliseconds = reader.uint64()
            case 0x40: attempts = reader.uint32()
            case 0x4A: reader.append(to: &guards)
            default: reader.setOdd()
            }
        }
    }

    func writeFields(_ writer: inout WireWriter) {
        writer.messages(9, guards)
        writer.uint32(8, attempts)
        writer.uint64(7, engineMilliseconds)
        writer.messages(6, gaps)
        writer.messages(5, segments)
        writer.string(4, text)
        writer.uint64(3, endMilliseconds)
        writer.uint64(2, startMilliseconds)
        writer.uint32(1, chunk)
    }
}

extension Segment: PlainMessage {
    init(_ reader: inout WireReader) {
        self.init()
        while let tag = reader.next() {
            switch tag {
            case 0x08: startMilliseconds = reader.uint64()
            case 0x10: endMilliseconds = reader.uint64()
            case 0x1A: text = reader.string()
            case 0x25: avgLogProbability = reader.float()
            case 0x2D: noSpeechProbability = reader.float()
            case 0x32: reader.append(to: &words)
            case 0x38: channel = reader.uint32()
            case 0x42: reader.append(to: &flags)
            default: reader.setOdd()
            }
        }
    }

    func writeFields(_ writer: inout WireWriter) {
        writer.strings(8, flags)
        writer.uint32(7, channel)
        writer.messages(6, words)
        writer.float(5, noSpeechProbability)
        writer.float(4, avgLogProbability)
        writer.string(3, text)
        writer.uint64(2, endMilliseconds)
        writer.uint64(1, startMilliseconds)
    }
}

extension Word: PlainMessage {
    init(_ reader: inout WireReader) {
        self.init()
        while let tag = reader.next() {
            switch tag {
            case 0x08: startMilliseconds = reader.uint64()
            case 0x10: endMilliseconds = reader.uint64()
            case 0x1A: text = reader.string()
            case 0x25: probability = reader.float()
            default: reader.setOdd()
            }
        }
    }

    func writeFields(_ writer: inout WireWriter) {
        writer.float(4, probability)
        writer.string(3, text)
        writer.uint64(2, endMilliseconds)
        writer.uint64(1, startMilliseconds)
    }
}

extension Gap: PlainMessage {
    init(_ reader: inout WireReader) {
        self.init()
        while let tag = reader.next() {
            switch tag {
            case 0x08: startMilliseconds = reader.uint64()
            case 0x10: endMilliseconds = reader.uint64()
            case 0x1A: code = reader.string()
            case 0x22: message = reader.string()
            default: reader.setOdd()
            }
        }
    }

    func writeFields(_ writer: inout WireWriter) {
        writer.string(4, message)
        writer.string(3, code)
        writer.uint64(2, endMilliseconds)
        writer.uint64(1, startMilliseconds)
    }
}

extension GuardNoteMessage: PlainMessage {
    init(_ reader: inout WireReader) {
        self.init()
        while let tag = reader.next() {
            switch tag {
            case 0x0A: kind = reader.string()
            case 0x10: startMilliseconds = reader.uint64()
            case 0x18: endMilliseconds = reader.uint64()
            case 0x22: detail = reader.string()
            default: reader.setOdd()
            }
        }
    }

    func writeFields(_ writer: inout WireWriter) {
        writer.string(4, detail)
        writer.uint64(3, endMilliseconds)
        writer.uint64(2, startMilliseconds)
        writer.string(1, kind)
    }
}
