import ArgumentParser
import Logging
import RPCServer
import RPCTransport

/// Server, workers and stores in one process.
struct StandaloneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "standalone",
        abstract: "Serve and work in one process, with all state in a data folder.",
        discussion: """
            Prints one line with the address once it is ready. SIGTERM or SIGINT drains: running calls get the grace \
            period, work that is not done goes on at the next start. A second signal ends at once.

            Examples:
              stt-rpcd standalone --data ./data
              stt-rpcd standalone --listen 127.0.0.1:0 --data /var/lib/stt-rpc --slots 2
              stt-rpcd standalone --listen unix:/run/stt-rpc.sock --data ./data --log-level debug

            Exit codes: 0 stopped by a signal, 1 failed, 2 wrong options, 3 the set-up does not allow it to start.
            """)

    @OptionGroup var server: ServerOptions
    @OptionGroup var engine: EngineOptions
    @OptionGroup var jobs: JobOptions

    @Option(help: "Folder for jobs, audio and results. Made where it does not exist.")
    var data: String

    @Option(help: "Engines that run at once, 1 to 64. Default: the processors, at most 4.")
    var slots: Int?

    mutating func validate() throws {
        if let slots, !(1...64).contains(slots) {
            throw ValidationError("--slots is \(slots); it must be 1 to 64")
        }
        try server.check()
        try engine.check()
        try jobs.check()
    }

    func run() async throws {
        let logger = server.makeLogger()
        do {
            let service = try await StandaloneService(self, logger: logger)
            try await service.run()
        } catch let error as StartFailure {
            StandardError.print("stt-rpcd: error: \(error.message)")
            throw ExitCode(3)
        }
    }
}

/// Why the daemon cannot start, and what to do.
struct StartFailure: Error {
    var message: String
}
