import STTCore

extension JobReadings {
    typealias Answer = Result<Known, PortError>
    typealias Waiter = UnsafeContinuation<Turn, Never>

    enum Turn: Sendable {
        case answer(Answer)
        case lead
    }

    enum Known: Sendable {
        case job(JobReading)
        /// Not in the store when it was read.
        case absent
        /// Deleted by this server, for good.
        case deleted
    }

    /// One task has it, from when it decided to read until it has read.
    struct Flight {
        /// `nil`: it has not begun to read.
        var began: Instant?
        var waiters: [Waiter] = []
        /// Those for whom it began too early.
        var late: [Waiter] = []
    }

    struct Entry {
        var known: Known?
        /// The store had `known` then or later.
        var asOf: Instant?
        var lastBegan: Instant?
        /// Own writes so far.
        var writes = 0
        var flight: Flight?
    }

    struct State {
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
            guard entries[id]?.flight != nil else {
                entries[id, default: Entry()].flight = Flight()
                return .lead
            }
            if let began = entries[id]?.flight?.began, began + JobReadings.staleness < asked {
                entries[id]?.flight?.late.append(waiter)
            } else {
                entries[id]?.flight?.waiters.append(waiter)
            }
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
    mutating func take(_ reading: JobReading, asOf: JobReadings.Instant) {
        switch known {
        case .deleted: return
        case .job(let old) where !reading.job.isSameOrNewer(than: old.job): break
        case .job, .absent, nil: known = .job(reading)
        }
        self.asOf = max(self.asOf ?? asOf, asOf)
    }

    /// Takes what a reading found, which was begun after `writes` own writes.
    /// - Returns: What is known now.
    mutating func take(
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
