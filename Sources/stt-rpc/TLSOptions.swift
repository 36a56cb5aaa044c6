import ArgumentParser
import STTClient

/// Whom to trust, and who this client is, on a server's stts:// address.
struct TLSOptions: ParsableArguments {
    @Option(
        name: .customLong("tls-ca"),
        help: ArgumentHelp(
            "stts://: PEM file of the authorities that the server's certificate must come from. Default: $STT_TLS_CA, else the system's.",
            valueName: "file"))
    var tlsCA: String?

    @Option(
        help: ArgumentHelp(
            "stts://: PEM file of this client's certificate, for a server that asks for one. Default: $STT_TLS_CERT.",
            valueName: "file"))
    var tlsCert: String?

    @Option(
        help: ArgumentHelp("stts://: PEM file of that certificate's key. Default: $STT_TLS_KEY.", valueName: "file"))
    var tlsKey: String?

    @Option(
        help: ArgumentHelp(
            "stts://: the name that the server's certificate must carry. Default: $STT_TLS_SERVER_NAME, else the address's host.",
            valueName: "name"))
    var tlsServerName: String?

    /// - Throws: `Failure` where a file cannot be used.
    func context(
        environment: (String) -> String? = GlobalOptions.environment
    ) throws(Failure) -> TLSContext? {
        func value(_ option: String?, _ variable: String) -> String? {
            option ?? environment(variable).flatMap { $0.isEmpty ? nil : $0 }
        }
        let configuration = TLSConfiguration(
            certificateChainFile: value(tlsCert, "STT_TLS_CERT"), privateKeyFile: value(tlsKey, "STT_TLS_KEY"),
            trustedRootsFile: value(tlsCA, "STT_TLS_CA"), serverName: value(tlsServerName, "STT_TLS_SERVER_NAME"))
        guard configuration != TLSConfiguration() else { return nil }
        do throws(TLSError) {
            return try TLSContext.client(configuration)
        } catch {
            throw Failure(.usage, error.message)
        }
    }
}
