import ArgumentParser
import STTClient

struct CancelCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Cancels a job.",
        discussion: """
            A job that has ended stays as it is; that is not an error.

            Examples:
              stt-rpc cancel JOB
              stt-rpc --json list --state queued | jq -r .job | xargs stt-rpc cancel
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The job's id.")
    var jobs: [String]

    func run(in session: Session) async throws {
        try await ForEachJob(session: session).run(jobs) { job in
            let status = try await session.client.cancel(job)
            if global.json { return try session.console.line(.status(status)) }
            switch status.state {
            case .cancelled: try session.console.line("\(job) cancelled")
            case .completed, .failed: try session.console.line("\(job) had \(status.state) before")
            default: try session.console.line("\(job) is being cancelled")
            }
        }
    }
}
