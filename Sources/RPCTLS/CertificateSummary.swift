private import COpenSSL
private import Glibc

/// What matters about a certificate to a person.
public struct CertificateSummary: Sendable, Equatable {
    /// CN of the subject; empty where it has none.
    public let commonName: String
    /// The DNS names and URIs that it is for.
    public let names: [String]
    /// The addresses that it is for, as numbers.
    public let addresses: [String]
    /// Seconds since 1970.
    public let notBefore: Int64
    /// Seconds since 1970.
    public let notAfter: Int64

    /// Reads an `X509`.
    init(_ certificate: OpaquePointer) {
        commonName = Self.commonName(certificate)
        (names, addresses) = Self.alternativeNames(certificate)
        notBefore = Self.seconds(X509_get0_notBefore(certificate))
        notAfter = Self.seconds(X509_get0_notAfter(certificate))
    }

    /// Names and addresses, for a sentence.
    public var namesText: String {
        let all = names + addresses
        return all.isEmpty ? (commonName.isEmpty ? "no name" : "\"\(commonName)\"") : all.joined(separator: ", ")
    }

    /// The last moment of its validity, such as `2026-11-23 02:11 UTC`.
    public var expiry: String { Self.date(notAfter) }

    /// Days of validity left; negative once it has expired.
    public var daysLeft: Int { Int((notAfter - Int64(time(nil))) / 86_400) }

    static func date(_ seconds: Int64) -> String {
        var (moment, parts) = (time_t(seconds), tm())
        gmtime_r(&moment, &parts)
        var text = [CChar](repeating: 0, count: 32)
        let count = strftime(&text, text.count, "%Y-%m-%d %H:%M UTC", &parts)
        return String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64 {
        var parts = tm()
        guard let time, ASN1_TIME_to_tm(time, &parts) == 1 else { return 0 }
        return Int64(timegm(&parts))
    }

    private static func commonName(_ certificate: OpaquePointer) -> String {
        guard let subject = X509_get_subject_name(certificate) else { return "" }
        let index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1)
        guard index >= 0, let entry = X509_NAME_get_entry(subject, index) else { return "" }
        return text(X509_NAME_ENTRY_get_data(entry))
    }

    private static func alternativeNames(_ certificate: OpaquePointer) -> (names: [String], addresses: [String]) {
        guard let raw = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) else { return ([], []) }
        let list = OpaquePointer(raw)
        defer { GENERAL_NAMES_free(list) }
        var names: [String] = []
        var addresses: [String] = []
        var index: Int32 = 0
        while let name = stt_tls_name_at(list, index) {
            index += 1
            if let string = stt_tls_name_text(name) {
                names.append(text(string))
            } else if let address = stt_tls_name_address(name) {
                addresses.append(numeric(address))
            }
        }
        return (names, addresses)
    }

    /// As UTF-8. A NUL ends no name: it stays in it and so equals nothing that a person wrote.
    private static func text(_ string: UnsafePointer<ASN1_STRING>?) -> String {
        var bytes: UnsafeMutablePointer<UInt8>?
        let count = ASN1_STRING_to_UTF8(&bytes, string)
        guard count >= 0, let bytes else { return "" }
        defer { CRYPTO_free(bytes, nil, 0) }
        return String(decoding: UnsafeBufferPointer(start: bytes, count: Int(count)), as: UTF8.self)
    }

    private static func numeric(_ address: UnsafePointer<ASN1_OCTET_STRING>) -> String {
        let count = ASN1_STRING_length(address)
        let family = count == 4 ? AF_INET : AF_INET6
        guard count == 4 || count == 16, let bytes = ASN1_STRING_get0_data(address) else { return "?" }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(family, bytes, &text, socklen_t(text.count)) != nil else { return "?" }
        return text.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "?" }
    }
}
