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

    @Option(help: "Where to cut: at silences, or at fixed intervals.")
    var segmentation: SegmentationArgument?

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
        if let retention, retention.duration < .seconds(1) {
            throw ValidationError("--retention must be at least one second")
        }
    }

    var options: TranscriptionOptions {
        TranscriptionOptions(
            language: language, translate: translate, prompt: prompt, temperature: temperature,
            wordTimestamps: wordTimestamps, segmentation: segmentation?.value,
            chunkLength: chunkSeconds.map { .milliseconds(Int(($0 * 1000).rounded())) },
            retention: retention?.duration)
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
    case silence
    case fixed

    var value: Segmentation {
        switch self {
        case .silence: .silence
        case .fixed: .fixed
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

    var value: ResultFormat {
        switch self {
        case .txt: .txt
        case .json: .json
        case .srt: .srt
        case .vtt: .vtt
        case .tsv: .tsv
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
