import Logging
import RPCClient
import RPCServer
import RPCTransport
import STTProto
import STTTestKit

@testable import STTService

/// The service on a real server, with tokens of two tenants.
final class TwoTenants: Sendable {
    let fixture: ServiceFixture
    let tokens = TokenFixture()
    let directory: TokenDirectory
    let server: RPCServer
    let address: ServerAddress
    let tokenOfA: [UInt8]
    let tokenOfB: [UInt8]

    private static let logger = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }

    init(limits: TenantLimits = TenantLimits(), ofA: TenantLimits = TenantLimits()) async throws {
        tokenOfA = try tokens.add(tenant: "a", limits: ofA)
        tokenOfB = try tokens.add(tenant: "b")
        let directory = try tokens.directory(defaults: limits)
        self.directory = directory
        fixture = try ServiceFixture()
        var context = fixture.context
        context.tenantLimits = { directory.limits(of: $0) }
        context.callMetrics = CallMetrics(methods: SpeechMethod.all)
        let service = SpeechService(context: context)
        var registry = MethodRegistry()
        service.register(in: &registry)
        var configuration = RPCServerConfiguration()
        configuration.authenticator = AccessControl(directory: directory, unixUsers: [])
        configuration.interceptors = [context.callMetrics].compactMap { $0 } + service.interceptors
        server = RPCServer(methods: registry, configuration: configuration, logger: Self.logger)
        address = try await server.start(listeningOn: [.tcp(host: "127.0.0.1", port: 0)])[0]
    }

    func client(_ token: [UInt8]) -> RPCClient {
        var configuration = RPCClientConfiguration()
        configuration.token = token
        return RPCClient(addresses: [address], configuration: configuration, logger: Self.logger)
    }
}

/// Runs a test with a client of each tenant.
func withTwoTenants(
    limits: TenantLimits = TenantLimits(), ofA: TenantLimits = TenantLimits(),
    _ body: (TwoTenants, _ a: RPCClient, _ b: RPCClient) async throws -> Void
) async throws {
    let tenants = try await TwoTenants(limits: limits, ofA: ofA)
    let (a, b) = (tenants.client(tenants.tokenOfA), tenants.client(tenants.tokenOfB))
    let result: Result<Void, any Error>
    do {
        result = .success(try await body(tenants, a, b))
    } catch {
        result = .failure(error)
    }
    await a.close()
    await b.close()
    await tenants.server.shutdown()
    try result.get()
}

extension RPCClient {
    func submit(_ options: SubmitOptions = SubmitOptions(), audio: [UInt8] = [1, 2, 3]) async throws -> SubmitReply {
        try await clientStreaming(SpeechMethod.submit) { (writer: RequestWriter<SubmitRequest>) in
            try await writer.send(.options(options))
            try await writer.send(.audio(audio))
        }
    }
}
