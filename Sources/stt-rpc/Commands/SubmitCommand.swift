import ArgumentParser
import STTClient

struct SubmitCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit",
        abstract: "Sends a recording and prints its job's id.",
        discussion: """
            Returns once the job is safe on the server. The id alone is printed on standard output.

            Examples:
              job=$(stt-rpc submit talk.flac)
              stt-rpc submit talk.flac --language de --word-timestamps
              stt-rpc submit --url https://example.com/talk.mp3 --priority low
              stt-rpc submit --object imports/talk.flac
              sox talk.flac -t wav - | stt-rpc submit -
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var transcription: TranscriptionArguments

    @Option(help: "A second submit with the same key answers with the first one's job. Default: a fresh one.")
    var idempotencyKey: String?

    @OptionGroup var remote: RemoteArguments

    @Argument(help: "The audio file; - is standard input.")
    var file: String?

    private var recordings: [Recording] { (file.map { [.file($0)] } ?? []) + remote.recordings }

    func validate() throws {
        try IdempotencyKey.validate(idempotencyKey)
        switch recordings.count {
        case 0: throw ValidationError("name an audio file, or give --url or --object")
        case 1: return
        default: throw ValidationError("submit takes one recording: a file, --url or --object")
        }
    }

    func run(in session: Session) async throws {
        guard let recording = recordings.first else { return }
        if let file { try SpeechClient.check(file: file) }
        session.setStopNote("the upload was given up")
        let display = ProgressDisplay(console: session.console)
        defer { display.clear() }
        let name = FileLabel.short(recording.text)
        let options = SubmissionOptions(
            transcription: transcription.options, idempotencyKey: idempotencyKey,
            priority: transcription.priority.value)
        let began = ContinuousClock.now
        let job = try await recording.submit(with: session.client, options: options) { progress in
            display.show { ProgressText.upload(progress, elapsed: $0 - began, name: name) }
        }
        display.clear()
        guard global.json else { return try session.console.line(job.id) }
        try session.console.line(
            .object([
                "type": .string("submitted"), "job": .string(job.id), "file": .string(recording.text),
                "bytes": .int(job.audioBytes), "sha256": .string(job.audioSHA256), "existing": .bool(job.isExisting),
                "upload_seconds": .seconds(milliseconds: (job.lastByteSent - job.uploadBegan).inMilliseconds),
            ]))
    }
}

enum IdempotencyKey {
    static func validate(_ key: String?) throws {
        guard let key else { return }
        guard (1...255).contains(key.utf8.count) else {
            throw ValidationError("--idempotency-key must have 1 to 255 bytes")
        }
    }
}
