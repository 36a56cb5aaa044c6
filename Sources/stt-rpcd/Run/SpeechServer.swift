import Foundation
import Logging
import RPCServer
import RPCTLS
import RPCTransport
import STTProto
import STTService

/// The RPC server with the service's methods, from its start to its drain.
struct SpeechServer: Sendable {
    let server: RPCServer
    let directory: TokenDirectory
    let metrics: CallMetrics
    private let tls: TLSContextSource?
    let logger: Logger

    /// Calls that take longer are told of as warnings, streams and uploads apart.
    private static let slowCall = Duration.seconds(1)

    /// - Parameter tls: For the addresses with TLS.
    /// - Throws: `SettingsError` where tokens or users cannot be used.
    init(_ context: ServiceContext, settings: Settings, tls: TLSContextSource?, logger: Logger) throws(SettingsError) {
        let directory = try settings.tokenDirectory()
        for warning in directory.warnings { logger.warning("\(warning)") }
        let metrics = CallMetrics(methods: SpeechMethod.all)
        var context = context
        context.callMetrics = metrics
        if directory.mayLimit { context.tenantLimits = { directory.limits(of: $0) } }
        let service = SpeechService(context: context)
        var registry = MethodRegistry()
        service.register(in: &registry)
        var configuration = RPCServerConfiguration()
        configuration.agent = "stt-rpcd/\(Version.current)"
        if let mebibytes = settings.integer(.bufferMib) { configuration.maxBufferedBytes = mebibytes << 20 }
        configuration.unixSocketMode = try settings.unixSocketMode()
        configuration.authenticator = try settings.accessControl(directory)
        // Those that count and tell come first, so that they hear of calls that the others refuse.
        configuration.interceptors =
            [
                metrics,
                LoggingInterceptor(logger, slowAfter: Self.slowCall, patientMethods: Settings.patientMethods),
                settings.deadlines,
            ] + service.interceptors
        configuration.tls = tls
        self.tls = tls
        server = RPCServer(methods: registry, configuration: configuration, logger: logger)
        self.directory = directory
        self.metrics = metrics
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
        var reloads: [Reload] = []
        if let tls { reloads.append(Reload(name: "TLS certificate") { Self.tell(try tls.reload(), logger) }) }
        if directory.path != nil { reloads.append(Reload(name: "token file") { try reloadTokens() }) }
        return reloads
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
