import STTCore
import Synchronization

/// What the holder of a lease knows of it.
///
/// The lease is counted from before the claim or the renewal was sent, so it never lasts longer here than in the store,
/// and work under it is given up a tenth of it earlier. From `settle` on, when all that is left is to report the
/// outcome, the work is not given up any more: whether the lease still holds, the store decides.
///
/// Concurrency: any task; a mutex protects the state, so that the work is either given up or settled, never both.
final class HeldLease: Sendable {
    private enum Phase {
        case working
        case settling
        case givenUp
    }

    private struct State {
        var phase = Phase.working
        /// When the claim or the last renewal that succeeded was sent.
        var since: Duration
    }

    /// After this the outcome is dropped: whatever keeps the store from taking it, the slot is needed.
    private static let settlingTime = Duration.seconds(900)

    private let state: Mutex<State>
    private let time: WorkerTime
    private let safeDuration: Duration
    private let ask: @Sendable () async throws(PortError) -> LeaseRenewal

    /// - Parameters:
    ///   - sent: When the claim was sent.
    ///   - ask: Renews the lease in the store.
    init(
        duration: Duration, sent: Duration, time: WorkerTime,
        ask: @escaping @Sendable () async throws(PortError) -> LeaseRenewal
    ) {
        self.time = time
        self.ask = ask
        safeDuration = duration * 9 / 10
        state = Mutex(State(since: sent))
    }

    /// When the claim or the last renewal that succeeded was sent.
    var since: Duration { state.withLock { $0.since } }
    /// Work that is not settled by then is given up.
    var end: Duration { since + safeDuration }
    var isSettling: Bool { state.withLock { $0.phase == .settling } }

    /// Gives the work up, unless it is being settled.
    /// - Returns: Whether it is given up.
    func giveUp() -> Bool {
        state.withLock { state in
            if state.phase == .working { state.phase = .givenUp }
            return state.phase == .givenUp
        }
    }

    func renew() async throws(PortError) -> LeaseRenewal {
        let sent = time.now
        let renewal = try await ask()
        if renewal == .renewed { state.withLock { $0.since = max($0.since, sent) } }
        return renewal
    }

    /// Carries out the guarded update that ends the work.
    ///
    /// An update that fails because its service is out of reach or full is repeated: the work is not thrown away for
    /// that. Where the lease has run out by now, as after the process was frozen, the store is asked for it first.
    /// - Parameters:
    ///   - what: Named in the log.
    ///   - update: Is told whether it may have been carried out before, without an answer.
    /// - Throws: `WorkInterruption`, or what the update throws in the end.
    func settle<Result: Sendable>(
        _ what: String, patience: Patience, _ update: (_ isRepeated: Bool) async throws(PortError) -> Result
    ) async throws -> Result {
        try beginSettling()
        var isRepeated = false
        var patience = patience
        patience.limit = Self.settlingTime
        patience.coversFullStorage = true
        return try await patience(what) {
            if !isRepeated, time.now >= end {
                switch try await renew() {
                case .renewed: break
                case .lost: throw WorkInterruption.leaseLost
                case .ended: throw WorkInterruption.ended
                }
            }
            let wasTried = isRepeated
            isRepeated = true
            return try await update(wasTried)
        }
    }

    private func beginSettling() throws {
        let isGivenUp = state.withLock { state in
            if state.phase == .working { state.phase = .settling }
            return state.phase == .givenUp
        }
        if isGivenUp { throw WorkInterruption.leaseLost }
    }
}
