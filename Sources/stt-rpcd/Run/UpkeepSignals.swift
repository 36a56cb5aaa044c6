import UnixSignals

/// Signals that ask a running server for something: SIGHUP to read its files again, SIGUSR1 to tell what calls it had.
struct UpkeepSignals: Sendable {
    private let task: Task<Void, Never>

    /// Traps the signals from here on.
    init(of server: SpeechServer) async {
        let signals = await UnixSignalsSequence(trapping: .sighup, .sigusr1)
        task = Task {
            async let expiry: Void = server.watchExpiry()
            for await signal in signals {
                if signal == .sighup { await server.reloadTokens() } else { server.logMetrics() }
            }
            await expiry
        }
    }

    func cancel() { task.cancel() }
}
