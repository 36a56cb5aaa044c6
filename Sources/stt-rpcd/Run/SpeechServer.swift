import Foundation
import Logging
import RPCServer
import RPCTransport
import STTProto
import STTService

/// The RPC server with the service's methods, from its start to its drain.
struct SpeechServer: Sendable {
    private let server: RPCServer
    private let directory: TokenDirectory
    private let metrics: CallMetrics
    private let logger: Logger

    /// Calls that take longer are told of as warnings, streams and uploads apart.
    private static let slowCall = Duration.seconds(1)

    /// - Throws: `SettingsError` where tokens or users cannot be used.
    init(_ context: ServiceContext, settings: Settings, logger: Logger) throws(SettingsError) {
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
        configuration.unixSocketMode = try settings.unixSocketMode()
        configuration.authenticator = try settings.accessControl(directory)
        // Those that count and tell come first, so that they hear of calls that the others refuse.
        configuration.interceptors =
            [
                metrics,
                LoggingInterceptor(logger, slowAfter: Self.slowCall, patientMethods: Settings.patientMethods),
                settings.deadlines,
            ] + service.interceptors
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
        logger.info("ready", metadata: metadata.merging(["addresses": "\(addresses)"]) { $1 })
    }

    func drain(grace: Duration) async { await server.drain(grace: grace) }

    func endAtOnce() {
        logger.warning("second signal, ending at once")
        exit(1)
    }
}

extension SpeechServer {
    /// Reads the token file anew and ends the connections that it lets in no longer. What cannot be read changes nothing.
    func reloadTokens() async {
        guard let path = directory.path else { return }
        do throws(TokenFileError) {
            try directory.reload()
        } catch {
            return logger.error(
                "the token file was not read again; the tokens of before hold", metadata: ["error": "\(error)"])
        }
        for warning in directory.warnings { logger.warning("\(warning)") }
        logger.info("tokens read", metadata: ["path": "\(path)", "tokens": "\(directory.tokenCount)"])
        await server.reauthenticate()
    }

    /// Ends connections whose tokens expire, until the task is cancelled.
    func watchExpiry() async {
        // So often at least, for the file may be read again meanwhile.
        let longest = 60.0
        var next = directory.nextExpiry
        while !Task.isCancelled {
            let left = next.map { min(longest, max(0.1, $0.timeIntervalSinceNow)) } ?? longest
            guard (try? await Task.sleep(for: .seconds(left))) != nil else { return }
            if let moment = next, moment <= Date() { await server.reauthenticate() }
            next = directory.nextExpiry
        }
    }

    /// A line for each method that was called.
    func logMetrics() {
        for method in metrics.snapshot() {
            let codes = method.codes.sorted { $0.key.rawValue < $1.key.rawValue }
            logger.info(
                "calls",
                metadata: [
                    "method": "\(method.method)", "calls": "\(method.calls)", "errors": "\(method.errors)",
                    "running": "\(method.running)",
                    "p50_us": "\(Self.microseconds(method.latency.quantile(0.5)))",
                    "p99_us": "\(Self.microseconds(method.latency.quantile(0.99)))",
                    "codes": "\(codes.map { "\($0.key)=\($0.value)" }.joined(separator: " "))",
                ])
        }
    }

    private static func microseconds(_ duration: Duration?) -> Int { duration.map { Int($0 / .microseconds(1)) } ?? 0 }
}
