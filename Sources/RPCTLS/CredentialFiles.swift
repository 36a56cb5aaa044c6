internal import COpenSSL
private import Glibc

/// Loads the files of a configuration into a context, and says what is wrong with them.
struct CredentialFiles {
    private let configuration: TLSConfiguration
    private let handle: OpaquePointer

    init(_ configuration: TLSConfiguration, _ handle: OpaquePointer) {
        self.configuration = configuration
        self.handle = handle
    }

    /// - Returns: The side's own certificate, where it has one.
    func load(_ role: TLSContext.Role) throws(TLSError) -> CertificateSummary? {
        let summary = try loadCertificate()
        try loadRoots(role)
        return summary
    }

    private func loadCertificate() throws(TLSError) -> CertificateSummary? {
        switch (configuration.certificateChainFile, configuration.privateKeyFile) {
        case (nil, nil): return nil
        case (let chain?, nil):
            throw TLSError(.incomplete, "the certificate \(chain) is named without its key; name the key's file, too")
        case (nil, let key?):
            throw TLSError(.incomplete, "the key \(key) is named without its certificate; name that file, too")
        case (let chain?, let key?):
            let summary = try loadChain(chain)
            try loadKey(key, of: chain)
            return summary
        }
    }

    private func loadChain(_ path: String) throws(TLSError) -> CertificateSummary {
        try checkReadable(path, "certificate")
        ERR_clear_error()
        guard SSL_CTX_use_certificate_chain_file(handle, path) == 1,
            let certificate = SSL_CTX_get0_certificate(handle)
        else {
            throw unusable(path, "holds no certificate in PEM form", "give the PEM file, the server's own first")
        }
        let summary = CertificateSummary(certificate)
        let now = Int64(time(nil))
        if summary.notAfter < now {
            throw TLSError(.notValidNow, "the certificate in \(path) expired on \(summary.expiry): renew it")
        }
        if summary.notBefore > now {
            let start = CertificateSummary.date(summary.notBefore)
            throw TLSError(
                .notValidNow, "the certificate in \(path) is valid from \(start) on only: is the clock right?")
        }
        return summary
    }

    private func loadKey(_ path: String, of chain: String) throws(TLSError) {
        try checkReadable(path, "key")
        ERR_clear_error()
        if SSL_CTX_use_PrivateKey_file(handle, path, SSL_FILETYPE_PEM) != 1 {
            // The key is compared with the certificate as it is loaded.
            if ERR_GET_LIB(ERR_peek_last_error()) == ERR_LIB_X509 { throw mismatch(path, chain) }
            throw unusable(
                path, "holds no private key in PEM form without a pass phrase",
                "take the pass phrase off with \"openssl pkey -in … -out …\"")
        }
        if SSL_CTX_check_private_key(handle) != 1 { throw mismatch(path, chain) }
    }

    private func mismatch(_ key: String, _ chain: String) -> TLSError {
        ERR_clear_error()
        return TLSError(
            .keyMismatch,
            "the key in \(key) does not belong to the first certificate in \(chain): name the pair that was made together"
        )
    }

    private func loadRoots(_ role: TLSContext.Role) throws(TLSError) {
        if let path = configuration.trustedRootsFile {
            try checkReadable(path, "authorities")
            ERR_clear_error()
            guard SSL_CTX_load_verify_locations(handle, path, nil) == 1 else {
                throw unusable(path, "holds no certificate of an authority in PEM form", "give the PEM file")
            }
            // Told to clients with several certificates, so that they choose the right one.
            if role == .server, let names = SSL_load_client_CA_file(path) { SSL_CTX_set_client_CA_list(handle, names) }
        } else if role == .client {
            SSL_CTX_set_default_verify_paths(handle)
        }
        let isVerifying = role == .client || configuration.trustedRootsFile != nil
        stt_tls_set_verify(handle, isVerifying ? 1 : 0)
    }

    private func checkReadable(_ path: String, _ what: String) throws(TLSError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let reason = String(cString: strerror(errno)).lowercased()
            throw TLSError(.unreadable, "the \(what) file \(path) cannot be read: \(reason)")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw TLSError(.unreadable, "the \(what) file \(path) cannot be read: it is not a regular file")
        }
    }

    private func unusable(_ path: String, _ what: String, _ advice: String) -> TLSError {
        let error = OpenSSLError.take()
        return TLSError(.malformed, "\(path) \(what) (\(error.reason)): \(advice)")
    }
}
