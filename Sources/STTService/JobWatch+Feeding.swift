import RPCWire
import STTCore
import STTProto
import Synchronization

extension JobWatch {
    /// Takes a chunk that an event brought. Reads nothing.
    func take(_ chunk: Chunk) {
        guard isWanted else { return }
        let hasMore = folding.withLock { folding in
            folding.keep(chunk)
            return publish(&folding)
        }
        if hasMore { wake() }
    }

    /// Takes the job as the store has it, and what the store has of its chunks beyond what came.
    func take(_ job: Job) async throws(PortError) {
        guard isWanted else { return }
        let isDue: Bool? = folding.withLock { folding in
            if let known = folding.job, !job.isSameOrNewer(than: known) { return nil }
            folding.job = job
            publish(&folding)
            return folding.isReadingDue(job)
        }
        guard let isDue else { return }
        // The job was read before the chunks: once it is terminal, no chunk is committed any more, so what is read now is
        // all.
        if isDue {
            try await readChunks(of: job)
            folding.withLock { folding in
                folding.didRead(job)
            }
        }
        let next = folding.withLock { $0.next }
        if job.state == .completed, let count = job.chunkCount, next < count {
            throw PortError(.unavailable, port: "job store", "chunk \(next) of the completed job \(job.id) is missing")
        }
        tell(job)
        wake()
    }

    /// Whether a state that was seen elsewhere is one that this watch should ask for.
    func isBehind(_ job: Job) -> Bool {
        folding.withLock { folding in
            guard let known = folding.job else { return false }
            return !known.isSameOrNewer(than: job)
        }
    }

    func isGone() {
        shared.withLock { $0.isGone = true }
        wake()
    }

    func isTroubled(_ error: PortError) {
        shared.withLock { shared in
            shared.lastTrouble += 1
            shared.trouble = Trouble(
                error: error, since: shared.trouble?.since ?? .now, number: shared.lastTrouble)
        }
        wake()
    }

    private func tell(_ job: Job) {
        let last = shared.withLock { shared in
            shared.trouble = nil
            return shared.status
        }
        guard job.isWorthTelling(after: last?.job) else { return }
        let encoded = Result { () throws(ProtoError) in
            try SharedBytes(encoding: StreamResultReply.status(JobStatus(job)))
        }
        shared.withLock { shared in
            switch encoded {
            case .success(let encoded):
                shared.status = Status(job: job, encoded: encoded, number: (last?.number ?? 0) + 1)
            case .failure(let error): shared.failure = error
            }
        }
    }

    private func readChunks(of job: Job) async throws(PortError) {
        var from = folding.withLock { $0.next }
        while true {
            let page = try await store.chunks(of: id, from: from, limit: PartialPages.pageSize)
            let next = folding.withLock { folding in
                for chunk in page {
                    folding.keep(chunk)
                    publish(&folding)
                }
                return folding.next
            }
            wake()
            guard let last = page.last, page.count == PartialPages.pageSize, next > last.index, next != job.chunkCount
            else { return }
            from = next
        }
    }

    /// Folds the chunks whose turn it is, once the job is known.
    /// - Returns: Whether there is more for the followers.
    @discardableResult
    private func publish(_ folding: inout ChunkFold) -> Bool {
        guard let options = folding.job?.options else { return false }
        let before = folding.next
        while let (chunk, merged) = folding.foldNext() {
            let page = PartialPages.page(of: chunk.index)
            let isWanted = shared.withLock { PartialPages.page(of: $0.wantedFrom) <= page }
            let encoded = isWanted ? Result { () throws(ProtoError) in try encode(merged, chunk, options) } : nil
            let merger = folding.merger
            shared.withLock { shared in
                switch encoded {
                case .failure(let error): shared.failure = error
                case .success(let partial): change(&shared) { $0.append(partial, merger) }
                case nil: change(&shared) { $0.append(nil, merger) }
                }
            }
        }
        return folding.next > before
    }

    func change(_ shared: inout Shared, _ body: (inout PartialPages) -> Void) {
        let before = shared.pages.byteCount
        body(&shared.pages)
        shared.pages.shrink(to: memory.isFull ? 0 : PartialPages.byteLimit)
        memory.add(shared.pages.byteCount - before)
    }

    /// Lets all who wait look again. Outside the locks.
    private func wake() {
        let waiters = shared.withLock { shared in
            defer { shared.waiters = [:] }
            return shared.waiters
        }
        for waiter in waiters.values { waiter.resume() }
    }
}
