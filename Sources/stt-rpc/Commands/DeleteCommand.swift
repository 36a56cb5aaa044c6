import ArgumentParser
import STTClient

struct DeleteCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Removes a job that has ended, with its audio and its result.",
        discussion: """
            A job that has not ended is an error (status 11); cancel it first.

            Examples:
              stt-rpc delete JOB
              stt-rpc --json list --state completed | jq -r .job | xargs stt-rpc delete
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The job's id.")
    var jobs: [String]

    func run(in session: Session) async throws {
        try await ForEachJob(session: session).run(jobs) { job in
            try await session.client.delete(job)
            if global.json {
                try session.console.line(.object(["type": .string("deleted"), "job": .string(job)]))
            } else {
                try session.console.line("\(job) deleted")
            }
        }
    }
}
