internal import CSTTProto

/// One message of the stream that `Submit` reads: the options first, then the bytes of the audio file in order.
public enum SubmitRequest: ProtoMessage, Hashable {
    /// Out of line: a message is nine bytes then instead of 150, several times over in the frames of each task that reads
    /// an upload.
    indirect case options(SubmitOptions)
    case audio([UInt8])
}

extension SubmitRequest {
    /// The tag of `audio` as a message's only field.
    private static let audioTag: UInt8 = 2 << 3 | 2

    /// Where the audio of a message begins that is nothing but audio, as nearly every one is; nil where it is not.
    private static func startOfAudio(_ bytes: UnsafeRawBufferPointer) -> Int? {
        guard bytes.first == audioTag else { return nil }
        var length = 0
        var shift = 0
        var position = 1
        while position < bytes.count, shift < 35 {
            let byte = bytes[position]
            position += 1
            length |= Int(byte & 0x7F) << shift
            shift += 7
            if byte < 0x80 { return length == bytes.count - position ? position : nil }
        }
        return nil
    }

    /// Audio is read with one copy; other messages by protobuf-c.
    public static func decode(_ bytes: UnsafeRawBufferPointer) throws(ProtoError) -> SubmitRequest {
        guard let start = startOfAudio(bytes) else { return try decodeGenerated(bytes) }
        return .audio([UInt8](bytes[start...]))
    }

    /// Audio keeps the memory that it came in.
    public static func decode(owned bytes: consuming [UInt8]) throws(ProtoError) -> SubmitRequest {
        guard let start = bytes.withUnsafeBytes({ startOfAudio($0) }) else { return try decode(bytes) }
        bytes.removeSubrange(..<start)
        return .audio(bytes)
    }

    public static func decodeInParts(head: [UInt8], tail: [UInt8]) -> SubmitRequest? {
        head.first == audioTag ? .audio(tail) : nil
    }

    /// As ``decode(_:)``: audio is written with one copy.
    public func encode() throws(ProtoError) -> [UInt8] {
        guard case .audio(let audio) = self, !audio.isEmpty else { return try encodeGenerated() }
        return [UInt8](unsafeUninitializedCapacity: audio.count + 11) { buffer, count in
            count = Self.writeStart(of: audio, buffer)
            audio.withUnsafeBytes {
                UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[count...]).copyMemory(
                    from: $0)
            }
            count += audio.count
        }
    }

    /// Audio is sent from where it is.
    public func encodeInParts() -> (head: [UInt8], tail: [UInt8])? {
        guard case .audio(let audio) = self, audio.count >= Self.leastSharedBytes else { return nil }
        let head = [UInt8](unsafeUninitializedCapacity: 11) { buffer, count in
            count = Self.writeStart(of: audio, buffer)
        }
        return (head, audio)
    }

    /// Less is copied sooner than it is sent in parts.
    private static let leastSharedBytes = 16 * 1024

    private static func writeStart(of audio: [UInt8], _ buffer: UnsafeMutableBufferPointer<UInt8>) -> Int {
        buffer[0] = audioTag
        var count = 1
        var rest = audio.count
        while rest >= 0x80 {
            buffer[count] = UInt8(truncatingIfNeeded: rest) | 0x80
            rest >>= 7
            count += 1
        }
        buffer[count] = UInt8(rest)
        return count + 1
    }
}

extension SubmitRequest: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__V1__SubmitRequest>) { stt__v1__submit_request__init(c) }

    init(_ c: Stt__V1__SubmitRequest, _ reader: ProtoReader) throws(ProtoError) {
        switch c.part_case {
        case STT__V1__SUBMIT_REQUEST__PART_OPTIONS:
            guard let options: SubmitOptions = try reader.message(c.options) else { throw .malformed }
            self = .options(options)
        case STT__V1__SUBMIT_REQUEST__PART_AUDIO:
            self = .audio(reader.bytes(c.audio))
        default:
            throw .malformed
        }
    }

    func write(to c: inout Stt__V1__SubmitRequest, _ arena: ProtoArena) {
        switch self {
        case .options(let options):
            c.part_case = STT__V1__SUBMIT_REQUEST__PART_OPTIONS
            c.options = arena.message(options)
        case .audio(let bytes):
            c.part_case = STT__V1__SUBMIT_REQUEST__PART_AUDIO
            c.audio = arena.bytes(bytes)
        }
    }
}

