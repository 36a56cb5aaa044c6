import ArgumentParser
import Glibc
import STTClient

/// What every subcommand understands, before its name and after it.
struct GlobalOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The server: stt://HOST:PORT, HOST:PORT or unix:/PATH; several of one cluster with commas between them. Default: $STT_SERVER, else stt://127.0.0.1:7700.",
            valueName: "address"))
    var server: String?

    @Option(
        help: ArgumentHelp(
            "Give up after this long altogether, such as 30, 90s or 5m (exit status 9).", valueName: "time"))
    var timeout: TimeSpan?

    @Option(
        help: ArgumentHelp(
            "Keep trying this long when the server goes away, and wait this long for one that is not there yet. Default: a server that was reached gets 10 s, a result stream 60 s.",
            valueName: "time"))
    var retryFor: TimeSpan?

    @Flag(help: "Print one JSON object a line.")
    var json = false

    @Flag(name: .shortAndLong, help: "Print the closing summary and the client's warnings on standard error.")
    var verbose = false

    static let defaultServer = "stt://127.0.0.1:7700"

    /// The addresses to connect to, in turn.
    func addresses(environment: (String) -> String? = GlobalOptions.environment) throws(Failure) -> [ServerAddress] {
        let fromEnvironment = environment("STT_SERVER").flatMap { $0.isEmpty ? nil : $0 }
        let text = server ?? fromEnvironment ?? Self.defaultServer
        do throws(InvalidAddress) {
            var addresses: [ServerAddress] = []
            for part in text.split(separator: ",", omittingEmptySubsequences: false) {
                addresses.append(try ServerAddress(parsing: String(part)))
            }
            return addresses
        } catch {
            let origin = server != nil ? "--server" : "STT_SERVER"
            throw Failure(.usage, "\(origin): \(error)")
        }
    }

    var clientConfiguration: SpeechClientConfiguration {
        var configuration = SpeechClientConfiguration()
        // The order is the caller's.
        configuration.connection.spreadsOverAddresses = false
        configuration.connection.agent = "stt-rpc/\(Version.current)"
        if let retryFor {
            configuration.retryFor = retryFor.duration
            configuration.streamRetryFor = retryFor.duration
            configuration.waitsForFirstConnection = retryFor.duration > .zero
        }
        return configuration
    }

    static func environment(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}
