import Foundation
import RPCClient
import RPCServer
import RPCTLS
import RPCTransport
import STTProto
import Synchronization
import Testing

/// What peers do that never get, or want, a connection. One after the other: they measure times.
@Suite("TLS under load", .serialized)
struct TLSLoadTests {
    /// A handshake's first record, which says that 508 bytes follow.
    private static let beginning: [UInt8] = [0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3] + [UInt8](repeating: 7, count: 32)

    private var patient: RPCServerConfiguration {
        var configuration = RPCServerConfiguration()
        configuration.connection.helloTimeout = .seconds(60)
        return configuration
    }

    private static var descriptors: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
    }

    private static func residentBytes() -> Int {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 4096
    }

    private final class Flag: Sendable {
        private let value = Mutex(false)

        var isSet: Bool { value.withLock { $0 } }

        func set() { value.withLock { $0 = true } }
    }

    /// The times of calls one after the other, in microseconds, sorted.
    private static func times(_ client: RPCClient, count: Int = .max, until flag: Flag? = nil) async throws -> [Int] {
        var times: [Int] = []
        while times.count < count, flag?.isSet != true {
            let start = ContinuousClock.now
            let _: Item = try await client.unary("test/Echo", Item("x"))
            times.append(Int((ContinuousClock.now - start) / .microseconds(1)))
        }
        return times.sorted()
    }

    private static func text(_ sorted: [Int]) -> String {
        guard !sorted.isEmpty else { return "no calls" }
        return
            "p50 \(sorted[sorted.count / 2]) µs, p99 \(sorted[sorted.count * 99 / 100]) µs, max \(sorted[sorted.count - 1]) µs"
    }

    @Test func `a handshake that never ends is closed at the time limit of HELLO, and others are served`() async throws
    {
        var configuration = RPCServerConfiguration()
        configuration.connection.helloTimeout = .milliseconds(500)
        try await withTLSServer(configuration: configuration) { fixture in
            let honest = try fixture.client()
            let _: Item = try await honest.unary("test/Echo", Item("before"))
            let closed = Task.detached { () -> Bool in
                let peer = try RawSocket(port: fixture.port)
                for byte in Self.beginning {
                    guard peer.send([byte]), !peer.isClosed(within: 20) else { break }
                }
                return peer.readToEnd() != nil
            }
            let reply: Item = try await honest.unary("test/Echo", Item("meanwhile"))
            #expect(reply.key == "meanwhile")
            #expect(try await closed.value)
            await honest.close()
        }
    }

    @Test func `a thousand connections that say nothing do not slow an honest one`() async throws {
        try await withTLSServer(configuration: patient) { fixture in
            let honest = try fixture.client()
            let alone = try await Self.times(honest, count: 2000)
            let silent = try (0..<1000).map { _ in try RawSocket(port: fixture.port) }
            let among = try await Self.times(honest, count: 2000)
            print(
                "unary over TLS, alone: \(Self.text(alone)); beside \(silent.count) silent connections: \(Self.text(among))"
            )
            #expect(among.count == 2000)
            await honest.close()
        }
    }

    @Test func `a burst of 500 handshakes leaves the calls of others alone`() async throws {
        try await withTLSServer(configuration: patient) { fixture in
            let honest = try fixture.client()
            let _: Item = try await honest.unary("test/Echo", Item("x"))
            let isOver = Flag()
            let alone = try await Self.times(honest, count: 2000)
            async let calls = Self.times(honest, until: isOver)
            let start = ContinuousClock.now
            let loop = try EventLoop(name: "burst")
            let burst = HandshakeBurst(loop, port: fixture.port, count: 500, context: try TLSContext.client(.calling()))
            let failures = await burst.run()
            let duration = ContinuousClock.now - start
            isOver.set()
            let during = try await calls
            print(
                "500 handshakes in \(duration), \(failures) failed; unary alone: \(Self.text(alone)); meanwhile: \(Self.text(during))"
            )
            #expect(failures == 0)
            await loop.run { burst.close() }
            await loop.stop()
            await honest.close()
        }
    }

    @Test func `peers that vanish within the handshake leave nothing behind`() async throws {
        try await withTLSServer { fixture in
            let honest = try fixture.client()
            let _: Item = try await honest.unary("test/Echo", Item("x"))
            let before = Self.descriptors
            for count in 0..<200 {
                let peer = try RawSocket(port: fixture.port)
                _ = peer.send(Array(Self.beginning.prefix(count % Self.beginning.count)))
            }
            // Each call is a turn of a loop after the peers have gone.
            let end = ContinuousClock.now + .seconds(30)
            while Self.descriptors > before, ContinuousClock.now < end {
                let _: Item = try await honest.unary("test/Echo", Item("x"))
            }
            #expect(Self.descriptors <= before)
            await honest.close()
        }
    }

    @Test func `idle connections take little memory`() async throws {
        try await withTLSServer(configuration: patient) { fixture in
            let loop = try EventLoop(name: "idle")
            let context = try TLSContext.client(.calling())
            let warm = HandshakeBurst(loop, port: fixture.port, count: 50, context: context)
            #expect(await warm.run() == 0)
            let before = Self.residentBytes()
            let many = HandshakeBurst(loop, port: fixture.port, count: 1000, context: context)
            #expect(await many.run() == 0)
            let taken = Self.residentBytes() - before
            print("memory per idle TLS connection, server and client together: \(taken / 1000) bytes")
            await loop.run {
                warm.close()
                many.close()
            }
            await loop.stop()
        }
    }
}

/// Connections that shake hands, and then do nothing.
///
/// Concurrency: touched on its loop only.
private final class HandshakeBurst: @unchecked Sendable {
    private let loop: EventLoop
    private let port: UInt16
    private let count: Int
    private let context: TLSContext
    private var connectors: [StreamConnector] = []
    private var streams: [any ByteStream] = []
    private var failures = 0
    private var waiter: CheckedContinuation<Int, Never>?

    init(_ loop: EventLoop, port: UInt16, count: Int, context: TLSContext) {
        self.loop = loop
        self.port = port
        self.count = count
        self.context = context
    }

    /// How many failed.
    func run() async -> Int {
        await withCheckedContinuation { continuation in
            loop.perform { [self] in
                waiter = continuation
                guard let target = try? SocketAddress.resolve(host: "127.0.0.1", port: port).first else { return }
                for _ in 0..<count {
                    connectors.append(
                        StreamConnector(
                            loop: loop, address: .tls(host: "127.0.0.1", port: port), target: target,
                            timeout: .seconds(60), tls: context
                        ) { [self] result in finished(result) })
                }
            }
        }
    }

    private func finished(_ result: Result<any ByteStream, AddressError>) {
        switch result {
        case .success(let stream): streams.append(stream)
        case .failure: failures += 1
        }
        guard streams.count + failures == count else { return }
        waiter?.resume(returning: failures)
        waiter = nil
    }

    func close() {
        for stream in streams { stream.close() }
        streams = []
        connectors = []
    }
}
