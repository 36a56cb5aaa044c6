import STTClient

/// An error as the program reports it: one line and an exit status.
struct Failure: Error {
    var status: ExitStatus
    /// What is wrong and what to do, without a full stop.
    var message: String
    /// A stable name for `--json`.
    var code: String
    /// The precise cause, such as "audio.empty".
    var reason: String?

    init(_ status: ExitStatus, _ message: String, code: String? = nil, reason: String? = nil) {
        self.status = status
        self.message = message
        self.code = code ?? "\(status)"
        self.reason = reason
    }

    /// - Parameter server: Where the program was to connect, for the errors that need it.
    init(_ error: any Error, server: String) {
        switch error {
        case let failure as Failure:
            self = failure
        case let error as SpeechError:
            var message = error.message
            // Most of these errors name the address already, without its scheme.
            let endpoints = server.split(separator: ",").map { $0.replacing(#/^(stts?:\/\/|unix:)/#, with: "") }
            if error.code == .unreachable, !endpoints.contains(where: { message.contains($0) }) {
                message = "no connection to \(server): \(message); is stt-rpcd running there?"
            }
            if error.code == .unauthenticated {
                message += "; set STT_RPC_TOKEN or --token-file to a token of this server"
            }
            if let retryAfter = error.retryAfter, error.code == .busy {
                message += " (in about \(max(1, retryAfter.components.seconds)) s)"
            }
            self.init(ExitStatus(error.code), message, code: error.code.rawValue, reason: error.reason)
        case is CancellationError:
            self.init(.unexpected, "cancelled", code: "cancelled")
        default:
            self.init(.unexpected, "\(error)")
        }
        message = Self.oneLine(message)
    }

    /// The reader of standard output is gone. Not an error: it has what it wanted.
    struct BrokenPipe: Error {}

    private static func oneLine(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}
