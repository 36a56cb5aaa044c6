import RPCTransport
import RPCWire
import Synchronization

/// Notes what it is told, and does to calls what a test wants.
final class RecordingInterceptor: CallInterceptor {
    private struct State {
        var notes: [String] = []
        var waiters: [(Int, CheckedContinuation<Void, Never>)] = []
    }

    private let name: String
    private let state = Mutex(State())
    private let change: @Sendable (inout CallHead) throws(RPCError) -> Void

    init(_ name: String = "", change: @escaping @Sendable (inout CallHead) throws(RPCError) -> Void = { _ in }) {
        self.name = name
        self.change = change
    }

    var notes: [String] { state.withLock { $0.notes } }

    func callBegins(_ call: inout CallHead) throws(RPCError) {
        note("\(name)+\(call.method)")
        try change(&call)
    }

    func callEnded(_ call: CallHead, _ summary: CallSummary) {
        note("\(name)-\(call.method) \(summary.code)")
    }

    private func note(_ text: String) {
        let ready = state.withLock { state in
            state.notes.append(text)
            let ready = state.waiters.filter { $0.0 <= state.notes.count }
            state.waiters.removeAll { $0.0 <= state.notes.count }
            return ready
        }
        for (_, continuation) in ready { continuation.resume() }
    }

    /// Waits until so many notes were taken.
    func wait(for count: Int) async {
        await withCheckedContinuation { continuation in
            let isHere = state.withLock { state in
                if state.notes.count >= count { return true }
                state.waiters.append((count, continuation))
                return false
            }
            if isHere { continuation.resume() }
        }
    }
}
