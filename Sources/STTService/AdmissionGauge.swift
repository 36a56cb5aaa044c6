import Foundation
import RPCWire
import STTCore
import Synchronization

/// Keeps the number of unfinished jobs within its bound without asking the store at every Submit.
///
/// The store counts at most once a second; to that come the jobs that this server inserted since and the uploads that
/// are under way here. Several servers may pass the bound by what the others let in within a second.
///
/// Concurrency: the mutex in the ledger guards the numbers.
final class AdmissionGauge: Sendable {
    private let ledger: Ledger
    private let reading: SharedReading<Void>

    init(
        store: any JobStore, limit: Int, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        let ledger = Ledger(limit: limit)
        self.ledger = ledger
        reading = SharedReading(freshness: .seconds(1), now: now) { () async throws(PortError) in
            let (inserted, began) = (ledger.inserted, now())
            ledger.note(unfinished: try await store.unfinishedJobs(limit: limit), inserted: inserted, at: began)
        }
    }

    /// Takes a place for an upload, to be given back by `leave`.
    /// - Throws: RESOURCE_EXHAUSTED with an estimate of when there is room; `PortError` where the store does not answer.
    func enter() async throws {
        try await reading.value().get()
        guard let (unfinished, wait) = ledger.enter() else { return }
        throw RPCError(
            .resourceExhausted, "the queue is full: \(unfinished) jobs have not ended; try again later",
            retryAfter: wait)
    }

    /// - Parameter inserted: Whether the upload became a job.
    func leave(inserted: Bool) {
        ledger.leave(inserted: inserted)
    }
}

/// The numbers of a gauge.
private final class Ledger: Sendable {
    private struct State {
        /// Jobs that this server inserted, ever.
        var inserted = 0
        var underWay = 0
        /// Refusals since the last count: each is told to come back a little later than the one before.
        var refused = 0
        var count: Count?
        /// Jobs that end in a second, averaged over about half a minute. `nil`: not known.
        var drainRate: Double?
    }

    private struct Count {
        var unfinished: Int
        /// `State.inserted` when counting began.
        var inserted: Int
        var at: ContinuousClock.Instant
    }

    private static let memorySeconds = 30.0
    private static let defaultWaitSeconds = 10.0

    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int) {
        self.limit = limit
    }

    var inserted: Int { state.withLock { $0.inserted } }

    func note(unfinished: Int, inserted: Int, at now: ContinuousClock.Instant) {
        state.withLock { state in
            if let last = state.count {
                let ended = max(0, last.unfinished + inserted - last.inserted - unfinished)
                let seconds = max(last.at.duration(to: now).seconds, 0.001)
                let weight = 1 - exp(-seconds / Self.memorySeconds)
                let rate = Double(ended) / seconds
                if let average = state.drainRate {
                    state.drainRate = average + weight * (rate - average)
                } else if ended > 0 {
                    state.drainRate = rate
                }
            }
            state.count = Count(unfinished: unfinished, inserted: inserted, at: now)
            state.refused = 0
        }
    }

    /// - Returns: `nil` where there is room: a place is taken. Else how many jobs there are and when to try again.
    func enter() -> (unfinished: Int, wait: Duration)? {
        state.withLock { state in
            let counted = state.count.map { $0.unfinished + state.inserted - $0.inserted } ?? 0
            guard counted + state.underWay >= limit else {
                state.underWay += 1
                return nil
            }
            state.refused += 1
            var seconds = Self.defaultWaitSeconds
            if let rate = state.drainRate {
                seconds = Double(counted + state.underWay - limit + state.refused) / max(rate, 0.001)
            }
            return (counted, .milliseconds(Int(min(max(seconds, 1), 60) * 1000)))
        }
    }

    func leave(inserted: Bool) {
        state.withLock { state in
            state.underWay -= 1
            if inserted { state.inserted += 1 }
        }
    }
}
