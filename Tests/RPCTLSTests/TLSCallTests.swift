import Foundation
import RPCClient
import RPCServer
import RPCTLS
import RPCTransport
import STTProto
import Testing

@Suite("Calls over TLS")
struct TLSCallTests {
    @Test(arguments: TLSVersion.allCases)
    func `unary calls, streams and uploads of megabytes work`(_ version: TLSVersion) async throws {
        try await withTLSServer(version: version) { fixture in
            let client = try fixture.client(version: version)
            let small: Item = try await client.unary("test/Echo", Item("hello", [1, 2, 3]))
            #expect(small == Item("hello", [1, 2, 3]))
            let bytes = (0..<2_000_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }
            let large: Item = try await client.unary("test/Echo", Item("large", bytes))
            #expect(large.value == bytes)

            let count = try await client.serverStreaming(
                "test/Repeat", Item("20000", [UInt8](repeating: 7, count: 200))
            ) {
                (replies: InboundMessages<Item>) in
                var next = 0
                for try await reply in replies {
                    #expect(reply.key == "\(next)")
                    next += 1
                }
                return next
            }
            #expect(count == 20_000)

            let piece = Array(bytes[..<(256 * 1024)])
            let reply: Item = try await client.clientStreaming("test/Count") { (writer: RequestWriter<Item>) in
                for _ in 0..<64 { try await writer.send(Item("", piece)) }
            }
            #expect(reply.key.hasPrefix("\(64 * 256 * 1024) "))
            await client.close()
        }
    }

    @Test(arguments: TLSVersion.allCases)
    func `both directions go on while both are full`(_ version: TLSVersion) async throws {
        try await withTLSServer(version: version) { fixture in
            let client = try fixture.client(version: version)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<4 {
                    group.addTask {
                        let payload = [UInt8](repeating: UInt8(number), count: 100_000)
                        let bytes = try await client.serverStreaming("test/Repeat", Item("100", payload)) {
                            (replies: InboundMessages<Item>) in
                            var bytes = 0
                            for try await reply in replies { bytes += reply.value.count }
                            return bytes
                        }
                        #expect(bytes == 10_000_000)
                    }
                    group.addTask {
                        let payload = [UInt8](repeating: UInt8(number), count: 100_000)
                        let reply: Item = try await client.clientStreaming("test/Count") {
                            (writer: RequestWriter<Item>) in
                            for _ in 0..<100 { try await writer.send(Item("", payload)) }
                        }
                        #expect(reply.key.hasPrefix("10000000 "))
                    }
                }
                try await group.waitForAll()
            }
            await client.close()
        }
    }

    @Test func `a server is reached by a name and by an address that its certificate carries`() async throws {
        try await withTLSServer { fixture in
            for host in ["127.0.0.1", "localhost"] {
                let client = try fixture.client(host: host)
                let reply: Item = try await client.unary("test/Echo", Item(host))
                #expect(reply.key == host)
                await client.close()
            }
        }
    }

    @Test func `a name to expect replaces the address's`() async throws {
        try await withTLSServer(.serving(Authority.elsewhere)) { fixture in
            let client = try fixture.client(.calling(name: "elsewhere.example"))
            let reply: Item = try await client.unary("test/Echo", Item("x"))
            #expect(reply.key == "x")
            await client.close()
        }
    }

    @Test(arguments: TLSVersion.allCases)
    func `the names of a client's certificate reach the authenticator`(_ version: TLSVersion) async throws {
        try await withTLSServer(.serving(clients: Authority.root), version: version) { fixture in
            let client = try fixture.client(.calling(as: Authority.client), version: version)
            let _: Item = try await client.unary("test/Echo", Item("x"))
            #expect(
                fixture.authenticator.last?.transport
                    == .certificate(
                        commonName: "worker-7", names: ["worker-7.example", "stt://tenant/acme"]))
            await client.close()
        }
    }

    @Test func `a certificate that nobody asked for names nobody`() async throws {
        try await withTLSServer { fixture in
            let client = try fixture.client(.calling(as: Authority.client))
            let _: Item = try await client.unary("test/Echo", Item("x"))
            #expect(fixture.authenticator.last?.transport == PeerCredentials.none)
            await client.close()
        }
    }

    @Test func `new connections take a reloaded certificate and open streams go on`() async throws {
        let pair = Authority.make("swapped", names: "DNS:localhost,IP:127.0.0.1")
        try await withTLSServer(.serving(pair)) { fixture in
            let before = try fixture.client()
            let only = try fixture.client(.calling(name: "swapped.example"))
            let denied = await failure(of: only)
            #expect(denied?.code == .unavailable)
            let count = try await before.serverStreaming(
                "test/Repeat", Item("3000", [UInt8](repeating: 1, count: 1000))
            ) {
                (replies: InboundMessages<Item>) in
                var count = 0
                for try await _ in replies {
                    count += 1
                    guard count == 10 else { continue }
                    _ = Authority.make("swapped", names: "DNS:swapped.example")
                    try fixture.source.reload()
                    let after = try fixture.client(.calling(name: "swapped.example"))
                    let reply: Item = try await after.unary("test/Echo", Item("new"))
                    #expect(reply.key == "new")
                    await after.close()
                }
                return count
            }
            #expect(count == 3000)
            await before.close()
        }
    }
}
