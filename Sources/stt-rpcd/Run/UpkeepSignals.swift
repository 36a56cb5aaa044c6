import UnixSignals

/// SIGUSR1: logs what calls a server had. And, for as long as it runs, the end of connections whose tokens expire.
struct UpkeepSignals: Sendable {
    private let task: Task<Void, Never>

    /// Traps the signal from here on.
    init(of server: SpeechServer) async {
        let signals = await UnixSignalsSequence(trapping: .sigusr1)
        task = Task {
            async let expiry: Void = server.watchExpiry()
            for await _ in signals { server.logMetrics() }
            await expiry
        }
    }

    func cancel() { task.cancel() }
}
