internal import COpenSSL
private import Glibc

/// OpenSSL's half of a connection: turns bytes of a channel into plaintext and back, and touches no socket.
///
/// Concurrency: belongs to one event loop.
final class TLSSession {
    enum Step {
        case done
        /// Nothing more without more input.
        case needsInput
        case failed(OpenSSLError)
    }

    /// What reading brought, and what follows it.
    struct Received {
        enum Next {
            case needsInput
            case noRoom
            /// The peer's close_notify.
            case end
            case failed(OpenSSLError)
        }

        var count = 0
        var next: Next
    }

    // Made once, immutable from then on, and never freed.
    private nonisolated(unsafe) static let method = stt_tls_bio_method()

    let channel: UnsafeMutablePointer<stt_tls_channel>
    private let ssl: OpaquePointer

    /// nil where there is no memory.
    init?(_ context: TLSContext) {
        ERR_clear_error()
        guard let ssl = SSL_new(context.handle) else { return nil }
        channel = .allocate(capacity: 1)
        channel.initialize(to: stt_tls_channel())
        self.ssl = ssl
        guard let method = Self.method, stt_tls_attach(ssl, method, channel) == 1 else { return nil }
        if context.role == .server { SSL_set_accept_state(ssl) } else { SSL_set_connect_state(ssl) }
    }

    deinit {
        SSL_free(ssl)
        X509_free(channel.pointee.refused)
        channel.deallocate()
    }

    /// Client: whom the server's certificate must name. A numeric address is looked for among the certificate's addresses.
    func expect(_ name: String) -> Bool {
        let parameters = SSL_get0_param(ssl)
        if X509_VERIFY_PARAM_set1_ip_asc(parameters, name) == 1 { return true }
        ERR_clear_error()
        X509_VERIFY_PARAM_set_hostflags(
            parameters, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT))
        return SSL_set1_host(ssl, name) == 1 && stt_tls_set_sni(ssl, name) == 1
    }

    func shakeHands() -> Step {
        ERR_clear_error()
        let result = SSL_do_handshake(ssl)
        if result == 1 { return .done }
        return SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ ? .needsInput : .failed(OpenSSLError.take())
    }

    /// Decrypts what the channel holds.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Received {
        var total = 0
        while total < buffer.count {
            ERR_clear_error()
            var count = 0
            let result = SSL_read_ex(ssl, buffer.baseAddress.map { $0 + total }, buffer.count - total, &count)
            if result == 1 {
                total += count
                continue
            }
            switch SSL_get_error(ssl, result) {
            case SSL_ERROR_WANT_READ: return Received(count: total, next: .needsInput)
            case SSL_ERROR_ZERO_RETURN: return Received(count: total, next: .end)
            default: return Received(count: total, next: .failed(OpenSSLError.take()))
            }
        }
        return Received(count: total, next: .noRoom)
    }

    /// Encrypts one record's worth. False where the session is broken.
    func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
        ERR_clear_error()
        var count = 0
        return SSL_write_ex(ssl, bytes.baseAddress, bytes.count, &count) == 1 && count == bytes.count
    }

    /// Plaintext of a record that a small buffer had no room for.
    var hasPlaintext: Bool { SSL_pending(ssl) > 0 }

    func sendCloseNotify() {
        ERR_clear_error()
        SSL_shutdown(ssl)
        ERR_clear_error()
    }

    var hasAgreedOnProtocol: Bool { stt_tls_has_alpn(ssl) == 1 }

    /// The peer's certificate, after the handshake.
    var peerCertificate: CertificateSummary? {
        SSL_get0_peer_certificate(ssl).map { CertificateSummary($0) }
    }

    var isPeerVerified: Bool {
        SSL_get_verify_mode(ssl) & SSL_VERIFY_PEER != 0 && SSL_get_verify_result(ssl) == X509_V_OK
    }

    /// The peer's certificate, where it was refused.
    var refusedCertificate: CertificateSummary? { channel.pointee.refused.map { CertificateSummary($0) } }

    /// `X509_V_…` of the peer's certificate.
    var verifyResult: Int { SSL_get_verify_result(ssl) }
}
