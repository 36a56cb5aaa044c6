import ArgumentParser
import STTClient

struct StreamCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "stream",
        abstract: "Prints a job's transcript as it is made, until the job ends.",
        discussion: """
            Every piece is printed exactly once, also when the connection breaks or the server restarts meanwhile. \
            In order, from chunk 0, what is printed equals `stt-rpc result JOB --format txt` byte for byte. \
            Stopping this command does not stop the job.

            Examples:
              stt-rpc stream JOB
              stt-rpc stream JOB --from-chunk 12
              stt-rpc stream JOB --order as-ready --json
            """)

    @OptionGroup var global: GlobalOptions

    @Option(help: "The first chunk to print, from 0.")
    var fromChunk = 0

    @Option(help: "in-order, or as-ready: each chunk as soon as it is there.")
    var order = OrderArgument.inOrder

    @Flag(help: "End with status 10 where a stretch of the recording has no transcript.")
    var failOnGaps = false

    @Argument(help: "The job's id.")
    var job: String

    func validate() throws {
        guard (0...Int(UInt32.max)).contains(fromChunk) else {
            throw ValidationError("--from-chunk must be 0 or more, not \(fromChunk)")
        }
    }

    func run(in session: Session) async throws {
        session.setStopNote(stopNote(next: fromChunk))
        let follower = JobFollower(
            session: session, file: nil, name: job, partials: global.json ? .json : .output)
        defer { follower.display.clear() }
        let outcome = try await follower.follow(job, fromChunk: fromChunk, order: order.value) { partial in
            if order == .inOrder { session.setStopNote(stopNote(next: partial.chunk + 1)) }
        }
        if let error = SpeechError(endOf: outcome.status) { throw error }
        if failOnGaps, outcome.status.chunksWithGaps > 0 { throw Failure.gaps(outcome.status) }
    }

    private func stopNote(next: Int) -> String {
        "the job goes on; see the rest with: stt-rpc stream \(job) --from-chunk \(order == .inOrder ? next : fromChunk)"
    }
}

extension Failure {
    static func gaps(_ status: JobStatus) -> Failure {
        Failure(.gaps, "\(status.chunksWithGaps) of \(status.chunksTotal) chunks have gaps", code: "gaps")
    }
}
