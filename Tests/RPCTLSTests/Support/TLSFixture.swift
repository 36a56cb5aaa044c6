import Foundation
import Logging
import RPCClient
import RPCServer
import RPCTLS
import RPCTransport
import STTProto
import Synchronization

typealias Item = ControlMessage.MetadataEntry

extension Item {
    init(_ key: String, _ value: [UInt8] = []) { self.init(key: key, value: value) }
}

/// A server with TLS on a free port.
final class TLSFixture: Sendable {
    let server: RPCServer
    let source: TLSContextSource
    let port: UInt16
    let authenticator = NotingAuthenticator()

    static let logger = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }

    init(
        _ tls: TLSConfiguration = .serving(), version: TLSVersion? = nil,
        configuration: RPCServerConfiguration = .init(), usesTLS: Bool = true
    ) async throws {
        source = try TLSContextSource(tls)
        if let version { source.current.limit(to: version) }
        var configuration = configuration
        configuration.tls = source
        configuration.authenticator = authenticator
        var methods = MethodRegistry()
        methods.unary("test/Echo") { (request: Item, _) in request }
        methods.serverStreaming("test/Repeat") { (request: Item, replies: OutboundMessages<Item>, _) in
            for index in 0..<(Int(request.key) ?? 0) { try await replies.send(Item("\(index)", request.value)) }
        }
        methods.clientStreaming("test/Count") { (requests: InboundMessages<Item>, _) -> Item in
            var sum = 0
            var bytes = 0
            for try await request in requests {
                bytes += request.value.count
                sum = request.value.reduce(sum) { ($0 &* 31 &+ Int($1)) & 0xFFFF_FFFF }
            }
            return Item("\(bytes) \(sum)")
        }
        server = RPCServer(methods: methods, configuration: configuration, logger: Self.logger)
        let address: ListenAddress = usesTLS ? .tls(host: "127.0.0.1", port: 0) : .tcp(host: "127.0.0.1", port: 0)
        switch try await server.start(listeningOn: [address])[0] {
        case .tcp(_, let bound), .tls(_, let bound): port = bound
        case .unix: port = 0
        }
    }

    func client(
        _ tls: TLSConfiguration = .calling(), host: String = "127.0.0.1", version: TLSVersion? = nil,
        _ change: (inout RPCClientConfiguration) -> Void = { _ in }
    ) throws -> RPCClient {
        var configuration = RPCClientConfiguration()
        configuration.tls = try TLSContext.client(tls)
        if let version { configuration.tls?.limit(to: version) }
        change(&configuration)
        return RPCClient(
            addresses: [.tls(host: host, port: port)], configuration: configuration, logger: Self.logger)
    }
}

/// Runs a test against a server, and ends it.
func withTLSServer<R>(
    _ tls: TLSConfiguration = .serving(), version: TLSVersion? = nil, configuration: RPCServerConfiguration = .init(),
    usesTLS: Bool = true, _ body: (TLSFixture) async throws -> R
) async throws -> R {
    let fixture = try await TLSFixture(tls, version: version, configuration: configuration, usesTLS: usesTLS)
    let result: Result<R, any Error>
    do { result = .success(try await body(fixture)) } catch { result = .failure(error) }
    await fixture.server.shutdown()
    return try result.get()
}

/// What a call that must fail says.
func failure(of client: RPCClient, _ options: CallOptions = .init()) async -> RPCError? {
    defer { Task { await client.close() } }
    do throws(RPCError) {
        let _: Item = try await client.unary("test/Echo", Item("x"), options: options)
        return nil
    } catch {
        return error
    }
}

/// Lets everyone in, and remembers them.
final class NotingAuthenticator: ConnectionAuthenticator {
    private let peers = Mutex<[PeerIdentity]>([])

    var last: PeerIdentity? { peers.withLock { $0.last } }

    func authenticate(token: [UInt8], peer: PeerIdentity) throws(RPCError) -> String? {
        peers.withLock { $0.append(peer) }
        return nil
    }
}

/// A client at the level of bytes. Blocking, with a limit of time on each read.
final class RawSocket: @unchecked Sendable {
    let descriptor: Int32

    init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw RPCError(.unavailable, "cannot connect") }
        var time = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    func send(_ bytes: [UInt8]) -> Bool {
        Foundation.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }

    /// What comes until the peer closes; nil where it does not within 20 s.
    func readToEnd() -> [UInt8]? {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count > 0 { all += buffer[..<count] } else { return count < 0 && errno == EAGAIN ? nil : all }
        }
    }

    /// Whether the peer closes within the time.
    func isClosed(within milliseconds: Int32) -> Bool {
        var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return Foundation.poll(&poll, 1, milliseconds) > 0
    }
}
