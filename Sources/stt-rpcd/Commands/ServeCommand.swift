import ArgumentParser

/// The RPC server of a cluster.
struct ServeCommand: DaemonCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve clients, with jobs in MongoDB, hints through Redis, audio in an object store.",
        discussion: """
            Runs no engines: that is what "stt-rpcd work" is for. Any number of servers may run, and all of them know all \
            jobs. Prints one line with the address once it is ready. SIGTERM or SIGINT drains: running calls get the \
            grace period; clients go on at another server. A second signal ends at once.

            Examples:
              MONGODB_URL=mongodb://db:27017 REDIS_HOST=redis S3_ENDPOINT=http://minio:9000 S3_BUCKET=stt \\
                S3_ACCESS_KEY=… S3_SECRET_KEY=… stt-rpcd serve --listen 0.0.0.0:7700
              stt-rpcd serve --env-file /etc/stt-rpc.env
              stt-rpcd serve --listen stts://0.0.0.0:7701 --tls-certificate server.pem --tls-key server.key

            Exit codes: 0 stopped by a signal, 1 failed, 2 wrong options or settings, 3 the set-up does not allow it \
            to start.
            """)

    @OptionGroup(title: "Process") var process: ProcessOptions
    @OptionGroup(title: "Process") var listen: ListenOptions
    @OptionGroup(title: "TLS") var tls: TLSOptions
    @OptionGroup(title: "Access") var access: AccessOptions
    @OptionGroup(title: "Jobs") var jobs: SharedJobOptions
    @OptionGroup(title: "Jobs") var intake: IntakeOptions
    @OptionGroup(title: "Jobs") var early: EarlyOptions
    @OptionGroup(title: "Services") var cluster: ClusterOptions
    @OptionGroup(title: "Sources") var sources: SourceOptions

    var settingsOf: Set<CommandName> { [.serve] }
    var given: GivenSettings { [process, listen, tls, access, jobs, intake, early, cluster, sources].given }

    func run() async throws {
        let (settings, logger) = try start()
        try await ServeService(settings, logger: logger).run()
    }
}
