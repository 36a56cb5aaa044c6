internal import Synchronization

/// Counts the connections of a server, of all loops together, and tells when the last one is gone.
///
/// Concurrency: any thread; `Mutex`. Not on the path of a call.
final class ConnectionCensus: Sendable {
    fileprivate struct State {
        var connections = 0
        var perAddress: [String: Int] = [:]
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let maxConnections: Int
    private let maxPerAddress: Int

    init(maxConnections: Int, maxPerAddress: Int) {
        self.maxConnections = maxConnections
        self.maxPerAddress = maxPerAddress
    }

    /// Counts a connection in. False where there are too many.
    func enter(_ address: String?) -> Bool {
        state.withLock { state in
            guard state.connections < maxConnections else { return false }
            if let address {
                let count = state.perAddress[address, default: 0]
                guard count < maxPerAddress else { return false }
                state.perAddress[address] = count + 1
            }
            state.connections += 1
            return true
        }
    }

    func leave(_ address: String?) {
        let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            if let address, let count = state.perAddress[address] {
                state.perAddress[address] = count > 1 ? count - 1 : nil
            }
            state.connections -= 1
            return state.connections == 0 ? state.takeWaiters() : []
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Waits until no connection is open, for at most `time`.
    func waitUntilEmpty(atMost time: Duration) async {
        let timer = Task {
            do {
                try await Task.sleep(for: time)
                releaseWaiters()
            } catch {
                // Cancelled: the last connection was quicker.
            }
        }
        await withCheckedContinuation { continuation in
            let isEmpty = state.withLock { state in
                if state.connections > 0 { state.waiters.append(continuation) }
                return state.connections == 0
            }
            if isEmpty { continuation.resume() }
        }
        timer.cancel()
    }

    private func releaseWaiters() {
        for waiter in state.withLock({ $0.takeWaiters() }) { waiter.resume() }
    }
}

extension ConnectionCensus.State {
    fileprivate mutating func takeWaiters() -> [CheckedContinuation<Void, Never>] {
        defer { waiters = [] }
        return waiters
    }
}
