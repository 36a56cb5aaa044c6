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
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await receive(watch) }
            group.addTask {
                try await watch.waitUntilIdle()
                return nil
            }
            defer { group.cancelAll() }
            if let finished = try await group.next() ?? nil { return finished }
            group.cancelAll()
            // The upload is taken back before the client hears of it, unless it was completed at this very moment.
            if let finished = (try? await group.next()) ?? nil ?? nil { return finished }
            throw RPCError(
                .deadlineExceeded, "nothing of the upload came for \(limit); send it again, and without such a pause")
        }
    }

    /// The next message of the client.
    func next(_ iterator: inout InboundMessages<SubmitRequest>.AsyncIterator) async throws -> SubmitRequest? {
        waitingSince.withLock { $0 = .now }
        defer { waitingSince.withLock { $0 = nil } }
        return try await iterator.next()
    }

    private func waitUntilIdle() async throws {
        while true {
            let now = ContinuousClock.now
            let since = waitingSince.withLock { $0 } ?? now
            if now - since >= limit { return }
            try await Task.sleep(until: since + limit, tolerance: limit / 20)
        }
    }
}
