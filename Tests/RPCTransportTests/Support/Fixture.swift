import Foundation
import Logging
import RPCClient
import RPCServer
import RPCTransport
import STTProto

typealias Item = ControlMessage.MetadataEntry

extension Item {
    init(_ key: String, _ value: [UInt8] = []) { self.init(key: key, value: value) }
}

/// A server with the methods that the tests call, on a free port and a unix socket.
final class Fixture: Sendable {
    let server: RPCServer
    let addresses: [ServerAddress]
    let probe: HandlerProbe

    static let logger = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }

    init(
        configuration: RPCServerConfiguration = .init(), listen: [ListenAddress] = [.tcp(host: "127.0.0.1", port: 0)],
        methods: (inout MethodRegistry) -> Void = { _ in }
    ) async throws {
        let probe = HandlerProbe()
        var registry = MethodRegistry()
        registry.registerTestMethods(probe)
        methods(&registry)
        self.probe = probe
        server = RPCServer(methods: registry, configuration: configuration, logger: Self.logger)
        addresses = try await server.start(listeningOn: listen)
    }

    var port: UInt16 {
        guard case .tcp(_, let port) = addresses[0] else { return 0 }
        return port
    }

    func client(_ configuration: RPCClientConfiguration = .init()) -> RPCClient {
        RPCClient(addresses: [addresses[0]], configuration: configuration, logger: Self.logger)
    }
}

/// Runs a test against a server and a client, and ends both.
func withServer<R>(
    _ configuration: RPCServerConfiguration = .init(), client: RPCClientConfiguration = .init(),
    listen: [ListenAddress] = [.tcp(host: "127.0.0.1", port: 0)], methods: (inout MethodRegistry) -> Void = { _ in },
    _ body: (Fixture, RPCClient) async throws -> R
) async throws -> R {
    let fixture = try await Fixture(configuration: configuration, listen: listen, methods: methods)
    let rpc = fixture.client(client)
    let result: Result<R, any Error>
    do {
        result = .success(try await body(fixture, rpc))
    } catch {
        result = .failure(error)
    }
    await rpc.close()
    await fixture.server.shutdown()
    return try result.get()
}
