import ArgumentParser
import STTClient

struct TranscribeCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "transcribe",
        abstract: "Sends recordings and prints their transcripts as they are made.",
        discussion: """
            The text is printed on standard output piece by piece; it equals the txt result byte for byte. In another \
            format, or into a file, the transcript is written when it is complete. WAV, AIFF, AU, FLAC and MP3 are \
            transcribed while they are being sent, from a file as from a pipe. Several files are separated by \
            header lines (==> FILE <==) as head(1) does; a file that fails does not stop the others, and the exit \
            status is that of the first that failed. Ctrl-C cancels the jobs on the server.

            With --json: objects of type "partial", "status", "result" (where a format or a file was asked for), \
            "summary" and "error", each with the file's name.

            Examples:
              stt-rpc transcribe talk.flac
              stt-rpc transcribe talk.flac --format srt --output talk.srt
              stt-rpc transcribe call.wav --channels separate     (a line begins with its channel)
              stt-rpc transcribe film.mp3 --format srt --line-length 36 --lines 2 --output film.srt
              stt-rpc transcribe *.mp3 --format vtt --output-dir subtitles
              stt-rpc transcribe --url https://example.com/talk.mp3
              ffmpeg -i talk.mkv -f wav - | stt-rpc transcribe -
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var transcription: TranscriptionArguments

    @Option(name: .shortAndLong, help: "txt, json, srt, vtt, tsv or lrc.")
    var format: FormatArgument?

    @OptionGroup var subtitles: SubtitleArguments

    @Option(name: .shortAndLong, help: ArgumentHelp("Write the transcript to this file.", valueName: "file"))
    var output: String?

    @Option(
        help: ArgumentHelp(
            "Write each transcript into this directory, as the input's name with the format's extension.",
            valueName: "dir"))
    var outputDir: String?

    @Flag(help: "End with status 10 where a stretch of a recording has no transcript.")
    var failOnGaps = false

    @Option(help: "A second run with the same key answers with the first one's job. For one file.")
    var idempotencyKey: String?

    @Flag(help: "Have nothing transcribed before the whole recording is on the server.")
    var noEarly = false

    @OptionGroup var remote: RemoteArguments

    @Argument(help: "The audio files; - is standard input.")
    var files: [String] = []

    private var recordings: [Recording] { files.map { .file($0) } + remote.recordings }

    func validate() throws {
        try IdempotencyKey.validate(idempotencyKey)
        guard !recordings.isEmpty else { throw ValidationError("name an audio file, or give --url or --object") }
        guard recordings.count > 1 else { return }
        if output != nil { throw ValidationError("--output is for one file; use --output-dir for several") }
        if idempotencyKey != nil { throw ValidationError("--idempotency-key is for one file") }
        if files.filter({ $0 == "-" }).count > 1 { throw ValidationError("standard input (-) can be read only once") }
        if outputDir != nil { try checkNames() }
    }

    private func checkNames() throws {
        var seen: [String: String] = [:]
        for file in recordings.map(\.text) {
            let name = outputName(file)
            if let other = seen.updateValue(file, forKey: name) {
                throw ValidationError("\(other) and \(file) would both be written to \(name); transcribe them apart")
            }
        }
    }

    private func outputName(_ file: String) -> String { "\(FileLabel.stem(file)).\(resultFormat.rawValue)" }

    private var resultFormat: FormatArgument { format ?? .txt }

    /// Where a file's transcript goes.
    func destination(_ file: String) -> TranscriptionRun.Destination {
        if let output { return .file(output) }
        if let outputDir {
            return .file(outputDir.hasSuffix("/") ? outputDir + outputName(file) : "\(outputDir)/\(outputName(file))")
        }
        if global.json { return format == nil ? .events : .result }
        return resultFormat == .txt ? .partials : .result
    }

    func run(in session: Session) async throws {
        if let output, outputDir != nil {
            throw Failure(.usage, "--output \(output) and --output-dir exclude each other")
        }
        if let output { try OutputFile.check(output) }
        if let outputDir { try OutputFile.makeDirectory(outputDir) }
        let run = TranscriptionRun(
            session: session, recordings: recordings, format: resultFormat, layout: subtitles.layout,
            failOnGaps: failOnGaps,
            options: SubmissionOptions(
                transcription: transcription.options, idempotencyKey: idempotencyKey,
                priority: transcription.priority.value, transcribesWhileUploading: !noEarly),
            destination: destination)
        try await run.run()
    }
}
