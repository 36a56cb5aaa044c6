internal import RPCTransport

/// What the TLS connections of one event loop share: room for ciphertext during one call, and the time that handshakes
/// have taken in this turn.
///
/// Concurrency: touched on the loop only.
final class TLSLoopState {
    /// Ciphertext as it came from a socket. Little enough that it is in the cache still when it is decrypted.
    static let inputBytes = 64 * 1024
    /// Plaintext that is encrypted before it is sent; what the socket does not take of it is kept by the connection.
    static let roundBytes = 64 * 1024
    static let recordBytes = 16 * 1024
    /// Records have a header and a tag each. Small ones that a peer asked for have many.
    private static let outputBytes = roundBytes + 16 * 1024
    /// Handshakes get so much of a turn. They cost a hundred times what a call costs.
    private static let handshakeNanoseconds: UInt64 = 2_000_000

    let input: UnsafeMutableRawBufferPointer
    let output: UnsafeMutableRawBufferPointer
    /// Where small pieces of output become a record.
    let record: UnsafeMutableRawBufferPointer
    private let storage: UnsafeMutableRawBufferPointer
    private var turn: UInt64 = 0
    private var spent: UInt64 = 0

    private init() {
        storage = .allocate(byteCount: Self.inputBytes + Self.outputBytes + Self.recordBytes, alignment: 64)
        input = UnsafeMutableRawBufferPointer(rebasing: storage[..<Self.inputBytes])
        output = UnsafeMutableRawBufferPointer(rebasing: storage[Self.inputBytes...].prefix(Self.outputBytes))
        record = UnsafeMutableRawBufferPointer(rebasing: storage.suffix(Self.recordBytes))
    }

    deinit { storage.deallocate() }

    static func of(_ loop: EventLoop) -> TLSLoopState {
        if let state = loop.cipherState as? TLSLoopState { return state }
        let state = TLSLoopState()
        loop.cipherState = state
        return state
    }

    /// Whether a handshake may go on in this turn, which began at `now`.
    func mayShakeHands(_ now: UInt64) -> Bool {
        if turn != now {
            turn = now
            spent = 0
        }
        return spent < Self.handshakeNanoseconds
    }

    func countHandshake(since start: UInt64) {
        spent += MonotonicClock.now() - start
    }
}
