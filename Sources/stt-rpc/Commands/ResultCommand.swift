import ArgumentParser
import STTClient

struct ResultCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "result",
        abstract: "Prints the transcript of a completed job.",
        discussion: """
            A job that has not ended is an error (status 11); wait for it with `stt-rpc stream JOB`. \
            With --json the transcript is the member "data" of one object.

            Examples:
              stt-rpc result JOB
              stt-rpc result JOB --format srt --output talk.srt
              stt-rpc result JOB --format vtt --line-length 32 --lines 1
            """)

    @OptionGroup var global: GlobalOptions

    @Option(help: "txt, json, srt, vtt, tsv or lrc.")
    var format = FormatArgument.txt

    @OptionGroup var subtitles: SubtitleArguments

    @Option(
        name: .shortAndLong, help: ArgumentHelp("Write to this file instead of standard output.", valueName: "file"))
    var output: String?

    @Argument(help: "The job's id.")
    var job: String

    func run(in session: Session) async throws {
        let writer = ResultWriter(session: session, job: job, format: format, layout: subtitles.layout)
        if let output { try OutputFile.check(output) }
        do {
            if let output {
                let bytes = try await writer.write(to: output)
                if global.json { try session.console.line(writer.receipt(file: nil, output: output, bytes: bytes)) }
            } else if global.json {
                try session.console.line(try await writer.json(file: nil))
            } else {
                try await writer.writeToOutput()
            }
        } catch let error as SpeechError where error.code == .notReady {
            throw try await explain(error, session)
        }
    }

    /// A job without a result has ended otherwise, or not yet.
    private func explain(_ error: SpeechError, _ session: Session) async throws -> any Error {
        let status = try await session.client.status(job)
        return SpeechError(endOf: status) ?? error
    }
}
