import Foundation
import RPCTLS
import RPCTransport
import Testing

/// One end of a TLS connection, driven as a connection drives it, with random pieces.
private final class Pump {
    let stream: TLSStream
    private var random: SystemRandomNumberGenerator = .init()
    private let total: Int
    private let seed: UInt8
    private let peerSeed: UInt8
    private var made = 0
    private var unsent: [UInt8] = []
    private(set) var written = 0
    private(set) var received = 0
    private(set) var isIntact = true
    private(set) var hasEnded = false
    private(set) var failure: String?

    init(_ stream: TLSStream, total: Int, seed: UInt8, peerSeed: UInt8) {
        self.stream = stream
        self.total = total
        self.seed = seed
        self.peerSeed = peerSeed
    }

    var isDone: Bool { written == total && received == total }

    private static let period = 65_521
    /// Two periods of random bytes, so that each stretch of one is in one piece.
    private static let pattern: [UInt8] = {
        let once = (0..<period).map { _ in UInt8.random(in: 0...255) }
        return once + once
    }()

    private static func bytes(_ seed: UInt8, at position: Int, _ count: Int) -> ArraySlice<UInt8> {
        let start = (position + Int(seed) * 100) % period
        return pattern[start..<(start + min(count, period))]
    }

    func write() {
        // As much as is asked for again, differently cut each time, and something new behind it.
        let more = min(total - made, Int.random(in: 0...200_000) - unsent.count)
        if more > 0 {
            let fresh = Self.bytes(seed, at: made, more)
            unsent += fresh
            made += fresh.count
        }
        guard !unsent.isEmpty else { return }
        let offered = Int.random(in: 1...unsent.count)
        let result = unsent.withUnsafeMutableBytes { bytes in
            var vectors: [iovec] = []
            var start = 0
            while start < offered, vectors.count < 64 {
                let size = min(offered - start, Bool.random() ? Int.random(in: 0...40) : Int.random(in: 1...60_000))
                vectors.append(iovec(iov_base: bytes.baseAddress.map { $0 + start }, iov_len: size))
                start += size
            }
            return vectors.withUnsafeMutableBufferPointer { stream.write($0) }
        }
        switch result {
        case .bytes(let count):
            written += count
            unsent.removeFirst(count)
        case .wouldBlock: break
        case .endOfStream: hasEnded = true
        case .failed(let error): failure = "\(error)"
        case .rejected(let reason): failure = reason
        }
    }

    private func check(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes
        while !rest.isEmpty {
            let expected = Self.bytes(peerSeed, at: received, rest.count)
            let isEqual = expected.withUnsafeBytes { expected in
                guard let left = expected.baseAddress, let right = rest.baseAddress else { return true }
                return memcmp(left, right, expected.count) == 0
            }
            if !isEqual { isIntact = false }
            received += expected.count
            rest = UnsafeRawBufferPointer(rebasing: rest[expected.count...])
        }
    }

    func read(_ buffer: UnsafeMutableRawBufferPointer) {
        while true {
            switch stream.read(into: buffer) {
            case .bytes(let count):
                check(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                if count < buffer.count { return }
            case .wouldBlock: return
            case .endOfStream:
                hasEnded = true
                return
            case .failed(let error):
                failure = "\(error)"
                return
            case .rejected(let reason):
                failure = reason
                return
            }
        }
    }
}

@Suite("TLS on a socket")
struct TLSStreamTests {
    /// Two ends of a TCP connection with the least buffers that the system gives.
    private static func socketPair(buffers: Int32?) throws -> (SocketStream, SocketStream) {
        let listener = try SocketListener(.tcp(host: "127.0.0.1", port: 0), unixMode: 0o600)
        defer { listener.close() }
        guard case .tcp(_, let port) = listener.address else { throw CocoaError(.fileReadUnknown) }
        func shrink(_ descriptor: Int32) {
            guard var size = buffers else { return }
            setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<Int32>.size))
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        shrink(listener.descriptor)
        let client = try RawSocket(port: port)
        let near = dup(client.descriptor)
        _ = fcntl(near, F_SETFL, O_NONBLOCK)
        shrink(near)
        var poll = pollfd(fd: listener.descriptor, events: Int16(POLLIN), revents: 0)
        _ = Foundation.poll(&poll, 1, 5000)
        guard case .socket(let far, _) = listener.accept() else { throw CocoaError(.fileReadUnknown) }
        shrink(far)
        return (SocketStream(owning: near), SocketStream(owning: far))
    }

