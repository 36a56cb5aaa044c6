import ArgumentParser
import STTClient

struct StatusCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Shows where a job stands.",
        discussion: """
            Ends with status 0 whatever the job's state is; the state is in what it prints.

            Examples:
              stt-rpc status JOB
              stt-rpc --json status JOB | jq -r .state
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The job's id.")
    var jobs: [String]

    func run(in session: Session) async throws {
        try await ForEachJob(session: session).run(jobs) { job in
            let status = try await session.client.status(job)
            if global.json { return try session.console.line(.status(status)) }
            for line in StatusText.lines(status) { try session.console.line(line) }
        }
    }
}
