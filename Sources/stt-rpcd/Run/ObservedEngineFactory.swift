import STTCore
import Synchronization

/// Makes engines, and knows when every slot has had its first, or could not have it.
///
/// Concurrency: any task; a mutex protects the state, and waiters are resumed outside it.
final class ObservedEngineFactory: EngineFactory {
    private struct State {
        var missing: Set<Int>
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let factory: SelectedEngines
    private let state: Mutex<State>

    init(_ factory: SelectedEngines, slots: Int) {
        self.factory = factory
        state = Mutex(State(missing: Set(0..<slots)))
    }

    var modelName: String { factory.modelName }
    var engineName: String { factory.engineName }

    func makeEngine(slot: Int) async throws(EngineError) -> any TranscriptionEngine {
        defer { note(slot) }
        return try await factory.makeEngine(slot: slot)
    }

    func refusal(of options: TranscriptionOptions) -> JobFailure? { factory.refusal(of: options) }

    func allStarted() async {
        await withCheckedContinuation { waiter in
            let isDone = state.withLock { state in
                if !state.missing.isEmpty { state.waiters.append(waiter) }
                return state.missing.isEmpty
            }
            if isDone { waiter.resume() }
        }
    }

    private func note(_ slot: Int) {
        let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.missing.remove(slot)
            guard state.missing.isEmpty else { return [] }
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}
