/// Encryption of the addresses that begin with stts://.
extension Setting {
    static let tlsCertificate = Setting(
        key: "tls.certificate", variable: "STT_TLS_CERTIFICATE", flag: "tls-certificate", kind: .text,
        defaultNote: "none, required for stts://", commands: [.standalone, .serve],
        help: "PEM file: the server's certificate, then those that lead to its authority. Read again on SIGHUP.")
    static let tlsKey = Setting(
        key: "tls.key", variable: "STT_TLS_KEY", flag: "tls-key", kind: .text,
        defaultNote: "none, required for stts://", commands: [.standalone, .serve],
        help: "PEM file: the certificate's key, without a pass phrase. Read again on SIGHUP.")
    static let tlsClientCA = Setting(
        key: "tls.clientCA", variable: "STT_TLS_CLIENT_CA", flag: "tls-client-ca", kind: .text,
        defaultNote: "none, no certificate is asked for", commands: [.standalone, .serve],
        help:
            "PEM file: the authorities of clients. Clients need a certificate of one of them then. Read again on SIGHUP."
    )

    static let tls = [tlsCertificate, tlsKey, tlsClientCA]
}
