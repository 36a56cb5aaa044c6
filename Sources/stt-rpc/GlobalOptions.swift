import ArgumentParser
import Foundation
import STTClient

/// What every subcommand understands, before its name and after it.
struct GlobalOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The server: stt://HOST:PORT, HOST:PORT, stts://HOST:PORT (TLS) or unix:/PATH; several of one cluster with commas between them. Default: $STT_SERVER, else stt://127.0.0.1:7700.",
            valueName: "address"))
    var server: String?

    @OptionGroup var tls: TLSOptions

    @Option(
        help: ArgumentHelp(
            "Give up after this long altogether, such as 30, 90s or 5m (exit status 9).", valueName: "time"))
    var timeout: TimeSpan?

    @Option(
        help: ArgumentHelp(
            "Keep trying this long when the server goes away, and wait this long for one that is not there yet. Default: a server that was reached gets 10 s, a result stream 60 s.",
            valueName: "time"))
    var retryFor: TimeSpan?

    @Option(
        help: ArgumentHelp(
            "File whose first line is the token for the server, readable by you only. Default: $STT_RPC_TOKEN, else none. A token never goes on the command line, where others on the machine can read it.",
            valueName: "path"))
    var tokenFile: String?

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

    /// What to prove to the server who this is. Empty: nothing.
    func token(environment: (String) -> String? = GlobalOptions.environment) throws(Failure) -> String {
        guard let tokenFile else {
            return (environment("STT_RPC_TOKEN") ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
        }
        let text: String
        do {
            text = try String(contentsOfFile: tokenFile, encoding: .utf8)
        } catch {
            let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? any Error
            throw Failure(.usage, "--token-file: cannot read \(tokenFile): \((cause ?? error).localizedDescription)")
        }
        let line = text.prefix { !$0.isNewline }.trimmingCharacters(in: .whitespaces)
        guard !line.isEmpty else { throw Failure(.usage, "--token-file: the first line of \(tokenFile) is empty") }
        return line
    }

    /// - Throws: `Failure` where a file of TLS or the token's cannot be used.
    func clientConfiguration() throws(Failure) -> SpeechClientConfiguration {
        var configuration = SpeechClientConfiguration()
        configuration.connection.token = Array(try token().utf8)
        configuration.connection.tls = try tls.context()
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
