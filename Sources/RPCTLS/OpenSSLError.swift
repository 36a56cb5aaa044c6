internal import COpenSSL

/// An entry of OpenSSL's error queue, which each thread has one of.
struct OpenSSLError {
    let code: UInt

    /// The first one, which the others follow from. Empties the queue.
    static func take() -> OpenSSLError {
        let code = ERR_get_error()
        ERR_clear_error()
        return OpenSSLError(code: code)
    }

    var reasonCode: Int32 { ERR_GET_REASON(code) }

    /// OpenSSL's words, such as `no shared cipher`.
    var reason: String {
        guard code != 0 else { return "no reason given" }
        if let text = ERR_reason_error_string(code) { return String(cString: text) }
        return "error \(code)"
    }

    /// The TLS alert that the peer sent, where that is what it is about.
    var alert: Int32? {
        guard ERR_GET_LIB(code) == ERR_LIB_SSL, reasonCode > SSL_AD_REASON_OFFSET,
            reasonCode < SSL_AD_REASON_OFFSET + 256
        else { return nil }
        return reasonCode - SSL_AD_REASON_OFFSET
    }
}
