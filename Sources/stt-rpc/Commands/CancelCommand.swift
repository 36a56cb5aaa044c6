import ArgumentParser
import STTClient

struct CancelCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Cancels a job.",
        discussion: """
            Cancelling a job twice does no harm. One that has completed or failed stays as it is (status 11).

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
            try session.console.line("\(job) \(status.state)")
        }
    }
}
