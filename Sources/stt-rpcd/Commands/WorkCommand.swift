import ArgumentParser

/// A worker of a cluster.
struct WorkCommand: DaemonCommand {
    static let configuration = CommandConfiguration(
        commandName: "work",
        abstract: "Transcribe what the cluster's servers took in.",
        discussion: """
            Listens nowhere. Any number of workers may run, on any hosts. Prints one line once its engines are started. \
            SIGTERM or SIGINT: takes nothing more, finishes what it has for as long as the grace period, gives the rest \
            back. A second signal gives everything back at once.

            Examples:
              stt-rpcd work --model ggml-base.en.bin --slots 2 --env-file /etc/stt-rpc.env

            Exit codes: 0 stopped by a signal, 1 failed, 2 wrong options or settings, 3 the set-up does not allow it \
            to start.
            """)

    @OptionGroup(title: "Process") var process: ProcessOptions
    @OptionGroup(title: "Engines") var engine: EngineOptions
    @OptionGroup(title: "Engines") var remoteEngine: RemoteEngineOptions
    @OptionGroup(title: "Jobs") var jobs: SharedJobOptions
    @OptionGroup(title: "Jobs") var work: WorkOptions
    @OptionGroup(title: "Jobs") var upkeep: UpkeepOptions
    @OptionGroup(title: "Services") var cluster: ClusterOptions
    @OptionGroup(title: "Sources") var sources: SourceOptions

    var settingsOf: Set<CommandName> { [.work] }
    var given: GivenSettings { [process, engine, remoteEngine, jobs, work, upkeep, cluster, sources].given }

    func run() async throws {
        let (settings, logger) = try start()
        try await WorkService(settings, logger: logger).run()
    }
}
