import RPCWire
import STTCore
import STTProto
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
/// Memory: an entry for each job asked for within the last 50 ms, at most `entryLimit` of them besides those that are
/// being read. Without an entry there is nothing to be stale, so one can be dropped at any time.
///
/// Concurrency: the mutex guards the entries. Waiters are resumed outside it.
final class JobReadings: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// How old an answer may be. Also the shortest time between the begins of two readings of a job.
    static let staleness = Duration.milliseconds(50)
    /// Entries that are kept although nobody reads them.
    static let entryLimit = 4096

    private let store: any JobStore
    private let now: @Sendable () -> Instant
    private let sleep: @Sendable (Duration) async throws -> Void
    private let state = Mutex(State())

    init(
        store: any JobStore, now: @escaping @Sendable () -> Instant = { .now },
        sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.store = store
        self.now = now
        self.sleep = sleep
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
            found = .success(try await store.job(id, tenant: nil).map { JobReading($0) })
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

/// A job with the status that clients get of it, encoded once.
struct JobReading: Sendable {
    let job: Job
    let status: Result<SharedBytes, ProtoError>

    init(_ job: Job) {
        self.job = job
        status = Result { () throws(ProtoError) in try SharedBytes(encoding: JobStatus(job)) }
    }
}

extension Job {
    /// Whether this is a later state of the same job, or the same one.
    func isSameOrNewer(than other: Job) -> Bool {
        if version != other.version { return version > other.version }
        if progress.chunksDone != other.progress.chunksDone {
            return progress.chunksDone > other.progress.chunksDone
        }
        return progress.chunkAttempts >= other.progress.chunkAttempts
    }
}

extension JobReadings {
    fileprivate typealias Answer = Result<Known, PortError>
    fileprivate typealias Waiter = UnsafeContinuation<Turn, Never>

    fileprivate enum Turn: Sendable {
        case answer(Answer)
        case lead
    }

    fileprivate enum Known: Sendable {
        case job(JobReading)
        /// Not in the store when it was read.
        case absent
        /// Deleted by this server, for good.
        case deleted
    }

    /// One task has it, from when it decided to read until it has read.
    fileprivate struct Flight {
        /// `nil`: it has not begun to read.
        var began: Instant?
        var waiters: [Waiter] = []
        /// Those for whom it began too early.
        var late: [Waiter] = []
    }

    fileprivate struct Entry {
        var known: Known?
        /// The store had `known` then or later.
        var asOf: Instant?
        var lastBegan: Instant?
        /// Own writes so far.
        var writes = 0
        var flight: Flight?
    }

    fileprivate struct State {
        var entries: [JobID: Entry] = [:]
        /// Entries in the order in which their readings ended. One that was read again is here twice.
        private var read: [(id: JobID, began: Instant)] = []
        private var dropped = 0

        /// What is known, where it is young enough.
        func fresh(_ id: JobID, _ asked: Instant) -> Answer? {
            guard let entry = entries[id], let known = entry.known else { return nil }
            if case .deleted = known { return .success(known) }
            guard let asOf = entry.asOf, asOf + JobReadings.staleness >= asked else { return nil }
            return .success(known)
        }

        /// - Returns: `nil` where the waiter was kept.
        mutating func turn(_ id: JobID, _ asked: Instant, _ waiter: Waiter) -> Turn? {
            if let answer = fresh(id, asked) { return .answer(answer) }
            guard var flight = entries[id]?.flight else {
                entries[id, default: Entry()].flight = Flight()
                return .lead
            }
            // The entry's own arrays are appended to in place.
            if let began = flight.began, began + JobReadings.staleness < asked {
                entries[id]?.flight = nil
                flight.late.append(waiter)
            } else {
                entries[id]?.flight = nil
                flight.waiters.append(waiter)
            }
            entries[id]?.flight = flight
            return nil
        }

        /// How long the next reading has to wait. `nil`: not at all.
        func pause(_ id: JobID, _ now: Instant) -> Duration? {
            guard let last = entries[id]?.lastBegan, last + JobReadings.staleness > now else { return nil }
            return now.duration(to: last + JobReadings.staleness)
        }

        /// - Returns: The own writes so far.
        mutating func begin(_ id: JobID, _ now: Instant) -> Int {
            entries[id]?.lastBegan = now
            entries[id]?.flight?.began = now
            return entries[id]?.writes ?? 0
        }

        /// Gives the flight to another who waits, or up.
        mutating func handOver(_ id: JobID) -> Waiter? {
            guard let next = entries[id]?.flight?.waiters.popLast() else {
                entries[id]?.flight = nil
                if let began = entries[id]?.lastBegan { read.append((id, began)) } else { entries[id] = nil }
                return nil
            }
            return next
        }

        mutating func finish(
            _ id: JobID, _ found: Result<JobReading?, PortError>, began: Instant, writes: Int, now: Instant
        ) -> (answer: Answer, waiters: [Waiter], next: Waiter?) {
            var entry = entries[id] ?? Entry()
            let answer: Answer
            switch found {
            case .failure(let error): answer = .failure(error)
            case .success(let reading): answer = .success(entry.take(reading, began: began, writes: writes))
            }
            let waiters = entry.flight?.waiters ?? []
            var late = entry.flight?.late ?? []
            let next = late.popLast()
            entry.flight = next == nil ? nil : Flight(waiters: late)
            entries[id] = entry
            read.append((id, began))
            dropOld(now)
            return (answer, waiters, next)
        }

        mutating func note(_ job: Job, asOf: Instant, isWrite: Bool) {
            guard var entry = entries[job.id] else { return }
            if isWrite { entry.writes += 1 }
            entry.take(JobReading(job), asOf: asOf)
            entries[job.id] = entry
        }

        mutating func noteDeleted(_ id: JobID) {
            guard entries[id] != nil else { return }
            entries[id]?.writes += 1
            entries[id]?.known = .deleted
        }

        /// Drops what was last read too long ago, and the oldest of what is too much.
        private mutating func dropOld(_ now: Instant) {
            while dropped < read.count {
                let (id, began) = read[dropped]
                guard began + JobReadings.staleness < now || read.count - dropped > JobReadings.entryLimit else {
                    break
                }
                dropped += 1
                if let entry = entries[id], entry.flight == nil, entry.lastBegan == began { entries[id] = nil }
            }
            if dropped > read.count / 2 {
                read.removeFirst(dropped)
                dropped = 0
            }
        }
    }
}

extension JobReadings.Entry {
    fileprivate mutating func take(_ reading: JobReading, asOf: JobReadings.Instant) {
        switch known {
        case .deleted: return
        case .job(let old) where !reading.job.isSameOrNewer(than: old.job): break
        case .job, .absent, nil: known = .job(reading)
        }
        self.asOf = max(self.asOf ?? asOf, asOf)
    }

    /// Takes what a reading found, which was begun after `writes` own writes.
    /// - Returns: What is known now.
    fileprivate mutating func take(
        _ reading: JobReading?, began: JobReadings.Instant, writes: Int
    ) -> JobReadings.Known {
        if let reading {
            take(reading, asOf: began)
        } else if let known, writes != self.writes {
            // What was written since counts.
            return known
        } else if case .deleted = known {
        } else {
            known = .absent
            asOf = max(asOf ?? began, began)
        }
        return known ?? .absent
    }
}