    /// Two ends that send to each other. On one loop, in many turns of it.
    private final class Exchange: @unchecked Sendable {
        let loop: EventLoop
        let server: Pump
        let client: Pump
        let buffer: UnsafeMutableRawBufferPointer

        init(_ loop: EventLoop, _ version: TLSVersion, bytes: Int, buffers: Int32?, readBytes: Int) throws {
            let serving = try TLSContext.server(.serving())
            serving.limit(to: version)
            let (near, far) = try socketPair(buffers: buffers)
            self.loop = loop
            server = Pump(TLSStream(accepting: far, serving, loop: loop), total: bytes, seed: 3, peerSeed: 90)
            let calling = try TLSContext.client(.calling())
            client = Pump(
                try TLSStream(connecting: near, to: "localhost", calling, loop: loop), total: bytes, seed: 90,
                peerSeed: 3)
            buffer = .allocate(byteCount: readBytes, alignment: 16)
        }

        deinit { buffer.deallocate() }

        var isDone: Bool { server.isDone && client.isDone }
        var failures: [String] { [server.failure, client.failure].compactMap { $0 } }

        func run() {
            for _ in 0..<20 {
                for pump in [server, client].shuffled() {
                    pump.stream.flush()
                    if Bool.random() { pump.write() }
                    if Int.random(in: 0..<3) > 0 { pump.read(buffer) }
                }
            }
        }
    }

    private static func exchange(_ version: TLSVersion, bytes: Int, buffers: Int32?, readBytes: Int) async throws {
        let loop = try EventLoop(name: "tls-test")
        let made = await loop.run {
            Result { try Exchange(loop, version, bytes: bytes, buffers: buffers, readBytes: readBytes) }
        }
        let exchange = try made.get()
        let end = ContinuousClock.now + .seconds(300)
        while ContinuousClock.now < end,
            await loop.run({ () -> Bool in
                exchange.run()
                return !exchange.isDone && exchange.failures.isEmpty
            })
        {}
        let (failures, isDone) = await loop.run { (exchange.failures, exchange.isDone) }
        #expect(failures == [])
        #expect(isDone)
        let hasEnded = await loop.run { () -> Bool in
            exchange.client.stream.finishWriting()
            while !exchange.server.hasEnded, exchange.failures.isEmpty, ContinuousClock.now < end {
                exchange.server.read(exchange.buffer)
            }
            defer { for pump in [exchange.server, exchange.client] { pump.stream.close() } }
            return exchange.server.hasEnded && exchange.server.isIntact && exchange.client.isIntact
        }
        #expect(hasEnded)
        await loop.stop()
    }

    @Test(arguments: TLSVersion.allCases, [2304, 20_000, nil] as [Int32?])
    func `bytes arrive whole and in order with both directions full and any cut`(
        _ version: TLSVersion, _ buffers: Int32?
    ) async throws {
        try await Self.exchange(
            version, bytes: buffers == 2304 ? 300_000 : 3_000_000, buffers: buffers, readBytes: 256 * 1024)
    }

    @Test(arguments: [1000, 5000, 40_000])
    func `a read buffer smaller than a record loses nothing`(_ readBytes: Int) async throws {
        try await Self.exchange(.tls13, bytes: 500_000, buffers: nil, readBytes: readBytes)
    }
}
