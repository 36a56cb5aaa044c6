import ArgumentParser
import Foundation
import Logging
import RPCTransport

/// Where the server listens and what it logs.
struct ServerOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "Address to listen on: HOST:PORT, [IPv6]:PORT or unix:PATH. May be given more than once. Port 0: a free one.",
            valueName: "address"))
    var listen: [String] = ["127.0.0.1:7700"]

    @Option(help: "How long running calls may go on after SIGTERM, in seconds, 0 to 3600.")
    var graceSeconds: Double = 10

    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel: String = ProcessInfo.processInfo.environment["STT_LOG_LEVEL"] ?? "info"

    func check() throws {
        _ = try addresses()
        guard (0...3600).contains(graceSeconds) else {
            throw ValidationError("--grace-seconds is \(graceSeconds); it must be 0 to 3600")
        }
        guard Logger.Level(rawValue: logLevel) != nil else {
            throw ValidationError(
                "--log-level is \"\(logLevel)\"; it must be trace, debug, info, notice, warning, error or critical")
        }
    }

    func addresses() throws -> [ServerAddress] {
        try listen.map { text in
            do {
                return try ServerAddress(parsing: text)
            } catch {
                throw ValidationError("--listen: \(error)")
            }
        }
    }

    func makeLogger() -> Logger {
        var logger = Logger(label: "stt-rpcd") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = Logger.Level(rawValue: logLevel) ?? .info
        return logger
    }
}
