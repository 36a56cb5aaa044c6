import Foundation
package import STTClient
import Synchronization

/// A client that reads a job's stream from its start to the job's end, and notes what arrives when.
///
/// Concurrency: any task; a mutex protects what was noted.
package final class StreamRecording: Sendable {
    package struct Arrival: Sendable {
        package var chunk: Int
        package var text: String
        package var at: ContinuousClock.Instant
        /// Seconds since 1970, to be compared with other processes' clocks.
        package var time: Double
    }

    package let job: String
    private let notes = Mutex<[Arrival]>([])
    private let opened = Atomic(false)
    private let reader = Mutex<Task<JobStatus, any Error>?>(nil)

    package init(_ job: String, through client: SpeechClient) {
        self.job = job
        let task = Task {
            for try await event in client.streamResult(job) {
                self.opened.store(true, ordering: .relaxed)
                switch event {
                case .partial(let partial):
                    let arrival = Arrival(
                        chunk: partial.chunk, text: partial.text, at: .now, time: Date().timeIntervalSince1970)
                    self.notes.withLock { $0.append(arrival) }
                case .status(let status):
                    if status.state.isTerminal { return status }
                }
            }
            throw RigFailure(description: "the stream of \(job) ended without a terminal state")
        }
        reader.withLock { $0 = task }
    }

    package var arrivals: [Arrival] { notes.withLock { $0 } }
    package var text: String { arrivals.map(\.text).joined() }

    /// Whether the server has sent anything.
    package var isOpen: Bool { opened.load(ordering: .relaxed) }

    /// The last status of the stream.
    package func end(within limit: Duration) async throws -> JobStatus {
        guard let task = reader.withLock({ $0 }) else { throw CancellationError() }
        return try await STTRig.within(limit, "the stream of \(job) ends") {
            try await withTaskCancellationHandler {
                try await task.value
            } onCancel: {
                task.cancel()
            }
        }
    }

    package func cancel() { reader.withLock { $0?.cancel() } }
}
