import STTCore
import Synchronization

/// How long a call on a port is waited for.
struct CallLimit: Sendable {
    /// `nil`: for ever.
    var time: Duration?
    /// For how much longer where the task was cancelled: a call that is about to end is not left for nothing.
    var afterCancellation: Duration
    /// Whether the call is told of the cancellation at once, rather than when it is not waited for any longer.
    var passesCancellation = true
}

/// Calls a port that may hang. A call that is not waited for any longer is cancelled and ends by itself at some time;
/// what comes of it is lost.
/// - Throws: `unavailable` past the limit, `cancelled` where the task was cancelled; else what the call throws.
func bounded<Value: Sendable>(
    by limit: CallLimit, _ port: String, time: WorkerTime,
    _ call: @escaping @Sendable () async throws(PortError) -> Value
) async throws(PortError) -> Value {
    let outcome = FirstOutcome<Value>()
    let calling = Task {
        do throws(PortError) {
            outcome.settle(.success(try await call()))
        } catch {
            outcome.settle(.failure(error))
        }
    }
    let timing = limit.time.map { limit in
        Task {
            do { try await time.sleep(for: limit) } catch { return }
            outcome.settle(.failure(PortError(.unavailable, port: port, "no answer within \(limit)")))
            calling.cancel()
        }
    }
    let result = await withTaskCancellationHandler {
        await outcome.wait()
    } onCancel: {
        if limit.passesCancellation { calling.cancel() }
        Task {
            do { try await time.sleep(for: limit.afterCancellation) } catch { return }
            calling.cancel()
            outcome.settle(.failure(PortError(.cancelled, port: port, "the worker did not wait for the answer")))
        }
    }
    timing?.cancel()
    return try result.get()
}

/// Hands the first of several outcomes to the one task that waits for it.
///
/// Concurrency: any task; a mutex protects outcome and waiter, which is resumed outside it.
private final class FirstOutcome<Value: Sendable>: Sendable {
    typealias Outcome = Result<Value, PortError>

    private struct State {
        var outcome: Outcome?
        var waiter: CheckedContinuation<Outcome, Never>?
    }

    private let state = Mutex(State())

    func settle(_ outcome: Outcome) {
        let waiter = state.withLock { state -> CheckedContinuation<Outcome, Never>? in
            guard state.outcome == nil else { return nil }
            state.outcome = outcome
            return state.waiter.take()
        }
        waiter?.resume(returning: outcome)
    }

    func wait() async -> Outcome {
        await withCheckedContinuation { waiter in
            let outcome = state.withLock { state in
                if state.outcome == nil { state.waiter = waiter }
                return state.outcome
            }
            if let outcome { waiter.resume(returning: outcome) }
        }
    }
}
