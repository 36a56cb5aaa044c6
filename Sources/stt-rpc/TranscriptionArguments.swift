import ArgumentParser
import STTClient

/// How a recording is to be transcribed, for `submit` and `transcribe`.
struct TranscriptionArguments: ParsableArguments {
    @Option(help: "Language of the speech: an ISO 639-1 code such as en or de, or auto.")
    var language: String?

    @Flag(help: "Translate into English.")
    var translate = false

    @Option(help: "Words that set style and spelling, such as names. At most 1,024 bytes.")
    var prompt: String?

    @Option(help: "Sampling temperature, 0 to 1.")
    var temperature = 0.0

    @Flag(help: "Give every word its time (in the json, and in --json events).")
    var wordTimestamps = false

    @Option(
        help: """
            Where to cut: between stretches of speech, at silences, or at fixed intervals; automatic: by speech where the \
            server can.
            """)
    var segmentation: SegmentationArgument?

    @Option(help: "All channels as one, or each on its own, as in a call with one party on each: mixed or separate.")
    var channels: ChannelsArgument?

    @Option(help: ArgumentHelp("One of the server's models, such as base.en.", valueName: "name"))
    var model: String?

    @Flag(help: "Give the end of each piece's text to the next one as its prompt. Pieces then wait for one another.")
    var carryPrompt = false

    @Option(help: "Target length of a piece in seconds, 5 to 29.")
    var chunkSeconds: Double?

    @Option(help: ArgumentHelp("How long the server keeps the job after its end, such as 1h or 7d.", valueName: "time"))
    var retention: TimeSpan?

    @Option(help: "How soon the work is taken compared with other jobs': high, normal or low.")
    var priority = PriorityArgument.normal

    func validate() throws {
        guard (0...1).contains(temperature) else {
            throw ValidationError("--temperature must be from 0 to 1, not \(temperature)")
        }
        if let chunkSeconds, !(5...29).contains(chunkSeconds) {
            throw ValidationError("--chunk-seconds must be from 5 to 29, not \(chunkSeconds)")
        }
        if let prompt, prompt.utf8.count > 1024 {
            throw ValidationError("--prompt has \(prompt.utf8.count) bytes; at most 1024 are accepted")
        }
        if let model, model.isEmpty { throw ValidationError("--model is empty; leave it out for the server's default") }
        if let retention, retention.duration < .seconds(1) {
            throw ValidationError("--retention must be at least one second")
        }
    }

    var options: TranscriptionOptions {
        TranscriptionOptions(
            language: language, translate: translate, prompt: prompt, temperature: temperature,
            wordTimestamps: wordTimestamps, segmentation: segmentation?.value,
            chunkLength: chunkSeconds.map { .milliseconds(Int(($0 * 1000).rounded())) },
            retention: retention?.duration, channels: channels?.value, model: model, carriesPrompt: carryPrompt)
    }
}

/// How subtitles are laid out, for `result` and `transcribe`.
struct SubtitleArguments: ParsableArguments {
    @Option(help: ArgumentHelp("Characters in a line of srt and vtt, 10 to 120; else 42.", valueName: "characters"))
    var lineLength: Int?

    @Option(help: ArgumentHelp("Lines in a cue of srt and vtt, 1 to 4; else 2.", valueName: "count"))
    var lines: Int?

    func validate() throws {
        if let lineLength, !(10...120).contains(lineLength) {
            throw ValidationError("--line-length must be from 10 to 120, not \(lineLength)")
        }
        if let lines, !(1...4).contains(lines) {
            throw ValidationError("--lines must be from 1 to 4, not \(lines)")
        }
    }

    /// `nil` where nothing was given.
    var layout: SubtitleLayout? {
        guard lineLength != nil || lines != nil else { return nil }
        return SubtitleLayout(lineCharacters: lineLength ?? 0, lines: lines ?? 0)
    }
}

/// Recordings that the server reads itself, for `submit` and `transcribe`.
struct RemoteArguments: ParsableArguments {
    @Option(help: ArgumentHelp("A recording that the server fetches, http or https.", valueName: "url"))
    var url: [String] = []

    @Option(help: ArgumentHelp("A recording in the server's object store, by its key.", valueName: "key"))
    var object: [String] = []

    func validate() throws {
        if url.contains("") { throw ValidationError("--url is empty") }
        if object.contains("") { throw ValidationError("--object is empty") }
    }

    var recordings: [Recording] { url.map { .url($0) } + object.map { .object($0) } }
}

enum PriorityArgument: String, ExpressibleByArgument, CaseIterable {
    case high
    case normal
    case low

    var value: SubmissionPriority {
        switch self {
        case .high: .high
        case .normal: .normal
        case .low: .low
        }
    }
}

enum SegmentationArgument: String, ExpressibleByArgument, CaseIterable {
    case automatic
    case speech
    case silence
    case fixed

    var value: Segmentation {
        switch self {
        case .automatic: .unspecified
        case .speech: .speech
        case .silence: .silence
        case .fixed: .fixed
        }
    }
}

enum ChannelsArgument: String, ExpressibleByArgument, CaseIterable {
    case mixed
    case separate

    var value: ChannelMode {
        switch self {
        case .mixed: .mixed
        case .separate: .separate
        }
    }
}

/// A form of a transcript.
enum FormatArgument: String, ExpressibleByArgument, CaseIterable {
    case txt
    case json
    case srt
    case vtt
    case tsv
    case lrc

    var value: ResultFormat {
        switch self {
        case .txt: .txt
        case .json: .json
        case .srt: .srt
        case .vtt: .vtt
        case .tsv: .tsv
        case .lrc: .lrc
        }
    }
}

enum OrderArgument: String, ExpressibleByArgument, CaseIterable {
    case inOrder = "in-order"
    case asReady = "as-ready"

    var value: DeliveryOrder {
        switch self {
        case .inOrder: .inOrder
        case .asReady: .asReady
        }
    }
}
