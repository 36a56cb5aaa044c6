import ArgumentParser

/// A subcommand that talks to the server.
protocol ClientCommand: ParsableCommand, Sendable {
    var global: GlobalOptions { get }

    /// - Throws: Anything; `Failure` and `SpeechError` have exit statuses of their own.
    func run(in session: Session) async throws
}

extension ClientCommand {
    func run() throws {
        preconditionFailure("a client command is run in a session")
    }
}
