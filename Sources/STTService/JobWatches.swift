import Logging
import RPCWire
import STTCore
import Synchronization

/// What a stream that takes chunks as they are ready is told about its job.
enum JobNews: Sendable {
    /// A chunk was committed. Some of these never come, and some come twice.
    case chunk(Chunk, LonePartial)
    /// The job as the store has it now.
    case job(Job)
    /// The job was deleted.
    case gone
    /// The store could not be asked. It is asked again until it answers.
    case trouble(PortError)
}

/// The jobs that have streams in this process, each watched once, however many streams follow it.
///
/// Concurrency: the mutex guards the watches. A watch is a task that lives as long as its job has followers.
final class JobWatches: Sendable {
    private struct Watched {
        let watch: JobWatch
        var followers: Set<UInt64> = []
        /// Followers that want every chunk as it comes.
        var listeners: [UInt64: AsyncStream<JobNews>.Continuation] = [:]
        var task: Task<Void, Never>
        /// Asks the store at once.
        var poke: AsyncStream<Void>.Continuation
    }

    private struct State {
        var jobs: [JobID: Watched] = [:]
        var lastID: UInt64 = 0
    }

    private let store: any JobStore
    private let events: any EventBus
    private let readings: JobReadings
    private let logger: Logger
    private let pollInterval: Duration
    private let memory: PartialMemory
    private let state = Mutex(State())

    /// News that are kept for a stream that does not keep up. The oldest are dropped: the next poll makes up for them.
    private static let bufferLimit = 256

    init(
        store: any JobStore, events: any EventBus, readings: JobReadings, logger: Logger,
        pollInterval: Duration = .seconds(1), memory: PartialMemory = PartialMemory()
    ) {
        self.store = store
        self.events = events
        self.readings = readings
        self.logger = logger
        self.pollInterval = pollInterval
        self.memory = memory
    }

    /// Lends the watch of a job, and a number among its followers.
    /// - Parameters:
    ///   - known: The job as it was read just now, if it was.
    ///   - chunk: The first chunk that the follower wants.
    func withWatch<Result>(
        of job: JobID, known: Job?, from chunk: Int, _ body: (JobWatch, UInt64) async throws -> Result
    ) async rethrows -> Result {
        let (watch, id) = join(job, known, from: chunk, listener: nil)
        defer { leave(job, id) }
        return try await body(watch, id)
    }

    /// Lends the news of a job: its state as the store has it now or a moment later, then what happens.
    func withNews<Result>(
        of job: JobID, known: Job?, _ body: (AsyncStream<JobNews>) async throws -> Result
    ) async rethrows -> Result {
        let (news, listener) = AsyncStream.makeStream(
            of: JobNews.self, bufferingPolicy: .bufferingNewest(Self.bufferLimit))
        let (_, id) = join(job, known, from: .max, listener: listener)
        defer { leave(job, id) }
        return try await body(news)
    }

    /// Tells a job's followers how it ended. For what is deleted right after.
    func tellEnd(of job: Job) async {
        guard let watch = state.withLock({ $0.jobs[job.id]?.watch }) else { return }
        tell(job.id) { .job(job) }
        do throws(PortError) {
            try await watch.take(job)
        } catch {
            logger.debug("end not told", metadata: ["job": "\(job.id)", "error": "\(error)"])
        }
    }

    /// The jobs that are watched.
    var count: Int { state.withLock { $0.jobs.count } }

    /// Bytes of partials that are kept.
    var byteCount: Int { memory.byteCount }

    /// Partials that were encoded so far.
    var encodeCount: Int { memory.encodeCount }

    private func join(
        _ job: JobID, _ known: Job?, from chunk: Int, listener: AsyncStream<JobNews>.Continuation?
    ) -> (JobWatch, UInt64) {
        state.withLock { state in
            state.lastID += 1
            let id = state.lastID
            let isFirst = state.jobs[job] == nil
            var watched = state.jobs[job] ?? begin(job, known, from: chunk)
            watched.followers.insert(id)
            watched.listeners[id] = listener
            state.jobs[job] = watched
            let isNew = listener == nil && watched.watch.want(from: chunk) && !isFirst
            if isNew || listener != nil || known.map({ watched.watch.isBehind($0) }) ?? true { watched.poke.yield() }
            return (watched.watch, id)
        }
    }

