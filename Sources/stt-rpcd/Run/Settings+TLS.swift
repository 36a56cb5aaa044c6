import RPCTLS
import RPCTransport

/// Certificates, as the settings name them.
extension Settings {
    var tlsConfiguration: TLSConfiguration {
        TLSConfiguration(
            certificateChainFile: text(.tlsCertificate), privateKeyFile: text(.tlsKey),
            trustedRootsFile: text(.tlsClientCA))
    }

    /// `nil` where no address asks for TLS.
    ///
    /// - Throws: `SettingsError` where a file is not named, `StartFailure` where one cannot be used.
    func tlsSource(for addresses: [ServerAddress]) throws -> TLSContextSource? {
        guard addresses.contains(where: \.isTLS) else { return nil }
        _ = try required(.tlsCertificate)
        _ = try required(.tlsKey)
        do throws(TLSError) {
            return try TLSContextSource(tlsConfiguration)
        } catch {
            throw StartFailure(message: error.message)
        }
    }
}
