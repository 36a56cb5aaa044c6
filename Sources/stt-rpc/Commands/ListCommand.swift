import ArgumentParser
import STTClient

struct ListCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists jobs, newest first.",
        discussion: """
            A table on a terminal; otherwise one job a line with tabs between the columns: id, state, chunks done, \
            chunks in all, length of the audio in seconds, time of creation, file name, and the priority where it is \
            not normal.

            Examples:
              stt-rpc list
              stt-rpc list --state queued --state transcribing
              stt-rpc --json list --limit 1000 | jq -r 'select(.chunks_with_gaps > 0) | .job'
            """)

    @OptionGroup var global: GlobalOptions

    @Option(help: "Only jobs in this state; may be given several times.")
    var state: [StateArgument] = []

    @Option(help: "The most jobs to list; 0 is all.")
    var limit = 100

    func validate() throws {
        guard limit >= 0 else { throw ValidationError("--limit must be 0 or more, not \(limit)") }
    }

    func run(in session: Session) async throws {
        let jobs = session.client.list(
            states: state.map(\.value), pageSize: limit == 0 ? 1000 : min(limit, 1000))
        var table = Table(columns: [
            ("JOB", .left), ("STATE", .left), ("CHUNKS", .right), ("AUDIO", .right), ("CREATED", .left),
            ("FILE", .left),
        ])
        var count = 0
        for try await job in jobs {
            if limit > 0, count == limit { break }
            count += 1
            if global.json {
                try session.console.line(.status(job))
            } else if session.console.isOutputTerminal {
                table.rows.append(Self.cells(job))
            } else {
                var row = Table(columns: [])
                row.rows = [Self.fields(job)]
                for line in row.plainLines { try session.console.line(line) }
            }
        }
        guard session.console.isOutputTerminal, !global.json else { return }
        guard !table.rows.isEmpty else { return session.console.note("no jobs") }
        for line in table.lines(bold: session.console.bold) { try session.console.line(line) }
    }

    private static func cells(_ job: JobStatus) -> [String] {
        let length = job.audio?.durationMilliseconds ?? 0
        return [
            job.jobID, Format.priority(job.priority).map { "\(job.state) (\($0))" } ?? "\(job.state)",
            job.chunksTotal > 0 ? "\(job.chunksDone)/\(job.chunksTotal)" : "\(job.chunksDone)",
            length > 0 ? Format.position(milliseconds: length) : "-", Format.utc(job.createdAtMilliseconds),
            job.filename,
        ]
    }

    private static func fields(_ job: JobStatus) -> [String] {
        [
            job.jobID, "\(job.state)", "\(job.chunksDone)", "\(job.chunksTotal)",
            JSON.seconds(milliseconds: job.audio?.durationMilliseconds ?? 0).text,
            Format.utc(job.createdAtMilliseconds), job.filename,
        ] + (Format.priority(job.priority).map { [$0] } ?? [])
    }
}

/// A job's state on the command line.
enum StateArgument: String, ExpressibleByArgument, CaseIterable {
    case queued, preparing, transcribing, merging, completed, failed, cancelled

    var value: JobState {
        switch self {
        case .queued: .queued
        case .preparing: .preparing
        case .transcribing: .transcribing
        case .merging: .merging
        case .completed: .completed
        case .failed: .failed
        case .cancelled: .cancelled
        }
    }
}
