import Logging
import STTCore
import Synchronization

/// The jobs that this worker works on at the moment, so that an ended one can be stopped at once.
///
/// Concurrency: any task; a mutex protects the table, and yielding to a continuation never calls back.
final class RunningWork: Sendable {
    private struct State {
        var nextID = 0
        var stops: [JobID: [Int: AsyncStream<Void>.Continuation]] = [:]
    }

    private let state = Mutex(State())

    /// Runs the body, and cancels it as soon as the job is to be stopped.
    /// - Throws: `WorkInterruption.ended` in that case; else what the body throws.
    func track<Result: Sendable>(_ job: JobID, _ body: @escaping @Sendable () async throws -> Result) async throws
        -> Result
    {
        let (stops, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state in
            state.nextID += 1
            state.stops[job, default: [:]][state.nextID] = continuation
            return state.nextID
        }
        defer {
            state.withLock { state in
                state.stops[job]?[id] = nil
                if state.stops[job]?.isEmpty == true { state.stops[job] = nil }
            }
            continuation.finish()
        }
        return try await firstToEnd(body) {
            for await _ in stops { throw WorkInterruption.ended }
            try await sleepUntilCancelled()
        }
    }

    /// Stops what the bus says is to be stopped, until the task is cancelled.
    func obeyControl(_ ports: WorkerPorts, logger: Logger) async {
        while !Task.isCancelled {
            do throws(PortError) {
                for await event in try await ports.events.subscribeToControl() {
                    switch event {
                    case .stop(let job): stop(job)
                    }
                }
            } catch {
                ports.troubles.note("no control events, subscribing again", error, logger: logger)
            }
            do { try await Task.sleep(for: .seconds(1)) } catch { return }
        }
    }

    func stop(_ job: JobID) {
        state.withLock { state in
            for continuation in (state.stops[job] ?? [:]).values { continuation.yield() }
        }
    }
}

/// Why work was given up although nothing failed.
enum WorkInterruption: Error {
    /// Another owner holds the lease, or may hold it.
    case leaseLost
    /// The job has ended.
    case ended
}

/// Runs the body beside a watch that only ever ends by throwing. Whichever throws first cancels the other; a body that
/// comes to its end all the same has succeeded.
func firstToEnd<Result: Sendable>(
    _ body: @escaping @Sendable () async throws -> Result, watch: @escaping @Sendable () async throws -> Never
) async throws -> Result {
    try await withThrowingTaskGroup(of: Result.self) { group in
        group.addTask { try await body() }
        group.addTask { try await watch() }
        var reason: (any Error)?
        while let end = await group.nextResult() {
            group.cancelAll()
            switch end {
            case .success(let result): return result
            // That the work was given up says more than how it ended then.
            case .failure(let error) where reason == nil || error is WorkInterruption: reason = error
            case .failure: break
            }
        }
        throw reason ?? CancellationError()
    }
}

/// Ends by throwing `CancellationError`.
func sleepUntilCancelled() async throws -> Never {
    while true { try await Task.sleep(for: .seconds(3600)) }
}
