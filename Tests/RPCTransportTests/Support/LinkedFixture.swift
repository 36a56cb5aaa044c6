import RPCClient
import RPCServer
import RPCTransport
import STTTestKit

extension Fixture {
    /// A client whose connections to this server pass through a link.
    ///
    /// - Parameter links: For its connections in order; the last serves all further ones.
    func client(through links: InProcessLink..., configuration: RPCClientConfiguration = .init()) -> RPCClient {
        let turns = Turns()
        let server = server
        var configuration = configuration
        configuration.dial = { _ throws(SystemError) in
            do {
                let ends = try links[min(turns.next(), links.count - 1)].connect()
                server.adopt(ends.server, peer: "link")
                return ends.client
            } catch {
                throw SystemError("socketpair")
            }
        }
        return RPCClient(addresses: [.unix(path: "link")], configuration: configuration, logger: Self.logger)
    }
}
