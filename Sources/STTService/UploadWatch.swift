import RPCServer
import RPCWire
import STTProto
import Synchronization

/// Ends an upload whose client sends nothing for too long: it holds a place in the queue and a file.
///
/// Only the time in which the server waits for the client counts.
///
/// Concurrency: any task; a mutex protects the moment.
final class UploadWatch: Sendable {
    private enum Outcome<Result: Sendable>: Sendable {
        case received(Result)
        case idle
        case watchEnded
    }

    private let limit: Duration
    /// Since when the server waits for the client; `nil` while it does not.
    private let waitingSince = Mutex<ContinuousClock.Instant?>(nil)

    private init(limit: Duration) {
        self.limit = limit
    }

    /// Runs what receives an upload.
    /// - Throws: DEADLINE_EXCEEDED where the client sent nothing for `limit`.
    static func run<Result: Sendable>(
        limit: Duration, _ receive: @escaping @Sendable (UploadWatch) async throws -> Result
    ) async throws -> Result {
        let watch = UploadWatch(limit: limit)
        return try await withThrowingTaskGroup(of: Outcome<Result>.self) { group in
            group.addTask { .received(try await receive(watch)) }
            group.addTask { await watch.waitUntilIdle() ? .idle : .watchEnded }
            defer { group.cancelAll() }
            while let outcome = try await group.next() {
                switch outcome {
                case .received(let result): return result
                case .watchEnded: continue
                case .idle:
                    group.cancelAll()
                    // The upload is taken back before the client hears of it, unless it was completed at this moment.
                    if case .success(.received(let result))? = await group.nextResult() { return result }
                    throw RPCError(
                        .deadlineExceeded,
                        "nothing of the upload came for \(limit); send it again, and without such a pause")
                }
            }
            throw CancellationError()
        }
    }

    /// The next message of the client.
    func next(_ iterator: inout InboundMessages<SubmitRequest>.AsyncIterator) async throws -> SubmitRequest? {
        waitingSince.withLock { $0 = .now }
        defer { waitingSince.withLock { $0 = nil } }
        return try await iterator.next()
    }

    /// - Returns: False where the upload was over, or given up, before.
    private func waitUntilIdle() async -> Bool {
        while true {
            let now = ContinuousClock.now
            let since = waitingSince.withLock { $0 } ?? now
            if now - since >= limit { return true }
            do {
                try await Task.sleep(until: since + limit, tolerance: limit / 20)
            } catch {
                return false
            }
        }
    }
}
