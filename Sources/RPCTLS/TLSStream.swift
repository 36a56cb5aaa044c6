internal import COpenSSL
internal import Glibc
package import RPCTransport

/// TLS over a non-blocking socket.
///
/// OpenSSL sees memory only. A read takes from the socket at once what fits, and decrypts all of it, so that nothing is left
/// behind that epoll does not tell of. A write encrypts up to 64 KiB of records and sends them together; the ciphertext that
/// the socket does not take is kept here, and its plaintext counts as written only when the last byte of it has gone. So the
/// connection's own account of unsent output holds for both.
///
/// Concurrency: belongs to one event loop.
package final class TLSStream: ByteStream {
    enum Phase {
        case handshake
        case open
        /// The peer has been refused. What it sends is dropped.
        case refused
    }

    /// A record that was begun may be completed on top of what a read brings.
    static let unfinishedBytes = TLSLoopState.recordBytes + 1024
    /// A peer that makes us send more than this without reading it is refused.
    static let mostPendingBytes = 256 * 1024

    package var descriptor: Int32 { socket.descriptor }
    /// Server: who the client is, once its certificate has been verified.
    package internal(set) var peerCredentials = PeerCredentials.none

    let socket: SocketStream
    let context: TLSContext
    let loop: EventLoop
    let shared: TLSLoopState
    var session: TLSSession?
    var phase = Phase.handshake
    /// Ciphertext that the socket did not take.
    var pending: [UInt8] = []
    var pendingStart = 0
    /// So much plaintext is in `pending` that was not yet said to be written.
    var owed = 0
    /// Ciphertext that came with the end of a client's handshake, or that a small read buffer had no room for.
    var leftover: [UInt8] = []
    var hasSeenRecord = false
    /// The socket gave all that there was room for, so it may have more.
    var hasFilledInput = false
    /// What a read has to say that brought bytes before it.
    var ending: IOResult?

    /// Server: waits for a client's handshake. Takes no memory for it before its first byte.
    package init(accepting socket: SocketStream, _ context: TLSContext, loop: EventLoop) {
        self.socket = socket
        self.context = context
        self.loop = loop
        shared = TLSLoopState.of(loop)
    }

    /// Client: begins a handshake.
    ///
    /// - Parameter name: Host name or numeric address that the server's certificate must carry.
    /// - Throws: ``TLSError`` where there is no memory or the name is none.
    package init(
        connecting socket: SocketStream, to name: String, _ context: TLSContext, loop: EventLoop
    ) throws(TLSError) {
        self.socket = socket
        self.context = context
        self.loop = loop
        shared = TLSLoopState.of(loop)
        guard let session = TLSSession(context) else { throw TLSError(.unsupported, "no memory for a TLS session") }
        guard session.expect(name) else { throw TLSError(.unsupported, "\"\(name)\" is no name that TLS can verify") }
        self.session = session
        // The first flight; its answer is read as it comes.
        exchange(session) { _ = session.shakeHands() }
    }

    package var isEstablished: Bool { phase == .open }

    package var hasBufferedInput: Bool { !leftover.isEmpty }

    package func awaitsWritable(hasOutput: Bool) -> Bool { !pending.isEmpty || (hasOutput && phase == .open) }

    /// Runs OpenSSL with room for what it wants to send, and sends that.
    func exchange<R>(_ session: TLSSession, _ body: () -> R) -> R {
        session.channel.pointee.output = shared.output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        session.channel.pointee.output_capacity = shared.output.count
        session.channel.pointee.output_count = 0
        let result = body()
        let made = UnsafeRawBufferPointer(rebasing: shared.output[..<session.channel.pointee.output_count])
        session.channel.pointee.output_capacity = 0
        session.channel.pointee.output_count = 0
        if !made.isEmpty {
            if pending.isEmpty { keep(made, after: sendNow(made).sent) } else { pending.append(contentsOf: made) }
        }
        return result
    }

    func sendNow(_ bytes: UnsafeRawBufferPointer) -> (sent: Int, SystemError?) {
        var vector = iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
        let result = withUnsafeMutablePointer(to: &vector) {
            socket.write(UnsafeMutableBufferPointer(start: $0, count: 1))
        }
        switch result {
        case .bytes(let count): return (count, nil)
        case .failed(let error): return (0, error)
        case .wouldBlock, .endOfStream, .rejected: return (0, nil)
        }
    }

    func keep(_ bytes: UnsafeRawBufferPointer, after sent: Int) {
        guard sent < bytes.count else { return }
        pending = Array(bytes[sent...])
        pendingStart = 0
    }

    func flushPending() -> SystemError? {
        let (sent, error) = pending.withUnsafeBytes { sendNow(UnsafeRawBufferPointer(rebasing: $0[pendingStart...])) }
        pendingStart += sent
        if pendingStart == pending.count {
            pending = []
            pendingStart = 0
        }
        return error
    }

    package func flush() {
        // An error shows again when the connection reads or writes.
        if !pending.isEmpty { _ = flushPending() }
    }

    package func finishWriting() {
        if let session, phase == .open, pending.isEmpty { exchange(session) { session.sendCloseNotify() } }
        socket.finishWriting()
    }

    package func close() {
        forget()
        socket.close()
    }

    package func abort() {
        forget()
        socket.abort()
    }

    package var unacknowledgedBytes: Int? { socket.unacknowledgedBytes }

    private func forget() {
        session = nil
        pending = []
        leftover = []
    }
}
