import RPCWire
import STTCore
import STTProto

/// Checks what a client asks for.
enum OptionsValidation {
    static func options(from message: TranscriptionOptionsMessage, limits: ServiceLimits) throws(RPCError)
        -> TranscriptionOptions
    {
        try require(message.prompt.utf8.count <= 1024) {
            "the prompt has \(message.prompt.utf8.count) bytes; at most 1024 are allowed"
        }
        try require((0...1000).contains(message.temperatureMilli)) {
            "the temperature is \(Double(message.temperatureMilli) / 1000); it must be 0 to 1"
        }
        let chunk = message.chunkMilliseconds
        try require(chunk == 0 || (5_000...29_000).contains(chunk)) {
            "the chunk length is \(Double(chunk) / 1000) s; it must be 5 to 29 s"
        }
        let retention = message.retentionSeconds
        try require((0...limits.maximumRetentionSeconds).contains(retention)) {
            "the retention is \(retention) s; it must be at most \(limits.maximumRetentionSeconds) s"
        }
        return TranscriptionOptions(
            language: try language(message.language), translate: message.translate,
            prompt: message.prompt.isEmpty ? nil : message.prompt,
            temperature: Double(message.temperatureMilli) / 1000, wordTimestamps: message.wordTimestamps,
            segmentation: try segmentation(message.segmentation),
            chunkSeconds: chunk == 0 ? nil : Double(chunk) / 1000, retentionSeconds: retention == 0 ? nil : retention,
            channels: try channels(message.channels), model: try model(message.model),
            carriesPrompt: message.carryPrompt)
    }

    /// What is not set is the default.
    static func layout(from message: SubtitleLayoutMessage?) throws(RPCError) -> SubtitleLayout {
        var layout = SubtitleLayout.standard
        guard let message else { return layout }
        if message.lineCharacters != 0 {
            let range = SubtitleLayout.lineCharacterRange
            try require(range.contains(message.lineCharacters)) {
                "a subtitle's line has \(message.lineCharacters) characters; "
                    + "it must be \(range.lowerBound) to \(range.upperBound)"
            }
            layout.lineCharacters = message.lineCharacters
        }
        if message.lines != 0 {
            let range = SubtitleLayout.lineRange
            try require(range.contains(message.lines)) {
                "a subtitle has \(message.lines) lines; it must be \(range.lowerBound) to \(range.upperBound)"
            }
            layout.lines = message.lines
        }
        return layout
    }

    /// The name alone, without folders: it is shown, and never used as a path.
    static func filename(_ text: String) throws(RPCError) -> String {
        try require(text.utf8.count <= 255) {
            "the file name has \(text.utf8.count) bytes; at most 255 are allowed"
        }
        return filename(cutting: text)
    }

    /// The same for a path that the client did not choose: what is too long is cut.
    static func filename(cutting path: String) -> String {
        let part = path.split(separator: "/").last.map(String.init) ?? ""
        var name = String(part.map { $0.isNewline || $0.unicodeScalars.contains { $0.value < 32 } ? "?" : $0 })
        while name.utf8.count > 255 { name.removeLast() }
        return name
    }

    private static func language(_ text: String) throws(RPCError) -> String? {
        if text.isEmpty || text == "auto" { return nil }
        let isCode = (2...3).contains(text.utf8.count) && text.utf8.allSatisfy { (97...122).contains($0) }
        try require(isCode) {
            "\"\(text.prefix(32))\" is not a language; give an ISO 639-1 code in lower case, such as \"en\", or \"auto\""
        }
        return text
    }

    private static func segmentation(_ value: Segmentation) throws(RPCError) -> TranscriptionOptions.Segmentation {
        switch value {
        case .unspecified: return .automatic
        case .speech: return .speech
        case .silence: return .silence
        case .fixed: return .fixed
        case .unrecognized:
            throw RPCError(.invalidArgument, "this server knows the segmentations speech, silence and fixed only")
        }
    }

    private static func channels(_ value: ChannelMode) throws(RPCError) -> TranscriptionOptions.Channels {
        switch value {
        case .unspecified, .mixed: return .mixed
        case .separate: return .separate
        case .unrecognized: throw RPCError(.invalidArgument, "this server knows the channels mixed and separate only")
        }
    }

    private static func model(_ name: String) throws(RPCError) -> String? {
        if name.isEmpty { return nil }
        let isName =
            name.utf8.count <= 64
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
        try require(isName) {
            "\"\(name.prefix(32))\" is not a model's name; it must have at most 64 of A-Z a-z 0-9 . _ -"
        }
        return name
    }

    private static func require(_ condition: Bool, _ message: () -> String) throws(RPCError) {
        guard condition else { throw RPCError(.invalidArgument, message()) }
    }
}

extension RPCError {
    /// Refuses what the client sent. The details carry the stable name of the reason.
    static func refusing(_ failure: JobFailure) -> RPCError {
        let details = JobError(code: failure.code, message: failure.message)
        do throws(ProtoError) {
            return RPCError(.invalidArgument, failure.message, details: try details.encode())
        } catch {
            return RPCError(.invalidArgument, failure.message)
        }
    }
}
