import Glibc
import Logging
import RPCServer
import RPCTLS
import RPCTransport
import STTService

/// The RPC server with the service's methods, from its start to its drain.
struct SpeechServer: Sendable {
    private let server: RPCServer
    private let tls: TLSContextSource?
    private let logger: Logger

    /// - Parameter tls: For the addresses with TLS.
    init(_ context: ServiceContext, tls: TLSContextSource?, logger: Logger) {
        var registry = MethodRegistry()
        SpeechService(context: context).register(in: &registry)
        var configuration = RPCServerConfiguration()
        configuration.agent = "stt-rpcd/\(Version.current)"
        configuration.tls = tls
        self.tls = tls
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
        var metadata = metadata.merging(["addresses": "\(addresses)"]) { $1 }
        if let tls { metadata["certificate"] = "\(Self.tell(tls.current, logger))" }
        logger.info("ready", metadata: metadata)
    }

    /// What is read again on SIGHUP.
    var reloads: [Reload] {
        guard let tls else { return [] }
        return [Reload(name: "TLS certificate") { Self.tell(try tls.reload(), logger) }]
    }

    /// Says until when the certificate is good, and warns where that is soon.
    private static func tell(_ context: TLSContext, _ logger: Logger) -> String {
        if let warning = context.warning { logger.warning("\(warning)") }
        return context.certificate.map { "\($0.namesText), until \($0.expiry)" } ?? "none"
    }

    func drain(grace: Duration) async { await server.drain(grace: grace) }

    func endAtOnce() {
        logger.warning("second signal, ending at once")
        exit(1)
    }
}
