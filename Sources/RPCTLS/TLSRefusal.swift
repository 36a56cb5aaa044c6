internal import COpenSSL

/// Why a handshake, or an encrypted connection, failed: what is wrong and what to do.
struct TLSRefusal {
    let text: String

    init(_ error: OpenSSLError, _ session: TLSSession, _ role: TLSContext.Role) {
        if let alert = error.alert {
            text = Self.received(alert, error, role)
        } else if error.reasonCode == SSL_R_CERTIFICATE_VERIFY_FAILED {
            text = Self.untrusted(session, role)
        } else if error.reasonCode == SSL_R_NO_APPLICATION_PROTOCOL {
            text = "the peer does not offer stt/1 by ALPN"
        } else if error.reasonCode == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE {
            text = "the client gave no certificate"
        } else {
            text = "TLS failed: \(error.reason)"
        }
    }

    private static func untrusted(_ session: TLSSession, _ role: TLSContext.Role) -> String {
        let whose = role == .client ? "server's" : "client's"
        let certificate = session.refusedCertificate
        let result = session.verifyResult
        switch Int32(truncatingIfNeeded: result) {
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
            return """
                the \(whose) certificate is for \(certificate?.namesText ?? "another name"), not for the name it was \
                reached by: use a name that it carries, or say which one to expect (--tls-server-name)
                """
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return "the \(whose) certificate has expired\(certificate.map { " on \($0.expiry)" } ?? "")"
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return "the \(whose) certificate is not valid yet: are the clocks right?"
        default:
            let reason = X509_verify_cert_error_string(result).map { String(cString: $0) } ?? "error \(result)"
            let advice = role == .client ? "; name its authority (--tls-ca)" : ""
            return "the \(whose) certificate is not trusted: \(reason)\(advice)"
        }
    }

    /// What the peer said.
    private static func received(_ alert: Int32, _ error: OpenSSLError, _ role: TLSContext.Role) -> String {
        let peer = role == .client ? "server" : "client"
        switch (alert, role) {
        case (SSL_AD_CERTIFICATE_REQUIRED, .client):
            return "the server wants a certificate from this client: name one (--tls-cert, --tls-key)"
        case (SSL_AD_UNKNOWN_CA, .client), (SSL_AD_BAD_CERTIFICATE, .client), (SSL_AD_CERTIFICATE_UNKNOWN, .client),
            (SSL_AD_UNSUPPORTED_CERTIFICATE, .client):
            return
                "the server does not trust this client's certificate: name one that its authority signed (--tls-cert)"
        case (SSL_AD_CERTIFICATE_EXPIRED, .client): return "this client's certificate has expired: renew it"
        case (SSL_AD_CERTIFICATE_REVOKED, .client): return "this client's certificate was revoked"
        case (SSL_AD_NO_APPLICATION_PROTOCOL, _): return "the \(peer) does not speak stt/1 (ALPN)"
        case (SSL_AD_UNKNOWN_CA, .server), (SSL_AD_BAD_CERTIFICATE, .server), (SSL_AD_CERTIFICATE_UNKNOWN, .server),
            (SSL_AD_CERTIFICATE_EXPIRED, .server):
            return "the client does not accept the server's certificate: \(error.reason)"
        default: return "the \(peer) ended TLS: \(error.reason)"
        }
    }
}