/// What is to be done with the audio, and where it is where it does not follow.
public struct SubmitOptions: ProtoMessage, Hashable {
    public var transcription: TranscriptionOptionsMessage?
    /// The file's name, for listings and as a hint of its format. At most 255 bytes.
    public var filename: String
    /// The size of the file where it is known, to be refused before it is sent. 0: unknown.
    public var sizeBytes: Int
    /// A second Submit with the same key answers with the first one's job; with other audio or options it is refused.
    /// At most 255 bytes.
    public var idempotencyKey: String
    /// Where the server fetches the audio from, http or https. At most 4,096 bytes.
    public var url: String
    /// The object in the server's object store that holds the audio. At most one of `url` and `objectKey` is set.
    public var objectKey: String
    /// Not part of what an idempotent repetition is compared by.
    public var priority: ProtoJobPriority
    /// Transcribe what has come while the rest is being sent. There are two replies then, where the server does it.
    public var transcribeWhileUploading: Bool

    public init(
        transcription: TranscriptionOptionsMessage? = nil, filename: String = "", sizeBytes: Int = 0,
        idempotencyKey: String = "", url: String = "", objectKey: String = "",
        priority: ProtoJobPriority = .unspecified, transcribeWhileUploading: Bool = false
    ) {
        self.transcribeWhileUploading = transcribeWhileUploading
        self.transcription = transcription
        self.filename = filename
        self.sizeBytes = sizeBytes
        self.idempotencyKey = idempotencyKey
        self.url = url
        self.objectKey = objectKey
        self.priority = priority
    }
}

extension SubmitOptions: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__V1__SubmitOptions>) { stt__v1__submit_options__init(c) }

    init(_ c: Stt__V1__SubmitOptions, _ reader: ProtoReader) throws(ProtoError) {
        transcription = try reader.message(c.transcription)
        filename = try reader.string(c.filename)
        sizeBytes = Int(clamping: c.size_bytes)
        idempotencyKey = try reader.string(c.idempotency_key)
        url = try reader.string(c.url)
        objectKey = try reader.string(c.object_key)
        priority = ProtoJobPriority(c.priority)
        transcribeWhileUploading = c.transcribe_while_uploading != 0
    }

    func write(to c: inout Stt__V1__SubmitOptions, _ arena: ProtoArena) {
        c.transcription = arena.message(transcription)
        c.filename = arena.string(filename)
        c.size_bytes = UInt64(clamping: sizeBytes)
        c.idempotency_key = arena.string(idempotencyKey)
        c.url = arena.string(url)
        c.object_key = arena.string(objectKey)
        c.priority = priority.c
        c.transcribe_while_uploading = transcribeWhileUploading ? 1 : 0
    }
}

/// The job is durable.
public struct SubmitReply: ProtoMessage, Hashable {
    public var jobID: String
    public var audioBytes: Int
    /// SHA-256 of the bytes received, lower-case hex.
    public var audioSHA256: String
    /// The job existed already under the idempotency key.
    public var existing: Bool
    /// Nothing is durable yet: the audio is being received, and another reply follows.
    public var receiving: Bool

    public init(
        jobID: String = "", audioBytes: Int = 0, audioSHA256: String = "", existing: Bool = false,
        receiving: Bool = false
    ) {
        self.receiving = receiving
        self.jobID = jobID
        self.audioBytes = audioBytes
        self.audioSHA256 = audioSHA256
        self.existing = existing
    }
}

extension SubmitReply: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__V1__SubmitReply>) { stt__v1__submit_reply__init(c) }

    init(_ c: Stt__V1__SubmitReply, _ reader: ProtoReader) throws(ProtoError) {
        jobID = try reader.string(c.job_id)
        audioBytes = Int(clamping: c.audio_bytes)
        audioSHA256 = try reader.string(c.audio_sha256)
        existing = c.existing != 0
        receiving = c.receiving != 0
    }

    func write(to c: inout Stt__V1__SubmitReply, _ arena: ProtoArena) {
        c.job_id = arena.string(jobID)
        c.audio_bytes = UInt64(clamping: audioBytes)
        c.audio_sha256 = arena.string(audioSHA256)
        c.existing = existing ? 1 : 0
        c.receiving = receiving ? 1 : 0
    }
}
