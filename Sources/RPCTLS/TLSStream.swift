internal import COpenSSL
package import Glibc
package import RPCTransport
private import RPCWire

/// TLS over a non-blocking socket.
///
/// OpenSSL sees memory only. A read takes from the socket at once what fits, and decrypts all of it, so that nothing is left
/// behind that epoll does not tell of. A write encrypts up to 64 KiB of records and sends them together; the ciphertext that
/// the socket does not take is kept here, and its plaintext counts as written only when the last byte of it has gone. So the
/// connection's own account of unsent output holds for both.
///
/// Concurrency: belongs to one event loop.
package final class TLSStream: ByteStream {
    private enum Phase {
        case handshake
        case open
        /// The peer has been refused. What it sends is dropped.
        case refused
    }

    /// A record that was begun may be completed on top of what a read brings.
    private static let unfinishedBytes = TLSLoopState.recordBytes + 1024
    /// A peer that makes us send more than this without reading it is refused.
    private static let mostPendingBytes = 256 * 1024

    package var descriptor: Int32 { socket.descriptor }
    /// Server: who the client is, once its certificate has been verified.
    package private(set) var peerCredentials = PeerCredentials.none

    private let socket: SocketStream
    private let context: TLSContext
    private let loop: EventLoop
    private let shared: TLSLoopState
    private var session: TLSSession?
    private var phase = Phase.handshake
    /// Ciphertext that the socket did not take.
    private var pending: [UInt8] = []
    private var pendingStart = 0
    /// So much plaintext is in `pending` that was not yet said to be written.
    private var owed = 0
    /// Ciphertext that came with the end of a client's handshake, or that a small read buffer had no room for.
    private var leftover: [UInt8] = []
    private var hasSeenRecord = false
    /// The socket gave all that there was room for, so it may have more.
    private var hasFilledInput = false
    /// What a read has to say that brought bytes before it.
    private var ending: IOResult?

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
    private func exchange<R>(_ session: TLSSession, _ body: () -> R) -> R {
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

    // Reading.

    package func read(into buffer: UnsafeMutableRawBufferPointer) -> IOResult {
        if let ending { return ending }
        if phase == .refused { return socket.read(into: buffer) }
        if phase == .handshake, !shared.mayShakeHands(loop.now) { return .wouldBlock }
        var total = 0
        while true {
            let wasHandshake = phase == .handshake
            switch readOnce(into: UnsafeMutableRawBufferPointer(rebasing: buffer[total...])) {
            case .bytes(let count): total += count
            case .wouldBlock where total > 0: return .bytes(total)
            case let other: return after(total, other)
            }
            let left = buffer.count - total
            guard hasFilledInput, !wasHandshake, ending == nil, left >= TLSLoopState.inputBytes + Self.unfinishedBytes
            else { return .bytes(total) }
        }
    }

    private func readOnce(into buffer: UnsafeMutableRawBufferPointer) -> IOResult {
        switch takeInput(room: max(buffer.count - Self.unfinishedBytes, 1024)) {
        case .bytes(let count):
            let input = UnsafeRawBufferPointer(rebasing: shared.input[..<count])
            return phase == .handshake ? handshake(input, buffer) : decrypt(input, into: buffer)
        case .endOfStream where phase == .handshake:
            return .failed(SystemError("TLS handshake", code: ECONNRESET))
        case let other: return other
        }
    }

    /// Puts what a small buffer left over, or what the socket has, into the shared room.
    private func takeInput(room: Int) -> IOResult {
        hasFilledInput = false
        let input = UnsafeMutableRawBufferPointer(rebasing: shared.input[..<min(room, shared.input.count)])
        if leftover.isEmpty {
            if session?.hasPlaintext == true { return .bytes(0) }
            let result = socket.read(into: input)
            if case .bytes(input.count) = result { hasFilledInput = true }
            return result
        }
        let count = min(leftover.count, input.count)
        input.copyBytes(from: leftover[..<count])
        leftover.removeFirst(count)
        return .bytes(count)
    }

    private func decrypt(_ input: UnsafeRawBufferPointer, into buffer: UnsafeMutableRawBufferPointer) -> IOResult {
        guard let session else { return .endOfStream }
        session.channel.pointee.input = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        session.channel.pointee.input_count = input.count
        let received = exchange(session) { session.read(into: buffer) }
        let rest = session.channel.pointee.input_count
        session.channel.pointee.input_count = 0
        switch received.next {
        case .needsInput:
            guard pending.count - pendingStart <= Self.mostPendingBytes else {
                return after(received.count, refuse("the peer does not read what TLS has to answer"))
            }
            return received.count > 0 ? .bytes(received.count) : .wouldBlock
        case .noRoom:
            if rest > 0 { leftover.insert(contentsOf: input.suffix(rest), at: 0) }
            return .bytes(received.count)
        case .end: return after(received.count, .endOfStream)
        case .failed(let error): return after(received.count, refuse(explain(error, session)))
        }
    }

    /// Says how it ended only once the bytes before it have been taken; the descriptor stays readable for that.
    private func after(_ count: Int, _ result: IOResult) -> IOResult {
        guard count > 0 else { return result }
        ending = result
        shutdown(descriptor, Int32(SHUT_RD))
        return .bytes(count)
    }

    private func refuse(_ reason: String) -> IOResult {
        phase = .refused
        return .rejected(reason)
    }

    // The handshake.

    private func handshake(_ input: UnsafeRawBufferPointer, _ buffer: UnsafeMutableRawBufferPointer) -> IOResult {
        let start = MonotonicClock.now()
        defer { shared.countHandshake(since: start) }
        if let refusal = refuseWithoutTLS(input) { return refusal }
        if session == nil { session = TLSSession(context) }
        guard let session else { return .failed(SystemError("SSL_new", code: ENOMEM)) }
        session.channel.pointee.input = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        session.channel.pointee.input_count = input.count
        let step = exchange(session) { session.shakeHands() }
        switch step {
        case .needsInput: return .wouldBlock
        case .failed(let error):
            session.channel.pointee.input_count = 0
            return refuse(explain(error, session))
        case .done: break
        }
        guard session.hasAgreedOnProtocol else {
            return refuse("the peer does not speak stt/1: it did not agree to that by ALPN")
        }
        phase = .open
        if context.role == .server, session.isPeerVerified, let certificate = session.peerCertificate {
            peerCredentials = .certificate(commonName: certificate.commonName, names: certificate.names)
        }
        let rest = UnsafeRawBufferPointer(rebasing: input.suffix(session.channel.pointee.input_count))
        if context.role == .server { return decrypt(rest, into: buffer) }
        // The connection that is to read it has yet to be made.
        leftover = Array(rest)
        session.channel.pointee.input_count = 0
        return .wouldBlock
    }

    /// A peer that speaks the protocol without TLS is told in its own terms.
    private func refuseWithoutTLS(_ input: UnsafeRawBufferPointer) -> IOResult? {
        guard session == nil || context.role == .client, let first = input.first else { return nil }
        switch context.role {
        case .server:
            guard first == WireProtocol.preface[0] else { return nil }
            let farewell = goAwayFrame(.protocolError, "this port speaks TLS: use an address that begins with stts://")
            farewell.withUnsafeBytes { _ = sendNow($0) }
            return refuse("the client does not speak TLS")
        case .client:
            // Handshake and alert; a record of another type cannot be the first.
            if !hasSeenRecord, first != 0x16, first != 0x15 {
                return refuse("the server does not speak TLS there: use an address that begins with stt://")
            }
            hasSeenRecord = true
            return nil
        }
    }

    private func explain(_ error: OpenSSLError, _ session: TLSSession) -> String {
        TLSRefusal(error, session, context.role).text
    }

    // Writing.

    package func write(_ vectors: UnsafeMutableBufferPointer<iovec>) -> IOResult {
        guard phase == .open, let session else {
            return phase == .refused ? .failed(SystemError("write", code: EPIPE)) : .wouldBlock
        }
        if !pending.isEmpty {
            let before = pendingStart
            if let error = flushPending() { return .failed(error) }
            if !pending.isEmpty { return pendingStart > before ? .bytes(0) : .wouldBlock }
        }
        var cursor = VectorCursor(vectors)
        var written = min(owed, cursor.left)
        owed -= written
        cursor.skip(written)
        guard owed == 0 else { return .bytes(written) }
        while cursor.left > 0 {
            let (count, result) = writeRound(&cursor, session)
            switch result {
            case .bytes: written += count
            case .wouldBlock:
                owed = count
                return written > 0 ? .bytes(written) : .wouldBlock
            case let other: return other
            }
        }
        return .bytes(written)
    }

    /// Encrypts some records and sends them. `.wouldBlock`: the socket did not take all of it.
    private func writeRound(_ cursor: inout VectorCursor, _ session: TLSSession) -> (plaintext: Int, IOResult) {
        session.channel.pointee.output = shared.output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        session.channel.pointee.output_capacity = shared.output.count
        session.channel.pointee.output_count = 0
        defer { session.channel.pointee.output_capacity = 0 }
        var plaintext = 0
        while plaintext < TLSLoopState.roundBytes, cursor.left > 0 {
            let bytes = cursor.next(gatheringInto: shared.record)
            guard session.write(bytes) else { return (0, refuse("cannot encrypt: \(OpenSSLError.take().reason)")) }
            plaintext += bytes.count
        }
        let made = UnsafeRawBufferPointer(rebasing: shared.output[..<session.channel.pointee.output_count])
        let (sent, error) = sendNow(made)
        if let error { return (0, .failed(error)) }
        if sent == made.count { return (plaintext, .bytes(plaintext)) }
        keep(made, after: sent)
        return (plaintext, .wouldBlock)
    }

    private func sendNow(_ bytes: UnsafeRawBufferPointer) -> (sent: Int, SystemError?) {
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

    private func keep(_ bytes: UnsafeRawBufferPointer, after sent: Int) {
        guard sent < bytes.count else { return }
        pending = Array(bytes[sent...])
        pendingStart = 0
    }

    private func flushPending() -> SystemError? {
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
        session = nil
        pending = []
        leftover = []
        socket.close()
    }
}
