import Synchronization

/// Whether a worker still takes work, and what is to be interrupted when it no longer does.
///
/// Concurrency: any task; a mutex protects the waits, which are cancelled outside it.
final class Drain: Sendable {
    private struct State {
        var hasBegun = false
        var nextID = 0
        var interruptions: [Int: @Sendable () -> Void] = [:]
    }

    private let state = Mutex(State())

    var hasBegun: Bool { state.withLock { $0.hasBegun } }

    func begin() {
        let interruptions = state.withLock { state in
            state.hasBegun = true
            defer { state.interruptions = [:] }
            return state.interruptions.values.map(\.self)
        }
        for interrupt in interruptions { interrupt() }
    }

    /// Runs a wait, which is cancelled when the drain begins. `nil` where it had begun before.
    func interrupting<Value: Sendable>(_ wait: @escaping @Sendable () async -> Value) async -> Value? {
        guard !hasBegun else { return nil }
        let waiting = Task { await wait() }
        let id: Int? = state.withLock { state in
            guard !state.hasBegun else { return nil }
            state.nextID += 1
            state.interruptions[state.nextID] = { waiting.cancel() }
            return state.nextID
        }
        if id == nil { waiting.cancel() }
        defer {
            if let id { state.withLock { $0.interruptions[id] = nil } }
        }
        return await withTaskCancellationHandler {
            await waiting.value
        } onCancel: {
            waiting.cancel()
        }
    }
}