    private func begin(_ job: JobID, _ known: Job?, from chunk: Int) -> Watched {
        let watch = JobWatch(job, store: store, memory: memory)
        watch.want(from: chunk)
        let (pokes, poke) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        return Watched(watch: watch, task: Task { await self.run(watch, known, pokes, poke) }, poke: poke)
    }

    private func leave(_ job: JobID, _ id: UInt64) {
        // What is removed is released outside the lock.
        let (listener, ended) = state.withLock { state in
            state.jobs[job]?.followers.remove(id)
            let listener = state.jobs[job]?.listeners.removeValue(forKey: id)
            guard state.jobs[job]?.followers.isEmpty == true else { return (listener, nil as Watched?) }
            return (listener, state.jobs.removeValue(forKey: job))
        }
        listener?.finish()
        ended?.task.cancel()
        ended?.poke.finish()
    }

    private func tell(_ job: JobID, _ news: () -> JobNews) {
        let listeners =
            state.withLock { state in
                guard let watched = state.jobs[job], !watched.listeners.isEmpty else { return [] }
                return Array(watched.listeners.values)
            } as [AsyncStream<JobNews>.Continuation]
        guard !listeners.isEmpty else { return }
        let news = news()
        for listener in listeners { listener.yield(news) }
    }
}

extension JobWatches {
    private func run(
        _ watch: JobWatch, _ known: Job?, _ pokes: AsyncStream<Void>, _ poke: AsyncStream<Void>.Continuation
    ) async {
        await withTaskGroup(of: Void.self) { group in
            // Nothing is published of a job that has ended.
            if known?.state.isTerminal != true { group.addTask { await self.listen(to: watch, poke) } }
            group.addTask { await self.poll(watch, known, pokes) }
            group.addTask {
                while (try? await Task.sleep(for: self.pollInterval)) != nil { poke.yield() }
            }
        }
    }

    /// Passes the bus's events on. Without the bus there are only the polls, until it can be subscribed to again.
    private func listen(to watch: JobWatch, _ poke: AsyncStream<Void>.Continuation) async {
        var failures = 0
        while !Task.isCancelled {
            do throws(PortError) {
                let subscription = try await events.subscribe(to: watch.id)
                failures = 0
                // What was committed before the subscription was in force is in the store.
                poke.yield()
                for await event in subscription {
                    switch event {
                    case .chunkDone(let chunk):
                        watch.take(chunk)
                        tell(watch.id) { .chunk(chunk, LonePartial()) }
                    case .jobChanged: poke.yield()
                    }
                }
            } catch {
                if failures == 0, !Task.isCancelled {
                    logger.warning("no events, polling only", metadata: ["job": "\(watch.id)", "error": "\(error)"])
                }
            }
            failures += 1
            guard (try? await Task.sleep(for: Self.pause(after: failures))) != nil else { return }
        }
    }

    private func poll(_ watch: JobWatch, _ known: Job?, _ pokes: AsyncStream<Void>) async {
        var failures = 0
        if let known { _ = await look(watch, known, &failures) }
        for await _ in pokes {
            guard await look(watch, nil, &failures) else { return }
        }
    }

    /// - Returns: Whether to go on.
    private func look(_ watch: JobWatch, _ known: Job?, _ failures: inout Int) async -> Bool {
        do throws(PortError) {
            if let current = try await current(watch.id, known) {
                tell(watch.id) { .job(current) }
                try await watch.take(current)
            } else {
                watch.isGone()
                tell(watch.id) { .gone }
            }
            failures = 0
            return true
        } catch {
            failures += 1
            watch.isTroubled(error)
            tell(watch.id) { .trouble(error) }
            return (try? await Task.sleep(for: Self.pause(after: failures))) != nil
        }
    }

    private func current(_ id: JobID, _ known: Job?) async throws(PortError) -> Job? {
        if let known { return known }
        let asOf = readings.instant
        let job = try await store.job(id, tenant: nil)
        if let job { readings.noticed(job, asOf: asOf) }
        return job
    }

    /// Doubles from 250 ms to 4 s, with some chance so that the watches do not ask all at once.
    private static func pause(after failures: Int) -> Duration {
        .milliseconds(250 << min(max(failures - 1, 0), 4)) * Double.random(in: 0.75...1.25)
    }
}
