internal import COpenSSL

/// Certificates, keys and rules of one side, loaded and checked.
///
/// TLS 1.2 and 1.3 with forward secrecy only, no renegotiation, no compression, no session tickets; both sides must offer
/// `stt/1` by ALPN.
///
/// Concurrency: immutable. Sessions are made of it on any thread; OpenSSL counts its references atomically.
public final class TLSContext: @unchecked Sendable {
    package enum Role: Sendable {
        case client
        case server
    }

    let handle: OpaquePointer
    package let role: Role
    public let configuration: TLSConfiguration
    /// The side's own certificate, where it has one.
    public let certificate: CertificateSummary?

    /// Days before a certificate's end at which ``warning`` speaks up.
    public static let warningDays = 14

    /// - Throws: ``TLSError`` where a file cannot be used, or no certificate and key are named.
    public static func server(_ configuration: TLSConfiguration) throws(TLSError) -> TLSContext {
        guard configuration.certificateChainFile != nil else {
            throw TLSError(.incomplete, "a server of TLS needs a certificate and its key; none is named")
        }
        return try TLSContext(configuration, .server)
    }

    /// - Throws: ``TLSError`` where a file cannot be used.
    public static func client(_ configuration: TLSConfiguration) throws(TLSError) -> TLSContext {
        try TLSContext(configuration, .client)
    }

    private init(_ configuration: TLSConfiguration, _ role: Role) throws(TLSError) {
        ERR_clear_error()
        guard let handle = SSL_CTX_new(role == .server ? TLS_server_method() : TLS_client_method()) else {
            throw TLSError(.unsupported, "OpenSSL cannot be used: \(OpenSSLError.take().reason)")
        }
        do throws(TLSError) {
            guard stt_tls_prepare(handle, role == .server ? 1 : 0) == 1 else {
                throw TLSError(.unsupported, "OpenSSL lacks what is needed: \(OpenSSLError.take().reason)")
            }
            certificate = try CredentialFiles(configuration, handle).load(role)
        } catch {
            SSL_CTX_free(handle)
            throw error
        }
        self.handle = handle
        self.role = role
        self.configuration = configuration
    }

    deinit { SSL_CTX_free(handle) }

    /// What will soon have to be done; nil: nothing.
    public var warning: String? {
        guard let certificate, let file = configuration.certificateChainFile, certificate.daysLeft < Self.warningDays
        else { return nil }
        return "the certificate in \(file) expires on \(certificate.expiry): renew it"
    }

    /// For tests: one version of the protocol only.
    package func limit(to version: TLSVersion) {
        let number = version == .tls12 ? TLS1_2_VERSION : TLS1_3_VERSION
        _ = stt_tls_set_versions(handle, number, number)
    }
}

package enum TLSVersion: Sendable, CaseIterable {
    case tls12
    case tls13
}
