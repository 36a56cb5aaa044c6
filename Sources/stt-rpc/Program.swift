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
              stt-rpc --server stts://stt.example:7701 --tls-ca ca.pem submit talk.flac
              stt-rpc stream JOB --from-chunk 3

            Options of every subcommand, before its name or after it:
              --server ADDRESS   stt://HOST:PORT, HOST:PORT, stts://HOST:PORT (TLS) or unix:/PATH,
                                 several with commas (default: $STT_SERVER, else stt://127.0.0.1:7700)
              --tls-ca FILE      stts://: authorities that the server is trusted by (default: the system's)
              --tls-cert FILE --tls-key FILE
                                 stts://: this client's certificate, where the server asks for one
              --tls-server-name NAME
                                 stts://: the name that the server's certificate must carry
              --timeout TIME     give up after this long altogether
              --retry-for TIME   how long to keep trying while the server is away
              --token-file PATH  file with the token for the server (default: $STT_RPC_TOKEN)
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
        do {
            let command = try parse(arguments)
            guard let command = command as? any ClientCommand else {
                var other = command
                try other.run()
                return .success
            }
            return await execute(command, console)
        } catch let failure as Failure {
            console.error(failure.message)
            return failure.status
        } catch {
            return report(help: error, console)
        }
    }

    /// - Throws: ``Failure`` with ``ExitStatus/usage``; the parser's own errors where help or the version is asked for.
    static func parse(_ arguments: [String]) throws -> any ParsableCommand {
        var words: [String]
        var help = "stt-rpc --help"
        switch ArgumentOrder.reading(arguments) {
        case .missingSubcommand: throw Failure(.usage, "no subcommand given; see \(help)")
        case .other(let all): words = all
        case .subcommand(let name, let rest):
            guard STTRPC.configuration.subcommands.contains(where: { $0.configuration.commandName == name }) else {
                throw Failure(.usage, "there is no subcommand \"\(name)\"; see \(help)")
            }
            help = "stt-rpc \(name) --help"
            words = [name] + rest
        }
        do {
            return try STTRPC.parseAsRoot(words)
        } catch {
            if STTRPC.exitCode(for: error).rawValue == 0 { throw error }
            let message = STTRPC.message(for: error).split(whereSeparator: \.isNewline).joined(separator: " ")
            let isSentence = message.last.map { ".?!".contains($0) } ?? false
            throw Failure(.usage, "\(message)\(isSentence ? "" : ";") see \(help)")
        }
    }

    /// Help and the version are "errors" of the parser.
    private static func report(help error: any Error, _ console: Console) -> ExitStatus {
        do {
            try console.line(STTRPC.fullMessage(for: error))
            return .success
        } catch {
            return error is Failure.BrokenPipe ? .success : .unexpected
        }
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
        guard let stopped else {
            let failure = Failure(error, server: session.server)
            // Nobody is left to read what still runs; without a connection it cannot be told.
            if failure.status != .unreachable { _ = await session.tidyUp() }
            return report(failure, options, console)
        }
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
