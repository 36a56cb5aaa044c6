import Foundation
package import STTClient
import Synchronization

/// What a test's clients were promised and saw.
///
/// Concurrency: any task; a mutex protects the entries.
package final class Ledger: Sendable {
    struct Entry: Sendable {
        var job: String
        var recording: StreamRecording?
        /// The states that the job may end in.
        var ends: Set<JobState>
    }

    private struct State {
        var entries: [Entry] = []
        var terminal: [String: JobState] = [:]
        var changes: [String] = []
    }

    private let state = Mutex(State())

    init() {}

    /// A server acknowledged a job.
    package func acknowledge(_ job: String, recording: StreamRecording?, ends: Set<JobState> = [.completed]) {
        state.withLock { $0.entries.append(Entry(job: job, recording: recording, ends: ends)) }
    }

    var entries: [Entry] { state.withLock { $0.entries } }
    package func recording(of job: String) -> StreamRecording? { entries.first { $0.job == job }?.recording }
    /// Returns when every stream that is followed has brought its job's end.
    package func streamsEnd(within limit: Duration) async throws {
        for entry in entries { _ = try await entry.recording?.end(within: limit) }
    }

    package var jobs: [String] { entries.map(\.job) }
    /// Terminal states that changed.
    var changes: [String] { state.withLock { $0.changes } }

    /// The jobs that are known to have ended, and how.
    package var ends: [String: JobState] { state.withLock { $0.terminal } }

    /// Notes a state that a job was seen in.
    /// - Parameter before: How it was known to have ended when the question was sent. What is learnt while the answer is
    ///   on its way may be newer than the answer.
    package func observe(_ job: String, _ now: JobState, before: JobState?) {
        state.withLock { state in
            if let before, before != now {
                state.changes.append("\(job) was \(before), then \(now)")
            }
            if now.isTerminal, state.terminal[job] == nil { state.terminal[job] = now }
        }
    }
}

extension Cluster {
    /// Submits, notes that the job was acknowledged, and follows it.
    @discardableResult
    package func submit(
        _ audio: [UInt8], through client: SpeechClient, key: String? = nil, follows: Bool = true,
        follower: SpeechClient? = nil, ends: Set<JobState> = [.completed]
    ) async throws -> String {
        let submission = try await client.submit(bytes: audio, options: Self.options(key: key))
        let recording = follows ? StreamRecording(submission.id, through: follower ?? client) : nil
        ledger.acknowledge(submission.id, recording: recording, ends: ends)
        return submission.id
    }

    /// Chunks of 5 s.
    package static func options(key: String? = nil) -> SubmissionOptions {
        SubmissionOptions(
            transcription: TranscriptionOptions(language: "en", chunkLength: .seconds(5)), idempotencyKey: key)
    }

    /// Lists all jobs again and again until it is cancelled, and notes their states.
    package func sampleStates(through client: SpeechClient) async {
        while !Task.isCancelled {
            // A fault may be in force; what counts is what is seen between them.
            let before = ledger.ends
            if let page = try? await client.page(pageSize: 1000) {
                for job in page.jobs { ledger.observe(job.jobID, job.state, before: before[job.jobID]) }
            }
            try? await Task.sleep(for: .milliseconds(250))
        }
    }

    /// Returns when every acknowledged job has ended, as a server that works says.
    package func settle(through client: SpeechClient, within limit: Duration = .seconds(60)) async throws {
        try await waitUntil("all acknowledged jobs end", within: limit, every: .milliseconds(100)) {
            let before = ledger.ends
            let page = try await client.page(pageSize: 1000)
            for job in page.jobs { ledger.observe(job.jobID, job.state, before: before[job.jobID]) }
            return Set(ledger.ends.keys).isSuperset(of: ledger.jobs)
        }
    }
}
