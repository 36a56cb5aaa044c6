import Glibc
import Logging
import RPCServer
import RPCTransport
import STTService

/// The RPC server with the service's methods, from its start to its drain.
struct SpeechServer: Sendable {
    private let server: RPCServer
    private let logger: Logger

    init(_ context: ServiceContext, logger: Logger) {
        var registry = MethodRegistry()
        SpeechService(context: context).register(in: &registry)
        var configuration = RPCServerConfiguration()
        configuration.agent = "stt-rpcd/\(Version.current)"
        server = RPCServer(methods: registry, configuration: configuration, logger: logger)
        self.logger = logger
    }

    /// - Returns: The addresses that were bound, as clients name them.
    /// - Throws: `StartFailure` where one cannot be.
    func start(on addresses: [ServerAddress]) async throws -> String {
        do {
            return try await server.start(listeningOn: addresses).map(\.description).joined(separator: " ")
        } catch let error as RPCError {
            throw StartFailure(message: error.message)
        }
    }

    func announce(_ addresses: String, metadata: Logger.Metadata) {
        print("stt-rpcd ready: listening on \(addresses)")
        fflush(nil)
        logger.info("ready", metadata: metadata.merging(["addresses": "\(addresses)"]) { $1 })
    }

    func drain(grace: Duration) async { await server.drain(grace: grace) }

    func endAtOnce() {
        logger.warning("second signal, ending at once")
        exit(1)
    }
}
