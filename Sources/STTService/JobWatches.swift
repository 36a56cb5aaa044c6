import Logging
import STTCore
import Synchronization

/// What a stream is told about its job.
enum JobNews: Sendable {
    /// A chunk was committed. Some of these never come, and some come twice.
    case chunk(Chunk)
    /// The job as the store has it now.
    case job(Job)
    /// The job was deleted.
    case gone
    /// The store could not be asked. It is asked again until it answers.
    case trouble(PortError)
}

/// Watches jobs for the streams of this process: one subscription and one poll a second for each job, however many
/// streams follow it.
///
/// Concurrency: the mutex guards the listeners. A watch is a task that lives as long as its job has listeners.
final class JobWatches: Sendable {
    private struct Watch {
        var listeners: [UInt64: AsyncStream<JobNews>.Continuation] = [:]
        var task: Task<Void, Never>
        /// Asks the store at once.
        var poke: AsyncStream<Void>.Continuation
    }

    private struct State {
        var watches: [JobID: Watch] = [:]
        var lastID: UInt64 = 0
    }

    private let store: any JobStore
    private let events: any EventBus
    private let logger: Logger
    private let pollInterval: Duration
    private let state = Mutex(State())

    /// News that are kept for a stream that does not keep up. The oldest are dropped: the next poll makes up for them.
    private static let bufferLimit = 256

    init(store: any JobStore, events: any EventBus, logger: Logger, pollInterval: Duration = .seconds(1)) {
        self.store = store
        self.events = events
        self.logger = logger
        self.pollInterval = pollInterval
    }

    /// Lends the news of a job: its state as the store has it now or a moment later, then what happens.
    func withNews<Result>(of job: JobID, _ body: (AsyncStream<JobNews>) async throws -> Result) async rethrows -> Result
    {
        let (news, id) = join(job)
        defer { leave(job, id) }
        return try await body(news)
    }

    /// The jobs that are watched.
    var count: Int { state.withLock { $0.watches.count } }

    private func join(_ job: JobID) -> (AsyncStream<JobNews>, UInt64) {
        let (news, listener) = AsyncStream.makeStream(
            of: JobNews.self, bufferingPolicy: .bufferingNewest(Self.bufferLimit))
        return state.withLock { state in
            state.lastID += 1
            if state.watches[job] == nil {
                let (pokes, poke) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
                let task = Task { await self.watch(job, pokes, poke) }
                state.watches[job] = Watch(task: task, poke: poke)
            }
            state.watches[job]?.listeners[state.lastID] = listener
            state.watches[job]?.poke.yield()
            return (news, state.lastID)
        }
    }

    private func leave(_ job: JobID, _ id: UInt64) {
        // What is removed is released outside the lock.
        let (listener, ended) = state.withLock { state in
            let listener = state.watches[job]?.listeners.removeValue(forKey: id)
            guard state.watches[job]?.listeners.isEmpty == true else { return (listener, nil as Watch?) }
            return (listener, state.watches.removeValue(forKey: job))
        }
        listener?.finish()
        ended?.task.cancel()
        ended?.poke.finish()
    }

    private func tell(_ news: JobNews, about job: JobID) {
        let listeners = state.withLock { state in state.watches[job].map { Array($0.listeners.values) } ?? [] }
        for listener in listeners { listener.yield(news) }
    }
}

extension JobWatches {
    private func watch(_ job: JobID, _ pokes: AsyncStream<Void>, _ poke: AsyncStream<Void>.Continuation) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.listen(to: job, poke) }
            group.addTask { await self.poll(job, pokes) }
            group.addTask {
                while (try? await Task.sleep(for: self.pollInterval)) != nil { poke.yield() }
            }
        }
    }

    /// Passes the bus's events on. Without the bus there are only the polls, until it can be subscribed to again.
    private func listen(to job: JobID, _ poke: AsyncStream<Void>.Continuation) async {
        var failures = 0
        while !Task.isCancelled {
            do throws(PortError) {
                let subscription = try await events.subscribe(to: job)
                failures = 0
                // What was committed before the subscription was in force is in the store.
                poke.yield()
                for await event in subscription {
                    switch event {
                    case .chunkDone(let chunk): tell(.chunk(chunk), about: job)
                    case .jobChanged: poke.yield()
                    }
                }
            } catch {
                if failures == 0, !Task.isCancelled {
                    logger.warning("no events, polling only", metadata: ["job": "\(job)", "error": "\(error)"])
                }
            }
            failures += 1
            guard (try? await Task.sleep(for: Self.pause(after: failures))) != nil else { return }
        }
    }

    private func poll(_ job: JobID, _ pokes: AsyncStream<Void>) async {
        var failures = 0
        for await _ in pokes {
            do throws(PortError) {
                let current = try await store.job(job, tenant: nil)
                failures = 0
                tell(current.map { .job($0) } ?? .gone, about: job)
            } catch {
                failures += 1
                tell(.trouble(error), about: job)
                guard (try? await Task.sleep(for: Self.pause(after: failures))) != nil else { return }
            }
        }
    }

    /// Doubles from 250 ms to 4 s, with some chance so that the watches do not ask all at once.
    private static func pause(after failures: Int) -> Duration {
        .milliseconds(250 << min(max(failures - 1, 0), 4)) * Double.random(in: 0.75...1.25)
    }
}
