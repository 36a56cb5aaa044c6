import Synchronization
import UnixSignals

/// SIGTERM and SIGINT: the first one asks for an orderly end, the second for one at once.
struct StopSignals: Sendable {
    private let task: Task<Void, Never>
    private let first: AsyncStream<UnixSignal>

    /// Traps the signals from here on.
    /// - Parameter second: What the second signal does.
    init(second: @escaping @Sendable () async -> Void) async {
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let (first, continuation) = AsyncStream.makeStream(of: UnixSignal.self)
        self.first = first
        task = Task {
            var isSecond = false
            for await signal in signals {
                if isSecond { await second() }
                isSecond = true
                continuation.yield(signal)
            }
        }
    }

    /// Waits for the first signal and returns its name.
    func next() async -> String {
        for await signal in first { return "\(signal)" }
        return "none"
    }

    func cancel() { task.cancel() }
}
