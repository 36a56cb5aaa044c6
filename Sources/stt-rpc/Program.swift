import ArgumentParser
import Glibc
import STTClient
import Synchronization
import UnixSignals

struct STTRPC: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stt-rpc",
        abstract: "Transcribes speech on an stt-rpcd server.",
        discussion: """
            Examples:
              stt-rpc transcribe talk.flac
              stt-rpc transcribe *.wav --format srt --output-dir subtitles
              stt-rpc --server stt://10.0.0.5:7700 submit talk.flac
              stt-rpc stream JOB --from-chunk 3

            Options of every subcommand, before its name or after it:
              --server ADDRESS   stt://HOST:PORT, HOST:PORT or unix:/PATH
                                 (default: $STT_SERVER, else stt://127.0.0.1:7700)
              --timeout TIME     give up after this long altogether
              --retry-for TIME   how long to keep trying while the server is away
              --json             one JSON object a line
              -v, --verbose      tell more on standard error

            Exit status:
            \(ExitStatus.help)
            """,
        version: "stt-rpc \(Version.current)",
        subcommands: [
            TranscribeCommand.self, SubmitCommand.self, StatusCommand.self, StreamCommand.self, ResultCommand.self,
            CancelCommand.self, ListCommand.self, DeleteCommand.self, StatsCommand.self, HealthCommand.self,
        ])
}

@main
enum Program {
    static func main() async {
        signal(SIGPIPE, SIG_IGN)
        exit(await run(Array(CommandLine.arguments.dropFirst())).rawValue)
    }

    private static func run(_ arguments: [String]) async -> ExitStatus {
        let console = Console()
        let command: any ParsableCommand
        do {
            command = try STTRPC.parseAsRoot(ArgumentOrder.normalized(arguments))
            guard let command = command as? any ClientCommand else {
                var other = command
                try other.run()
                return .success
            }
            return await execute(command, console)
        } catch {
            return report(parsing: error, console)
        }
    }

    /// Help and the version are "errors" of the parser too.
    private static func report(parsing error: any Error, _ console: Console) -> ExitStatus {
        if STTRPC.exitCode(for: error).rawValue == 0 {
            do {
                try console.line(STTRPC.fullMessage(for: error))
            } catch {
                return error is Failure.BrokenPipe ? .success : .unexpected
            }
            return .success
        }
        let message = STTRPC.message(for: error).split(whereSeparator: \.isNewline).joined(separator: " ")
        console.error("\(message); see stt-rpc --help")
        return .usage
    }

    private static func execute(_ command: any ClientCommand, _ console: Console) async -> ExitStatus {
        let session: Session
        do throws(Failure) {
            session = try Session(options: command.global, console: console)
        } catch {
            return report(error, command.global, console)
        }
        let stop = Stop()
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        let work = Task { try await command.run(in: session) }
        let watcher = Task {
            for await signal in signals {
                let status: ExitStatus = signal == .sigint ? .interrupted : .terminated
                // Asked twice: nobody waits for a tidy end.
                guard stop.set(status) else { _exit(status.rawValue) }
                work.cancel()
            }
        }
        let timer = Task {
            guard let timeout = command.global.timeout else { return }
            try await Task.sleep(for: timeout.duration)
            if stop.set(.deadlineExceeded) { work.cancel() }
        }
        let result = await work.result
        timer.cancel()
        let status = await conclude(result, stop.status, session, command.global)
        watcher.cancel()
        await session.client.close()
        return status
    }

    private static func conclude(
        _ result: Result<Void, any Error>, _ stopped: ExitStatus?, _ session: Session, _ options: GlobalOptions
    ) async -> ExitStatus {
        let console = session.console
        guard case .failure(let error) = result else { return .success }
        console.live(nil)
        if error is Failure.BrokenPipe {
            _ = await session.tidyUp()
            return .success
        }
        guard let stopped else { return report(Failure(error, server: session.server), options, console) }
        let done = await session.tidyUp().map { "; \($0)" } ?? ""
        switch stopped {
        case .deadlineExceeded:
            let limit = options.timeout.map { Format.span($0.duration) } ?? "--timeout"
            let failure = Failure(.deadlineExceeded, "not done within \(limit)\(done)", code: "deadlineExceeded")
            return report(failure, options, console)
        case .terminated: console.note("stt-rpc: terminated\(done)")
        default: console.note("stt-rpc: interrupted\(done)")
        }
        return stopped
    }

    private static func report(_ failure: Failure, _ options: GlobalOptions, _ console: Console) -> ExitStatus {
        // A failure without a message was told where it happened.
        guard !failure.message.isEmpty else { return failure.status }
        console.error(failure.message)
        // Standard output may be what is broken; the line above says it then.
        if options.json { try? console.line(.failure(failure)) }
        return failure.status
    }
}

/// Why the program is being stopped before its end. The first reason counts.
private final class Stop: Sendable {
    private let reason = Mutex<ExitStatus?>(nil)

    var status: ExitStatus? { reason.withLock { $0 } }

    /// - Returns: Whether this was the first reason.
    func set(_ status: ExitStatus) -> Bool {
        reason.withLock { reason in
            defer { reason = reason ?? status }
            return reason == nil
        }
    }
}
