internal import COpenSSL
internal import Glibc
internal import RPCTransport
internal import RPCWire

extension TLSStream {
    func handshake(_ input: UnsafeRawBufferPointer, _ buffer: UnsafeMutableRawBufferPointer) -> IOResult {
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

    func explain(_ error: OpenSSLError, _ session: TLSSession) -> String {
        TLSRefusal(error, session, context.role).text
    }
}
