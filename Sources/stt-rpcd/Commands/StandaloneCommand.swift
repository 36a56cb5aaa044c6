import ArgumentParser

/// Server, workers and stores in one process.
struct StandaloneCommand: DaemonCommand {
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
              stt-rpcd standalone --listen stts://0.0.0.0:7701 --tls-certificate server.pem --tls-key server.key \\
                --data ./data

            Exit codes: 0 stopped by a signal, 1 failed, 2 wrong options or settings, 3 the set-up does not allow it \
            to start.
            """)

    @Option(.data) var data: String?
    @OptionGroup(title: "Process") var process: ProcessOptions
    @OptionGroup(title: "Process") var listen: ListenOptions
    @OptionGroup(title: "TLS") var tls: TLSOptions
    @OptionGroup(title: "Access") var access: AccessOptions
    @OptionGroup(title: "Engines") var engine: EngineOptions
    @OptionGroup(title: "Engines") var remoteEngine: RemoteEngineOptions
    @OptionGroup(title: "Jobs") var jobs: SharedJobOptions
    @OptionGroup(title: "Jobs") var intake: IntakeOptions
    @OptionGroup(title: "Jobs") var work: WorkOptions
    @OptionGroup(title: "Sources") var sources: SourceOptions

    var settingsOf: Set<CommandName> { [.standalone] }
    var given: GivenSettings {
        [process, listen, tls, access, engine, remoteEngine, jobs, intake, work, sources].given.merging([.data: data])
    }

    func run() async throws {
        let (settings, logger) = try start()
        let service = try await StandaloneService(settings, logger: logger)
        try await service.run()
    }
}

extension [any SettingOptions] {
    /// What all of them give.
    var given: GivenSettings { reduce([:]) { $0.merging($1.given) } }
}
