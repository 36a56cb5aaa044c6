import STTCore
import Synchronization

/// Jobs as the store has them, read at most 20 times a second each, however many ask.
///
/// - Who asks gets a state that the store had at most `staleness` before the question, or later.
/// - What this server wrote or told of a job shows in every answer to a question that came afterwards.
/// - The states of a job never go backwards, by its version and progress. A job that is gone stays gone.
/// - A failure of the store is told to those who waited for that reading, and to nobody else.
///
/// An answer that is here already is given without suspension. Where a reading is needed, one of those who ask reads, in
/// its own task; those who came in time for its begin wait for it, the others for the next one.
///
/// Memory: an entry for each job asked for within the 50 ms before the last reading, at most `entryLimit` of them besides
/// those that are being read. Without an entry there is nothing to be stale, so one can be dropped at any time.
///
/// Concurrency: the mutex guards the entries. Waiters are resumed outside it.
final class JobReadings: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// How old an answer may be. Also the shortest time between the begins of two readings of a job.
    static let staleness = Duration.milliseconds(50)
    /// Entries that are kept although nobody reads them.
    static let entryLimit = 4096

    private let read: @Sendable (JobID) async throws(PortError) -> Job?
    private let now: @Sendable () -> Instant
    private let sleep: @Sendable (Duration) async throws -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - now: The time, for tests.
    ///   - sleep: Waits, for tests.
    ///   - read: Reads a job of any tenant from the store.
    init(
        now: @escaping @Sendable () -> Instant = { .now },
        sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) },
        read: @escaping @Sendable (JobID) async throws(PortError) -> Job?
    ) {
        self.now = now
        self.sleep = sleep
        self.read = read
    }

    convenience init(store: any JobStore) {
        self.init { id async throws(PortError) in try await store.job(id, tenant: nil) }
    }

    /// The job. `nil` where there is none, or it is another tenant's.
    func reading(of id: JobID, tenant: Tenant) async throws(PortError) -> JobReading? {
        let asked = now()
        let answer: Answer
        if let known = state.withLock({ $0.fresh(id, asked) }) {
            answer = known
        } else {
            answer = await ask(id, asked)
        }
        guard case .job(let reading) = try answer.get(), reading.job.tenant == tenant else { return nil }
        return reading
    }

    /// Notes a state that this server's own write made, before the client learns of it.
    /// - Parameter issued: When the write was begun.
    func wrote(_ job: Job, issued: Instant) {
        state.withLock { $0.note(job, asOf: issued, isWrite: true) }
    }

    /// Notes that this server deleted the job, before the client learns of it.
    func deleted(_ id: JobID) {
        state.withLock { $0.noteDeleted(id) }
    }

    /// Notes a state that was read elsewhere and is told to a client.
    /// - Parameter asOf: When the reading was begun.
    func noticed(_ job: Job, asOf: Instant) {
        state.withLock { $0.note(job, asOf: asOf, isWrite: false) }
    }

    /// The time by which `issued` and `asOf` are measured.
    var instant: Instant { now() }

    /// The entries that are kept, for tests.
    var count: Int { state.withLock { $0.entries.count } }

    private func ask(_ id: JobID, _ asked: Instant) async -> Answer {
        let turn = await withUnsafeContinuation { (continuation: UnsafeContinuation<Turn, Never>) in
            // Resumed outside the lock.
            if let turn = state.withLock({ $0.turn(id, asked, continuation) }) { continuation.resume(returning: turn) }
        }
        switch turn {
        case .answer(let answer): return answer
        case .lead: return await lead(id)
        }
    }

    /// Reads for all who wait.
    private func lead(_ id: JobID) async -> Answer {
        while true {
            let now = now()
            guard let pause = state.withLock({ $0.pause(id, now) }) else { break }
            do {
                try await sleep(pause)
            } catch {
                // The caller is gone. Somebody else may be waiting.
                state.withLock { $0.handOver(id) }?.resume(returning: .lead)
                return .failure(PortError(.cancelled, port: "job store", "the call was cancelled"))
            }
        }
        let began = now()
        let writes = state.withLock { $0.begin(id, began) }
        let found: Result<JobReading?, PortError>
        do throws(PortError) {
            found = .success(try await read(id).map { JobReading($0) })
        } catch {
            found = .failure(error)
        }
        let ended = now()
        let finish = state.withLock { $0.finish(id, found, began: began, writes: writes, now: ended) }
        for waiter in finish.waiters { waiter.resume(returning: .answer(finish.answer)) }
        finish.next?.resume(returning: .lead)
        return finish.answer
    }
}
