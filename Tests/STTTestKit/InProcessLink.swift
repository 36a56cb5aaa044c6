import Foundation
import Synchronization

/// Connects a client and a server of one process, without a listener, and fails on the way as it is told.
///
/// An event loop waits for descriptors, so each connection is two socket pairs with two threads between them, one for each
/// direction, which pass on what they read.
///
/// Concurrency: any task; a mutex protects the connections.
public final class InProcessLink: Sendable {
    /// What happens to further connections.
    public struct Faults: Sendable {
        /// So many bytes are passed on at a time.
        public var pieceBytes = 64 * 1024
        /// Each piece waits for this long.
        public var delay = Duration.zero
        /// Both directions end once the client's side has sent so many bytes; those are passed on.
        public var cutAfterBytesFromClient: Int?
        /// The same for the server's side.
        public var cutAfterBytesFromServer: Int?

        public init() {}
    }

    private struct State {
        var faults: Faults
        var relays: [Relay] = []
    }

    private let state: Mutex<State>

    public init(_ faults: Faults = Faults()) {
        state = Mutex(State(faults: faults))
    }

    deinit { cut() }

    public func setFaults(_ faults: Faults) { state.withLock { $0.faults = faults } }

    /// Makes a connection.
    ///
    /// - Returns: The ends, connected and non-blocking; whoever takes one closes it.
    public func connect() throws -> (client: Int32, server: Int32) {
        let (client, clientSide) = try Self.pair()
        let (server, serverSide) = try Self.pair()
        let relay = state.withLock { state in
            let relay = Relay(clientSide, serverSide, state.faults)
            state.relays.append(relay)
            return relay
        }
        relay.start()
        return (client, server)
    }

    /// What each end sends from now on is lost, and no connection ends: as when a cable is pulled.
    public func swallow() {
        for relay in state.withLock(\.relays) { relay.isSwallowing.store(true, ordering: .sequentiallyConsistent) }
    }

    /// Ends all connections.
    public func cut() {
        for relay in state.withLock(\.relays) { relay.cut() }
    }

    /// Bytes that passed on the last connection.
    public var lastCounts: (fromClient: Int, fromServer: Int) {
        guard let relay = state.withLock({ $0.relays.last }) else { return (0, 0) }
        return (
            relay.counts.fromClient.load(ordering: .relaxed), relay.counts.fromServer.load(ordering: .relaxed)
        )
    }

    public var connectionCount: Int { state.withLock { $0.relays.count } }

    private static func pair() throws -> (outer: Int32, inner: Int32) {
        var descriptors: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &descriptors) == 0
        else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EMFILE) }
        _ = fcntl(descriptors[0], F_SETFL, O_NONBLOCK)
        return (descriptors[0], descriptors[1])
    }
}

/// The two threads of a connection.
///
/// Concurrency: the descriptors are closed when the second thread has ended, under the mutex that `cut` takes, too.
private final class Relay: Sendable {
    final class Counts: Sendable {
        let fromClient = Atomic(0)
        let fromServer = Atomic(0)
    }

    let counts = Counts()
    let isSwallowing = Atomic(false)
    private let client: Int32
    private let server: Int32
    private let faults: InProcessLink.Faults
    private let running = Mutex(2)

    init(_ client: Int32, _ server: Int32, _ faults: InProcessLink.Faults) {
        self.client = client
        self.server = server
        self.faults = faults
    }

    func start() {
        Thread.detachNewThread { [self] in
            pass(from: client, to: server, cutAfter: faults.cutAfterBytesFromClient) {
                self.counts.fromClient.add($0, ordering: .relaxed)
            }
        }
        Thread.detachNewThread { [self] in
            pass(from: server, to: client, cutAfter: faults.cutAfterBytesFromServer) {
                self.counts.fromServer.add($0, ordering: .relaxed)
            }
        }
    }

    func cut() {
        running.withLock { running in
            guard running > 0 else { return }
            shutdown(client, Int32(SHUT_RDWR))
            shutdown(server, Int32(SHUT_RDWR))
        }
    }

    private func pass(from source: Int32, to target: Int32, cutAfter limit: Int?, count: (Int) -> Void) {
        var buffer = [UInt8](repeating: 0, count: max(1, faults.pieceBytes))
        var left = limit ?? .max
        while left > 0 {
            let length = recv(source, &buffer, min(buffer.count, left), 0)
            guard length > 0 else { break }
            left -= length
            if faults.delay > .zero { usleep(UInt32(faults.delay / .microseconds(1))) }
            if isSwallowing.load(ordering: .sequentiallyConsistent) { continue }
            // Before they arrive, for whoever gets them may ask at once.
            count(length)
            guard write(buffer[..<length], to: target) else { break }
        }
        if left == 0 {
            cut()
        } else if !isSwallowing.load(ordering: .sequentiallyConsistent) {
            shutdown(target, Int32(SHUT_WR))
        }
        running.withLock { running in
            running -= 1
            guard running == 0 else { return }
            close(client)
            close(server)
        }
    }

    private func write(_ bytes: ArraySlice<UInt8>, to target: Int32) -> Bool {
        bytes.withUnsafeBytes { bytes in
            var sent = 0
            while sent < bytes.count {
                let length = send(
                    target, UnsafeRawBufferPointer(rebasing: bytes[sent...]).baseAddress, bytes.count - sent,
                    Int32(MSG_NOSIGNAL))
                guard length > 0 else { return false }
                sent += length
            }
            return true
        }
    }
}
